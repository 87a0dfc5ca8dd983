"""The payments of an order, as far as the order has to do with them."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.end_payment import EndPayment
from ai_platform.commerce.application.payment_work import PaymentTransactions
from ai_platform.commerce.application.refund_payment import RefundCommand, RefundPayment
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.order_status import HAS_MONEY
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.payment_errors import (
    NothingToRefund,
    PaymentNotConfigured,
    ProviderRefused,
    ProviderUnavailable,
)
from ai_platform.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Desk:
    """Implements `order_ports.PaymentDesk`."""

    transactions: PaymentTransactions
    end: EndPayment
    refund: RefundPayment
    clock: Clock

    async def end_live(self, tenant_id: UUID, order_id: UUID) -> None:
        for payment in await self._of(tenant_id, order_id):
            if payment.is_live:
                how = Standing.EXPIRED if payment.expires_at <= self.clock.now() else Standing.CANCELLED
                try:
                    await self.end(tenant_id, payment.id, how)
                except (ProviderRefused, PaymentNotConfigured) as refusal:
                    raise ProviderUnavailable(payment.provider, refusal.detail) from refusal

    async def refund_in_full(self, tenant_id: UUID, order_id: UUID, *, reason: str, actor: str) -> None:
        for payment in await self._of(tenant_id, order_id):
            if payment.status in HAS_MONEY:
                command = RefundCommand(
                    tenant_id=tenant_id, payment_id=payment.id, amount=None, reason=reason, actor=actor
                )  # fmt: skip
                try:
                    await self.refund(command)
                except NothingToRefund:  # all of it went back, and we have not heard of it yet
                    await self.refund.ask(tenant_id, payment.id)

    async def _of(self, tenant_id: UUID, order_id: UUID) -> list[Payment]:
        async with self.transactions(tenant_id) as work:
            return list(await work.payments.of_order(order_id))
