"""The rows of a shop, put there and looked at by plain SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text

from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.db import Database


class ShopRows:
    """What is on the shelf, who buys, and what became of both."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def product(self, sku: str, *, price: int = 10_000, stock: int = 5, tenant_id: UUID = DEFAULT_TENANT) -> UUID:
        product_id, variant_id = new_id(), new_id()
        await self.sql(
            """INSERT INTO products (id, tenant_id, name, base_price, currency)
            VALUES (:id, :tenant, :name, :price, 'IDR')""",
            id=product_id,
            tenant=tenant_id,
            name=f"Kopi {sku}",
            price=price,
        )
        await self.sql(
            """INSERT INTO product_variants (id, tenant_id, product_id, sku, name, price, stock)
            VALUES (:id, :tenant, :product, :sku, 'default', :price, :stock)""",
            id=variant_id,
            tenant=tenant_id,
            product=product_id,
            sku=sku,
            price=price,
            stock=stock,
        )
        return variant_id

    async def customer(self, tenant_id: UUID = DEFAULT_TENANT) -> UUID:
        customer_id = new_id()
        await self.sql(
            "INSERT INTO customers (id, tenant_id, name) VALUES (:id, :tenant, 'Sri')", id=customer_id, tenant=tenant_id
        )
        return customer_id

    async def shelf(self, variant_id: UUID) -> tuple[int, int]:
        """Stock, and how much of it is reserved."""
        [row] = await self.sql("SELECT stock, reserved FROM product_variants WHERE id = :id", id=variant_id)
        return row[0], row[1]

    async def reservations(self, order_id: UUID) -> list[str]:
        rows = await self.sql("SELECT status FROM stock_reservations WHERE order_id = :id ORDER BY id", id=order_id)
        return [row[0] for row in rows]

    async def moves(self, order_id: UUID) -> list[tuple[str, int]]:
        rows = await self.sql("SELECT kind, delta FROM stock_moves WHERE order_id = :id ORDER BY id", id=order_id)
        return [(row[0], row[1]) for row in rows]

    async def told(self, order_id: UUID) -> list[str]:
        """What everybody was told of the order, and the wake-ups for later, in the order of the alphabet."""
        rows = await self.sql("SELECT type FROM outbox WHERE body ->> 'order_id' = :id", id=str(order_id))
        return sorted(row[0] for row in rows)

    async def kill_who_waits(self) -> None:
        """Of connections: those that wait for a lock of somebody else."""
        connection = await asyncpg.connect(self.database.listen_dsn())
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        await connection.close()

    async def sql(self, statement: str, **values: object) -> Sequence[tuple[Any, ...]]:
        async with self.database.transaction(None) as connection:
            result = await connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []
