"""A confirmed order gets one place to pay, however often it is asked for."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.ask_provider import asked_of
from ai_platform.commerce.application.end_payment import EndPayment
from ai_platform.commerce.application.open_payment import OpenPayment, open_again
from ai_platform.commerce.application.payment_work import PaymentTransactions
from ai_platform.commerce.application.second_step import Yes
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import PaymentUnderWay
from ai_platform.commerce.domain.order_status import HAS_MONEY, PaymentStatus
from ai_platform.commerce.domain.payment import Method, Payment
from ai_platform.commerce.domain.payment_errors import NothingToPay, PaymentBeingOpened
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import PlatformError
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money

BEFORE_THE_ORDER: Final = timedelta(minutes=5)
"""A payment ends this long before its order does, so that the goods are still there for the last who pays."""

LONGEST: Final = timedelta(hours=24)
SHORTEST: Final = timedelta(minutes=10)

_LOOK_EVERY: Final = 0.1
_LOOKS: Final = 80
"""For longer than an opening outlives whoever died at it, so that who asks again is the one who goes on with it."""

_ROUNDS: Final = 4


@dataclass(frozen=True, slots=True)
class Initiated:
    """`is_new`: the order had none that lives."""

    payment: Payment
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class InitiatePayment:
    """The payment is decided under the order's lock and opened outside of any transaction.

    `pause` waits between two looks at an opening that somebody else is at.
    """

    transactions: PaymentTransactions
    open: OpenPayment
    end: EndPayment
    clock: Clock
    pause: Callable[[float], Awaitable[None]]

    async def __call__(
        self,
        tenant_id: UUID,
        order_id: UUID,
        method: Method | None = None,
        *,
        yes: Yes | None = None,
    ) -> Initiated:
        """To do it twice is harmless.

        Raises OrderNotFound, InvalidOrderStep, OrderIsPaid, ConfirmationRefused, NothingToPay, PaymentNotConfigured,
        ProviderRefused, ProviderUnavailable, PaymentBeingOpened.
        """
        accounts = self.open.ask.desks.accounts
        provider = await accounts.provider_of(tenant_id)
        await self.open.ask.desks.of(tenant_id, provider)
        for _ in range(_ROUNDS):
            try:
                payment, is_new = await self._begin(tenant_id, order_id, provider, method, yes)
            except PaymentUnderWay:
                continue  # a twin was quicker: its payment is there by now
            if is_new:
                return Initiated(await self.open(payment, is_repeat=False), is_new=True)
            if payment.expires_at <= self.clock.now():
                await self.end(tenant_id, payment.id, Standing.EXPIRED)
                continue
            opened = await self._opened(payment)
            if opened.is_live or opened.status in HAS_MONEY:
                return Initiated(opened)
        raise PaymentBeingOpened

    async def _begin(
        self, tenant_id: UUID, order_id: UUID, provider: str, method: Method | None, yes: Yes | None
    ) -> tuple[Payment, bool]:
        async with self.transactions(tenant_id) as work:
            live = next((one for one in await work.payments.of_order(order_id) if one.is_live), None)
            if live is not None:
                return live, False
            payment_id, now = new_id(), self.clock.now()
            order = await work.orders.payment_begins(order_id, payment_id, yes=yes, at=now)
            earlier = await work.payments.of_order(order_id)  # what is there under the order's lock
            attempt = 1 + max((one.attempt for one in earlier), default=0)
            payment = new_payment(order, payment_id, provider=provider, attempt=attempt, wish=method, at=now)
            await work.payments.add(payment)
        await self._close_page(earlier[0] if earlier else None)
        return payment, True

    async def _opened(self, payment: Payment) -> Payment:
        """As soon as whoever opens it has done so; when nobody does, we do."""
        tenant_id = payment.tenant_id
        for _ in range(_LOOKS):
            if payment.status is not PaymentStatus.PENDING:
                return payment
            opened = await open_again(self.open, tenant_id, payment)
            if opened is not None:
                return opened
            await self.pause(_LOOK_EVERY)
            payment = (await self.open.ask.look(tenant_id, payment.id)).payment
        raise PaymentBeingOpened

    async def _close_page(self, earlier: Payment | None) -> None:
        """A denied card leaves the provider's page open: it should not bring money beside the new one's."""
        if earlier is None or earlier.status is not PaymentStatus.FAILED or earlier.url is None:
            return
        with suppress(PlatformError):
            provider, account = await self.open.ask.desks.of(earlier.tenant_id, earlier.provider)
            await provider.end(account, asked_of(earlier), Standing.CANCELLED)


def new_payment(
    order: Order, payment_id: UUID, *, provider: str, attempt: int, wish: Method | None, at: datetime
) -> Payment:
    """Raises NothingToPay."""
    if order.total == 0:
        raise NothingToPay
    latest = order.expires_at - BEFORE_THE_ORDER if order.expires_at else at + LONGEST
    return Payment(
        id=payment_id,
        tenant_id=order.tenant_id,
        order_id=order.id,
        provider=provider,
        attempt=attempt,
        reference=f"{order.number}-{attempt}",
        amount=Money(order.total, order.currency),
        wish=wish,
        expires_at=max(min(latest, at + LONGEST), at + SHORTEST),
        created_at=at,
        updated_at=at,
    )
