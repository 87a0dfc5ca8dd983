"""Orders: many confirmed at once, on one variant that everybody wants."""

import asyncio
import statistics
import time
from collections.abc import Coroutine
from typing import Any

import httpx

from ai_platform.kernel.principal import DEFAULT_TENANT
from benchmarks.stage import Figures, Stage

ORDERS = 600
WARM_UP = 100
IN_STOCK = 450
TOGETHER = 32
SHOP = f"/v1/crm/tenants/{DEFAULT_TENANT}"


def confirms(stage: Stage) -> Figures:
    """600 buyers confirm at once, 32 at a time, and there are 450 of what they want."""
    with stage.gateway() as gateway:
        took, statuses, seconds = asyncio.run(_confirm_all(gateway))
    stock = stage.fetch("SELECT stock FROM product_variants")
    reserved = stage.fetch("SELECT reserved FROM product_variants")
    held = stage.fetch("SELECT coalesce(sum(quantity), 0) FROM stock_reservations WHERE status = 'held'")
    assert (stock, reserved, held) == (IN_STOCK, IN_STOCK, IN_STOCK), (stock, reserved, held)
    assert set(statuses) <= {200, 409}, statuses
    return {
        "confirms/s (≥ 200)": len(took) / seconds,
        "p50 ms": statistics.median(took),
        "p99 ms": sorted(took)[int(len(took) * 0.99)],
        "sold": held,
        "refused": statuses.count(409),
        "failed": len([one for one in statuses if one >= 500]),
    }


async def _confirm_all(gateway: str) -> tuple[list[float], list[int], float]:
    limits = httpx.Limits(max_connections=TOGETHER)
    async with httpx.AsyncClient(base_url=gateway, trust_env=False, timeout=60, limits=limits) as http:
        orders = await _orders(http)
        took: list[float] = []
        statuses: list[int] = []

        async def confirm(order: str) -> None:
            began = time.perf_counter()
            answer = await http.post(f"/v1/crm/orders/{order}/confirm", json={})
            took.append((time.perf_counter() - began) * 1000)
            statuses.append(answer.status_code)

        await _in_turns([confirm(one) for one in orders[:WARM_UP]])
        took.clear()
        began = time.perf_counter()
        await _in_turns([confirm(one) for one in orders[WARM_UP:]])
        return took, statuses, time.perf_counter() - began


async def _orders(http: httpx.AsyncClient) -> list[str]:
    variant = {"sku": "HOT", "stock": IN_STOCK}
    made = await http.post(f"{SHOP}/products", json={"name": "Hot", "base_price": 1000, "variants": [variant]})
    assert made.status_code == 201, made.text
    customer = (await http.post(f"{SHOP}/customers", json={"phone_number": "08123456789"})).json()["id"]
    body = {"customer_id": customer, "items": [{"sku": "HOT", "quantity": 1}]}
    found: list[str] = []

    async def order() -> None:
        answer = await http.post(f"{SHOP}/orders", json=body)
        assert answer.status_code == 201, answer.text
        found.append(answer.json()["id"])

    await _in_turns([order() for _ in range(ORDERS)])
    return found


async def _in_turns(work: list[Coroutine[Any, Any, None]]) -> None:
    turn = asyncio.Semaphore(TOGETHER)

    async def one(step: Coroutine[Any, Any, None]) -> None:
        async with turn:
            await step

    await asyncio.gather(*(one(step) for step in work))


ALL = {"confirm": confirms}
