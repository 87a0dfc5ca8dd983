"""A person has looked at a payment that was flagged."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.payment_queries import WhosePayment, owners_payment
from ai_platform.commerce.application.payment_work import PaymentReads, PaymentTransactions
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.contracts.api import Act, TenancyApi


@dataclass(frozen=True, slots=True)
class ReviewPayment:
    """Its flags are taken off, and its order, if it was stopped for them, may go on. Who did so and why is remembered.

    What is observed afterwards is flagged anew. A payment that was not flagged stays as it is.
    """

    transactions: PaymentTransactions
    whose: WhosePayment
    reads: PaymentReads
    tenancy: TenancyApi
    clock: Clock

    async def __call__(self, by: Principal, payment_id: UUID, reason: str) -> None:
        """Raises PaymentNotFound, RoleTooLow."""
        tenant_id = await owners_payment(self.whose, self.reads, by, payment_id)
        async with self.transactions(tenant_id) as work:
            payment, now = await work.payments.get(payment_id), self.clock.now()
            flags = sorted(payment.flags)
            payment.review(now)
            if flags:
                await work.payments.save(payment)
            await work.orders.reviewed(payment.order_id, payment_id, at=now)
        if flags:
            details = {"flags": [flag.value for flag in flags], "reason": reason}
            act = Act(
                tenant_id=tenant_id,
                actor=by.actor,
                action="payment.reviewed",
                subject=payment.reference,
                details=details,
            )
            await self.tenancy.record(act)
