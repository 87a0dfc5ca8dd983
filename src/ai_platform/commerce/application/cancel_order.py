"""Cancel an order."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderWork, PaymentDesk
from ai_platform.commerce.application.second_step import Yes, redeem
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import InvalidOrderStep, OwnersDecision, PaymentUnderWay
from ai_platform.commerce.domain.order_status import STEPS, OrderStatus, PaymentStatus
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import Conflict
from ai_platform.kernel.principal import Principal, Role
from ai_platform.kernel.transactions import Transactions

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Its goods are free again. A payment under way is ended at the provider first: the customer may have paid by then.

    A paid order is cancelled by giving the money back, which an owner decides; meanwhile nothing is sent.
    """

    transactions: Transactions[OrderWork]
    payments: PaymentDesk
    whose: WhoseOrder
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        order_id: UUID,
        reason: str,
        *,
        yes: Yes | None = None,
        expected: frozenset[int] | None = None,
    ) -> None:
        """Raises OrderNotFound, InvalidOrderStep, OwnersDecision, ConfirmationRefused, Unavailable, Conflict."""
        tenant_id = await self.whose(by, order_id)
        for _ in range(_TRIES):
            async with self.transactions(tenant_id) as work:
                order = await work.orders.find(order_id)
                require_version(order.version, expected)
                if OrderStatus.CANCELLED not in STEPS[order.status]:
                    raise InvalidOrderStep(order.status, OrderStatus.CANCELLED)
                if order.has_money:
                    await self._begin_refund(work, order, by, reason, yes)
                elif order.payment_status is not PaymentStatus.PENDING_PAYMENT:
                    return await self._cancel(work, order, reason, yes)
            if order.has_money:
                return await self._refund(tenant_id, order, by, reason)
            expected = None  # the payment's end is a change of its own
            await self.payments.end_live(tenant_id, order_id)
        raise PaymentUnderWay

    async def _cancel(self, work: OrderWork, order: Order, reason: str, yes: Yes | None) -> None:
        now = self.clock.now()
        await redeem(work, order, Action.CANCEL, yes, at=now)
        order.cancel(reason, at=now)
        await work.orders.save(order)
        await work.stock.give_back(order, at=now)

    async def _begin_refund(self, work: OrderWork, order: Order, by: Principal, reason: str, yes: Yes | None) -> None:
        if by.role is Role.AGENT:
            raise OwnersDecision
        now = self.clock.now()
        await redeem(work, order, Action.CANCEL, yes, at=now)
        order.begin_cancelling(reason, at=now)
        await work.orders.save(order)

    async def _refund(self, tenant_id: UUID, order: Order, by: Principal, reason: str) -> None:
        """When nobody knows whether the money went back, the order stays on hold: the same call may be made again."""
        try:
            await self.payments.refund_in_full(tenant_id, order.id, reason=reason, actor=by.actor)
        except Conflict:
            async with self.transactions(tenant_id) as work:
                kept = await work.orders.find(order.id)
                kept.stop_cancelling(at=self.clock.now())
                await work.orders.save(kept)
            raise
