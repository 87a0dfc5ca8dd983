"""The use cases of orders on PostgreSQL, under row-level security."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from ai_platform.commerce.infrastructure.order_reads import SqlOrderReads
from ai_platform.commerce.infrastructure.order_work import OrderTransactions
from tests.integration.orders.shop import Shop
from tests.unit.commerce.order_suite import OrderSuite


@dataclass
class PostgresShop:
    """Implements `shop_counter.Shop`."""

    behind: Shop

    @property
    def transactions(self) -> OrderTransactions:
        return self.behind.transactions

    @property
    def reads(self) -> SqlOrderReads:
        return self.behind.reads

    async def stock(self, sku: str, *, price: int = 10_000, stock: int = 5) -> UUID:
        return await self.behind.product(sku, price=price, stock=stock)

    async def relabel(self, variant_id: UUID, *, price: int, is_sold: bool) -> None:
        statement = "UPDATE product_variants SET price = :price, is_active = :sold WHERE id = :id"
        await self.behind.sql(statement, id=variant_id, price=price, sold=is_sold)

    async def customer(self) -> UUID:
        return await self.behind.customer()


class TestOnPostgres(OrderSuite):
    @pytest.fixture
    def shop(self, shop: Shop) -> PostgresShop:
        return PostgresShop(shop)
