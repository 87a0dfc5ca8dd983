"""Orders: many confirmed at once, on one variant that everybody wants."""

import asyncio
import uuid
from contextlib import AbstractContextManager

import asyncpg
import psutil

from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from benchmarks.stage import Figures, Stage, cpu_of

ORDERS = 2_000
IN_STOCK = 1_500
WARM_UP = 200
TOGETHER = 32

WRONG = """
SELECT count(*) FROM product_variants AS variant
WHERE stock <> $1 OR reserved <> $1
    OR reserved <> (SELECT sum(quantity) FROM stock_reservations WHERE variant_id = variant.id AND status = 'held')
    OR reserved <> (
        SELECT count(*) FROM orders JOIN order_items ON order_items.order_id = orders.id
        WHERE orders.status = 'CONFIRMED' AND order_items.variant_id = variant.id
    )
"""

Served = AbstractContextManager[tuple[str, psutil.Process]]


def confirms(stage: Stage) -> Figures:
    """2 000 buyers confirm at once, 32 at a time, and there are 1 500 of what they want; against a plain handler."""
    ours = _confirms(stage, stage.gateway_process(), "/v1/crm/orders/{}/confirm", "{}")
    plain = _confirms(stage, stage.plain_gateway_process(), "/orders/{}/confirm", "")
    assert stage.fetch(WRONG, IN_STOCK) == 0
    return {
        "confirms/s (≥ 200)": ours["rate"],
        "p50 ms": ours["p50_ms"],
        "p99 ms": ours["p99_ms"],
        "refused for want of stock": ours["refused"],
        "failed": ours["failed"],
        "gateway's CPU ms a confirm": ours["cpu_ms"],
        "plain/s": plain["rate"],
        "plain p50 ms": plain["p50_ms"],
        "plain p99 ms": plain["p99_ms"],
        "plain CPU ms a confirm": plain["cpu_ms"],
        "ratio": ours["rate"] / plain["rate"],
    }


def _confirms(stage: Stage, served: Served, path: str, body: str) -> dict[str, float]:
    orders = asyncio.run(_orders(stage.dsn))
    with served as (url, process):
        stage.posts(url + path, body, count=WARM_UP, connections=TOGETHER, names=orders[:WARM_UP])
        with cpu_of(process, ORDERS) as spent:
            figures = stage.posts(url + path, body, count=ORDERS, connections=TOGETHER, names=orders[WARM_UP:])
    assert figures["refused"] == ORDERS + WARM_UP - IN_STOCK, figures
    return {**figures, "cpu_ms": spent[0]}


async def _orders(dsn: str) -> list[str]:
    """A variant of its own, and who wants it; written to the tables, for beginning an order is not measured."""
    connection = await asyncpg.connect(dsn)
    tenant, customer, product, variant = DEFAULT_TENANT, new_id(), new_id(), new_id()
    orders = [new_id() for _ in range(ORDERS + WARM_UP)]
    await connection.execute("INSERT INTO customers (id, tenant_id, name) VALUES ($1, $2, 'Sri')", customer, tenant)
    await connection.execute(
        "INSERT INTO products (id, tenant_id, name, base_price, currency) VALUES ($1, $2, 'Hot', 1000, 'IDR')",
        product,
        tenant,
    )
    await connection.execute(
        """INSERT INTO product_variants (id, tenant_id, product_id, sku, name, price, stock)
        VALUES ($1, $2, $3, $4, 'default', 1000, $5)""",
        *(variant, tenant, product, variant.hex, IN_STOCK),
    )
    await connection.executemany(
        """INSERT INTO orders (id, tenant_id, number, customer_id, total, currency, created_at, updated_at)
        VALUES ($1, $2, $3, $4, 1000, 'IDR', now(), now())""",
        [(one, tenant, f"ORD-{one.hex[-24:]}", customer) for one in orders],
    )
    await connection.executemany(
        """INSERT INTO order_items
            (id, tenant_id, order_id, product_id, variant_id, sku, name, quantity, unit_price, position)
        VALUES ($1, $2, $3, $4, $5, 'HOT', 'Hot', 1, 1000, 0)""",
        [(uuid.uuid4(), tenant, one, product, variant) for one in orders],
    )
    await connection.execute("ANALYZE orders, order_items, product_variants")
    await connection.close()
    return [str(one) for one in orders]


ALL = {"confirm": confirms}
