"""The use cases of orders on the fakes."""

from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.commerce.fake_orders import FakeOrderReads, OrderMemory, order_memory
from tests.unit.commerce.order_suite import OrderSuite
from tests.unit.commerce.orders import an_offer


@dataclass
class FakeShop:
    """Implements `shop_counter.Shop`."""

    transactions: OrderMemory = field(default_factory=order_memory)

    @property
    def reads(self) -> FakeOrderReads:
        return FakeOrderReads(self.transactions)

    async def stock(self, sku: str, *, price: int = 10_000, stock: int = 5) -> UUID:
        offer = an_offer(sku=sku, price=price, available=stock)
        self.transactions.rows.offers[offer.variant_id] = (DEFAULT_TENANT, offer)
        return offer.variant_id

    async def relabel(self, variant_id: UUID, *, price: int, is_sold: bool) -> None:
        whose, offer = self.transactions.rows.offers[variant_id]
        self.transactions.rows.offers[variant_id] = (whose, replace(offer, price=price, is_sold=is_sold))

    async def customer(self) -> UUID:
        customer_id = new_id()
        self.transactions.rows.customers[customer_id] = DEFAULT_TENANT
        return customer_id


class TestOnFakes(OrderSuite):
    @pytest.fixture
    def shop(self) -> FakeShop:
        return FakeShop()
