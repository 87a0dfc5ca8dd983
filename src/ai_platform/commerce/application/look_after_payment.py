"""Whatever a payment needs at this moment: to be opened, refunded, ended, or just asked about."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.end_payment import EndPayment
from ai_platform.commerce.application.open_payment import OpenPayment, open_again
from ai_platform.commerce.application.payment_work import Look, PaymentReads, PaymentTransactions
from ai_platform.commerce.application.refund_payment import RefundPayment
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment_errors import (
    PaymentNotConfigured,
    ProviderRefused,
    ProviderUnavailable,
    RefundByHand,
)
from ai_platform.commerce.domain.refund import RefundStatus
from ai_platform.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class LookAfterPayment:
    """One of the payments that are due. A provider that cannot help is asked later, and later still each time."""

    transactions: PaymentTransactions
    reads: PaymentReads
    open: OpenPayment
    end: EndPayment
    refund: RefundPayment
    clock: Clock

    async def __call__(self, tenant_id: UUID, payment_id: UUID) -> None:
        look = await self.reads.look(tenant_id, payment_id)
        if look is None:
            return
        try:
            await self._help(look)
        except (ProviderUnavailable, ProviderRefused, PaymentNotConfigured, RefundByHand):
            async with self.transactions(tenant_id) as work:
                await work.schedule.put_off(payment_id)

    async def _help(self, look: Look) -> None:
        payment, tenant_id = look.payment, look.payment.tenant_id
        for refund in await self.reads.refunds_of(tenant_id, payment.id):
            if refund.status is RefundStatus.REQUESTED:
                await self.refund.carry_out(refund)
        if payment.is_live and (look.called_off or payment.expires_at <= self.clock.now()):
            await self.end(tenant_id, payment.id, Standing.CANCELLED if look.called_off else Standing.EXPIRED)
        elif payment.status is PaymentStatus.PENDING:
            await open_again(self.open, tenant_id, payment)
        else:
            await self.end.ask(tenant_id, payment.id)
