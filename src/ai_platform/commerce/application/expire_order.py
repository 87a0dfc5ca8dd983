"""End orders whose time to be paid ran out."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderReads, OrderWork, PaymentDesk
from ai_platform.commerce.domain.order_errors import OrderNotFound, PaymentUnderWay
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import Conflict, Unavailable
from ai_platform.kernel.transactions import Transactions

ASKED_AGAIN_AFTER: Final = timedelta(minutes=5)
SWEPT_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireOrder:
    """The provider is asked first, and ends its payment first; only then are the goods free again.

    May come early, late, twice, or for an order that is long paid: then nothing happens.
    """

    transactions: Transactions[OrderWork]
    payments: PaymentDesk
    clock: Clock

    async def __call__(self, tenant_id: UUID, order_id: UUID) -> None:
        try:
            await self._expire(tenant_id, order_id)
        except OrderNotFound:
            return
        except PaymentUnderWay:
            await self._after_asking(tenant_id, order_id)

    async def _after_asking(self, tenant_id: UUID, order_id: UUID) -> None:
        try:
            await self.payments.end_live(tenant_id, order_id)
            await self._expire(tenant_id, order_id)
        except (Conflict, Unavailable):
            now = self.clock.now()
            async with self.transactions(tenant_id) as work:
                order = await work.orders.find(order_id)
                order.postpone_expiry(now + ASKED_AGAIN_AFTER, at=now)
                await work.orders.save(order)

    async def _expire(self, tenant_id: UUID, order_id: UUID) -> None:
        """Raises PaymentUnderWay."""
        now = self.clock.now()
        async with self.transactions(tenant_id) as work:
            order = await work.orders.find(order_id)
            if order.expire(at=now):
                await work.orders.save(order)
                await work.stock.give_back(order, at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireOverdueOrders:
    """A wake-up may be lost with its queue: whoever is overdue is found without it."""

    reads: OrderReads
    expire: ExpireOrder
    clock: Clock

    async def __call__(self) -> int:
        """How many were looked at. One that cannot be ended keeps no other from it: it is told after all of them."""
        overdue = await self.reads.overdue(self.clock.now(), most=SWEPT_AT_ONCE)
        failed: list[Exception] = []
        for tenant_id, order_id in overdue:
            try:
                await self.expire(tenant_id, order_id)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
                failed.append(error)
        if failed:
            raise ExceptionGroup("orders that could not be ended", failed)
        return len(overdue)
