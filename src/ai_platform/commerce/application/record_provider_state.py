"""What a provider says of a payment becomes true for us: the one door for notices, polls and refunds."""

from collections.abc import Sequence
from dataclasses import dataclass

from ai_platform.commerce.application.payment_work import Look, PaymentTransactions, PaymentWork
from ai_platform.commerce.domain.looking import next_look
from ai_platform.commerce.domain.observation import Observation, Source, Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import Change, Payment
from ai_platform.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RecordProviderState:
    """Under the payment's lock. An answer that others' news has overtaken is not recorded, for it may be older.

    `ending`: nobody may pay it any more, so what the provider leaves open ends on our side.
    """

    transactions: PaymentTransactions
    clock: Clock

    async def __call__(
        self, look: Look, seen: Sequence[Observation], *, ending: Standing | None = None
    ) -> Payment | None:
        """The payment as it is now; None: ask the provider again."""
        known = look.payment
        async with self.transactions(known.tenant_id) as work:
            payment, now = await work.payments.get(known.id), self.clock.now()
            if payment.version != known.version and payment.is_news(seen):
                return None
            # the schedule first: the shelf's locks are taken last, so that others wait for them briefly
            changes = [payment.observe(seen, now)] if payment.is_news(seen) else []
            if ending is not None and payment.is_live:
                changes.append(payment.end(ending, _who_ends(ending), now))
            await work.schedule.looked(payment.id, asked_at=look.at, next_at=next_look(payment, now))
            for change in changes:
                await follow(work, payment, change)
            return payment


async def follow(work: PaymentWork, payment: Payment, change: Change) -> None:
    """Save the payment, and let its order follow. Each step may be repeated and changes nothing then."""
    at, order_id = payment.updated_at, payment.order_id
    await work.payments.save(payment)
    if change.is_reversal:
        await work.orders.reversed(order_id, payment.id, at=at)
    elif change.ended_unpaid:
        await work.orders.payment_ended(order_id, payment.id, payment.status, at=at)
    if change.became_paid:
        await _take_money(work, payment)
    if change.refunded_more and payment.returned:
        in_full = payment.status is PaymentStatus.REFUNDED
        await work.orders.refunded(order_id, payment.id, refunded=payment.returned, in_full=in_full, at=at)


async def _take_money(work: PaymentWork, payment: Payment) -> None:
    """Another attempt that is still open is called off: it could only bring the money a second time."""
    for other in await work.payments.of_order(payment.order_id):
        if other.id != payment.id and other.is_live:
            await work.schedule.call_off(other.id)
    if not await work.orders.paid(payment.order_id, payment.id, at=payment.updated_at):
        payment.needs_refund(payment.updated_at)
        await work.payments.save(payment)


def _who_ends(how: Standing) -> Source:
    return Source.CLOCK if how is Standing.EXPIRED else Source.SHOP
