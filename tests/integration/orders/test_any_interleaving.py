"""Whatever happens to orders, in whatever order and at the same time, shelf, reservations and money agree."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ai_platform.commerce.application.order_ports import Wanted
from ai_platform.commerce.domain.order_status import OrderStatus, PaymentStatus
from ai_platform.kernel.errors import PlatformError, Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.db import Database
from ai_platform.runtime.db_pool import PoolOptions
from tests.integration.orders.shop import AGENT, ASKING, OWNER, Shop

STOCK = 6
CONFIRM, BEGIN_PAYMENT, PAY = 0, 1, 2
ENDS = st.sampled_from(
    [PaymentStatus.EXPIRED, PaymentStatus.CANCELLED, PaymentStatus.PAID, Unavailable("The provider is away.")]
)

WRONG_SHELF = """
    SELECT variant.sku, variant.stock, variant.reserved FROM product_variants AS variant
    WHERE variant.reserved <> (
        SELECT coalesce(sum(quantity), 0) FROM stock_reservations
        WHERE variant_id = variant.id AND status = 'held'
    ) OR variant.stock <> :stock + (SELECT coalesce(sum(delta), 0) FROM stock_moves WHERE variant_id = variant.id)
"""
"""What is reserved is what orders hold, and what is there is what moves have left."""

WRONG_TOTAL = """
    SELECT number FROM orders WHERE total <> shipping_cost + (
        SELECT coalesce(sum(quantity * unit_price), 0) FROM order_items WHERE order_id = orders.id
    )
"""

WRONG_GOODS = """
    SELECT orders.number, orders.status, orders.payment_status, item.quantity, held.now, held.gone FROM orders
    JOIN order_items AS item ON item.order_id = orders.id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(quantity) FILTER (WHERE status = 'held'), 0) AS now,
            coalesce(sum(quantity) FILTER (WHERE status = 'consumed' AND returned_at IS NULL), 0) AS gone
        FROM stock_reservations WHERE order_id = orders.id AND variant_id = item.variant_id
    ) AS held
    CROSS JOIN LATERAL (
        SELECT orders.status = 'CONFIRMED' OR orders.status = 'PROCESSING' AND orders.paid_at IS NULL AS holds,
            orders.status IN ('SHIPPED', 'DELIVERED')
                OR orders.status = 'PROCESSING' AND orders.paid_at IS NOT NULL AS has_taken
    ) AS due
    WHERE held.now <> CASE WHEN due.holds THEN item.quantity ELSE 0 END
        OR held.gone <> CASE WHEN due.has_taken THEN item.quantity ELSE 0 END
"""
"""A confirmed order holds its lines; one that is paid or sent has taken them; no other has anything."""

UNTOLD_MONEY = """
    SELECT number FROM orders WHERE (payment_status IN ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED')) AND paid_at IS NULL
        OR status = 'CONFIRMED' AND paid_at IS NOT NULL
"""


class Orders(RuleBasedStateMachine):
    """One step is several things at once, as far as they get in each other's way."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.database = Database(url, PoolOptions(size=6))
        self.shop = Shop(self.database)
        self.orders: list[UUID] = []
        self.payments: dict[UUID, UUID] = {}
        self.goods = [self.run(self.shop.product(f"S{new_id().hex[-12:]}", stock=STOCK)) for _ in range(3)]
        self.customer_id = self.run(self.shop.customer())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.run(self.shop.sql("UPDATE product_variants SET is_active = false"))
        self.run(self.database.close())
        self.loop.close()

    async def at_once(self, *works: Coroutine[Any, Any, Any]) -> None:
        async def one(work: Coroutine[Any, Any, Any]) -> None:
            with suppress(PlatformError):
                await work

        await asyncio.gather(*(one(work) for work in works))

    @rule(
        items=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=2),
        how_far=st.integers(0, 3),
    )
    def somebody_orders(self, items: list[tuple[int, int]], how_far: int) -> None:
        """And confirms, begins to pay, and pays."""
        chosen = [(self.goods[which], quantity) for which, quantity in items]
        order_id = self.run(self.shop.an_order(*chosen, customer_id=self.customer_id))
        self.orders.append(order_id)
        for what in (CONFIRM, BEGIN_PAYMENT, PAY)[:how_far]:
            self.run(self.at_once(self._step(order_id, what)))

    @rule(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=4), says=ENDS)
    def things_happen_at_once(self, steps: list[tuple[int, int]], says: PaymentStatus | PlatformError) -> None:
        self.shop.desk.says = says
        if self.orders:
            self.run(
                self.at_once(*(self._step(self.orders[-1 - which % len(self.orders)], what) for which, what in steps))
            )

    @rule()
    def a_day_passes(self) -> None:
        self.shop.clock.pass_(hours=13)

    def _step(self, order_id: UUID, what: int) -> Coroutine[Any, Any, Any]:
        steps: list[Callable[[UUID], Coroutine[Any, Any, Any]]] = [
            lambda one: self.shop.confirm(AGENT, one, ASKING),
            self._begin_payment,
            self._pay,
            lambda one: self.shop.cancel(AGENT, one, "no"),
            lambda one: self.shop.cancel(OWNER, one, "no"),
            lambda one: self.shop.expire(DEFAULT_TENANT, one),
            self._refund,
            self._reverse,
            lambda one: self.shop.move(AGENT, one, OrderStatus.SHIPPED, reason="", asking=ASKING),
            lambda one: self.shop.add(AGENT, one, Wanted(variant_id=self.goods[0], quantity=1), ASKING),
        ]
        return steps[what](order_id)

    async def _begin_payment(self, order_id: UUID) -> None:
        payment_id = await self.shop.begin_payment(order_id)
        self.payments[order_id] = payment_id

    async def _pay(self, order_id: UUID) -> None:
        if order_id in self.payments:
            await self.shop.paid(order_id, self.payments[order_id])

    async def _refund(self, order_id: UUID) -> None:
        order = await self.shop.order(order_id)
        if order.payment_id is not None and order.has_money:
            await self.shop.refunded(order_id, order.payment_id, order.total)

    async def _reverse(self, order_id: UUID) -> None:
        if order_id in self.payments:
            await self.shop.reversed(order_id, self.payments[order_id])

    @invariant()
    def the_books_agree(self) -> None:
        for wrong in (WRONG_TOTAL, WRONG_GOODS, UNTOLD_MONEY):
            assert self.run(self.shop.sql(wrong)) == []
        assert self.run(self.shop.sql(WRONG_SHELF, stock=STOCK)) == []


def test_shelf_reservations_and_money_agree_whatever_happens(database_url: str) -> None:
    class OrdersHere(Orders):
        def __init__(self) -> None:
            super().__init__(database_url)

    run_state_machine_as_test(
        OrdersHere,
        settings=settings(
            max_examples=30,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
