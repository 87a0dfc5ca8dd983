"""What money does to an order and its goods, inside the transaction that records the money.

Whoever calls has locked the payment's row, and calls last: the order is locked here and the shelf after it,
so that everybody locks in one order and the shelf is free again soon.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderWork
from ai_platform.commerce.application.second_step import Yes, redeem
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_money import (
    PAID_TWICE,
    SOLD_OUT,
    Due,
    begin_payment,
    due_for_money,
    end_payment,
    lift_hold,
    owe_money,
    return_money,
    reverse_money,
    take_money,
)
from ai_platform.commerce.domain.order_status import PaymentStatus


@dataclass(frozen=True, slots=True)
class Fulfilling:
    """Every step may be repeated for the same payment and then changes nothing."""

    work: OrderWork

    async def payment_begins(self, order_id: UUID, payment_id: UUID, *, yes: Yes | None = None, at: datetime) -> Order:
        """Before the provider is asked. Raises OrderNotFound, PaymentUnderWay, ConfirmationRefused, OrderIsPaid, …"""
        order = await self.work.orders.find(order_id)
        await redeem(self.work, order, Action.PAYMENT, yes, at=at)
        begin_payment(order, payment_id, at=at)
        await self.work.orders.save(order)
        return order

    async def paid(self, order_id: UUID, payment_id: UUID, *, at: datetime) -> bool:
        """The money is there. False: nothing can be sold for it, so it has to go back, and people are told."""
        order = await self.work.orders.find(order_id)
        due = due_for_money(order, payment_id)
        if due is Due.TAKE_AGAIN and not await self.work.stock.take_again(order, at=at):
            return await self._owe(order, payment_id, SOLD_OUT, at)
        if due is Due.GIVE_BACK_MONEY:
            return await self._owe(order, payment_id, PAID_TWICE, at)
        take_money(order, payment_id, at=at)
        await self.work.orders.save(order)
        if due is Due.CONSUME:
            await self.work.stock.consume(order, at=at)
        return True

    async def payment_ended(self, order_id: UUID, payment_id: UUID, ended: PaymentStatus, *, at: datetime) -> None:
        """FAILED, EXPIRED or CANCELLED. The order stays as it is until its own time runs out."""
        order = await self.work.orders.find(order_id)
        end_payment(order, payment_id, ended, at=at)
        await self.work.orders.save(order)

    async def refunded(self, order_id: UUID, payment_id: UUID, *, refunded: int, in_full: bool, at: datetime) -> None:
        """`refunded` so far, in minor units. All of it before shipping: the goods come back, the order is cancelled."""
        order = await self.work.orders.find(order_id)
        comes_back = return_money(order, payment_id, refunded=refunded, in_full=in_full, at=at)
        await self.work.orders.save(order)
        if comes_back:
            await self.work.stock.give_back(order, at=at)

    async def refund_refused(self, order_id: UUID, *, at: datetime) -> None:
        """The money stays, so an order that was being cancelled goes on."""
        order = await self.work.orders.find(order_id)
        order.stop_cancelling(at=at)
        await self.work.orders.save(order)

    async def reversed(self, order_id: UUID, payment_id: UUID, *, at: datetime) -> None:
        """The provider took settled money back: nothing is sent until a person has looked."""
        order = await self.work.orders.find(order_id)
        reverse_money(order, payment_id, at=at)
        await self.work.orders.save(order)

    async def reviewed(self, order_id: UUID, payment_id: UUID, *, at: datetime) -> None:
        """A person has looked at the payment that stopped the order."""
        order = await self.work.orders.find(order_id)
        lift_hold(order, payment_id, at=at)
        await self.work.orders.save(order)

    async def _owe(self, order: Order, payment_id: UUID, reason: str, at: datetime) -> bool:
        owe_money(order, payment_id, reason, at=at)
        await self.work.orders.save(order)
        return False
