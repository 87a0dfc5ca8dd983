"""Have the provider open a payment that was decided, and keep where the customer pays."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.ask_provider import AskProvider, asked_of
from ai_platform.commerce.application.payment_ports import PayLine, PayWish
from ai_platform.commerce.application.payment_work import Openings, PaymentTransactions
from ai_platform.commerce.domain.looking import next_look
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import PayLink, Payment
from ai_platform.commerce.domain.payment_errors import (
    PaymentNotConfigured,
    ProviderRefused,
    ProviderUnavailable,
    ReferenceUsed,
)
from ai_platform.kernel.clock import Clock

SHIPPING: Final = "SHIPPING"


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """For whoever holds its opening. Dying after the provider's answer loses nothing: the reference finds it again."""

    transactions: PaymentTransactions
    openings: Openings
    ask: AskProvider
    clock: Clock

    async def __call__(self, payment: Payment, *, is_repeat: bool) -> Payment:
        """Raises ProviderRefused, when it failed for good, and ProviderUnavailable, when it may be tried again."""
        try:
            provider, account = await self.ask.desks.of(payment.tenant_id, payment.provider)
            wish = await self._wish(payment, is_repeat=is_repeat)
            async with self.openings.held(payment.tenant_id, payment.id):
                link = await provider.open(account, wish)
        except ReferenceUsed:
            await self._leave(payment)
            return await self.ask(payment.tenant_id, payment.id)
        except (ProviderRefused, PaymentNotConfigured) as refusal:
            await self._fail(payment, refusal.detail)
            raise
        except ProviderUnavailable:
            await self._leave(payment)
            raise
        opened = await self._keep(payment, link)
        if not opened.is_live:  # it was called off while the provider opened it
            with suppress(ProviderRefused, ProviderUnavailable):
                await provider.end(account, asked_of(opened), Standing.CANCELLED)
        return opened

    async def _wish(self, payment: Payment, *, is_repeat: bool) -> PayWish:
        async with self.transactions(payment.tenant_id) as work:
            order = await work.orders.work.orders.find(payment.order_id)
        return PayWish(
            tenant_id=payment.tenant_id,
            reference=payment.reference,
            amount=payment.amount,
            lines=tuple(lines_of(order)),
            payer=await self.ask.reads.payer_of(payment.tenant_id, payment.order_id),
            method=payment.wish,
            begins_at=self.clock.now(),
            expires_at=payment.expires_at,
            is_repeat=is_repeat,
        )

    async def _keep(self, known: Payment, link: PayLink) -> Payment:
        async with self.transactions(known.tenant_id) as work:
            payment, now = await work.payments.get(known.id), self.clock.now()
            if payment.status is PaymentStatus.PENDING:
                payment.open(link, now)
                await work.payments.save(payment)
                await work.schedule.looked(payment.id, asked_at=known.updated_at, next_at=next_look(payment, now))
            return payment

    async def _fail(self, known: Payment, why: str) -> None:
        async with self.transactions(known.tenant_id) as work:
            payment, now = await work.payments.get(known.id), self.clock.now()
            if payment.status is PaymentStatus.PENDING:
                payment.refuse(why, now)
                await work.payments.save(payment)
                await work.schedule.looked(payment.id, asked_at=now, next_at=None)
                await work.orders.payment_ended(payment.order_id, payment.id, payment.status, at=now)

    async def _leave(self, payment: Payment) -> None:
        async with self.transactions(payment.tenant_id) as work:
            await work.schedule.leave_opening(payment.id)
            await work.schedule.put_off(payment.id)


def lines_of(order: Order) -> Iterator[PayLine]:
    for line in order.lines:
        yield PayLine(line.sku, line.name, line.quantity, line.unit_price)
    if order.shipping_cost:
        yield PayLine(SHIPPING, "Ongkos kirim", 1, order.shipping_cost)


async def open_again(open_payment: OpenPayment, tenant_id: UUID, payment: Payment) -> Payment | None:
    """What somebody began and did not end; None while somebody is at it."""
    async with open_payment.transactions(tenant_id) as work:
        ours = await work.schedule.take_opening(payment.id)
    return await open_payment(payment, is_repeat=True) if ours else None
