"""Money goes back once: the refund is decided under the payment's lock, and carried out under a key of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.ask_provider import AskProvider, asked_of
from ai_platform.commerce.application.payment_ports import RefundWish
from ai_platform.commerce.application.payment_work import PaymentTransactions, PaymentWork
from ai_platform.commerce.application.record_provider_state import follow
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.order_status import HAS_MONEY
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.payment_errors import (
    NothingToRefund,
    ProviderRefused,
    ProviderUnavailable,
    RefundByHand,
    RefundInProgress,
)
from ai_platform.commerce.domain.refund import Refund, RefundStatus
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money, SaidMoney
from ai_platform.kernel.once import Once


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCommand:
    """`amount` None: all that is left. `by_hand`: it was given back already, outside of the provider."""

    tenant_id: UUID
    payment_id: UUID
    amount: SaidMoney | None
    reason: str
    actor: str
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """Asked again while the provider's answer is not known, the same refund is carried out, not a second one."""

    transactions: PaymentTransactions
    ask: AskProvider
    clock: Clock

    async def __call__(self, command: RefundCommand, once: Once | None = None) -> None:
        """With the same key, the same refund; it is kept with the decision.

        Raises PaymentNotFound, NothingToRefund, RefundInProgress, RefundByHand, PaymentNotConfigured, ProviderRefused,
        ProviderUnavailable.
        """
        if not command.by_hand:  # what nobody can carry out is not decided
            known = await self.ask.look(command.tenant_id, command.payment_id)
            await self.ask.desks.of(command.tenant_id, known.payment.provider)
        refund = await self._decide(command, once)
        if refund.status is RefundStatus.REQUESTED:
            await self.carry_out(refund)
        elif not refund.by_hand:  # whoever carried it out may have died before it heard what became of the payment
            await self.ask(command.tenant_id, command.payment_id)

    async def _decide(self, command: RefundCommand, once: Once | None) -> Refund:
        async with self.transactions(command.tenant_id) as work:
            payment, now = await work.payments.get(command.payment_id), self.clock.now()
            if once is not None and (answer := await work.answers.begin(once)) is not None:
                asked = await work.refunds.get(UUID(str(answer["refund_id"])))
                if asked.status is not RefundStatus.REFUSED:
                    return asked
            refund = await _open_one(work, payment, command)
            if refund is None:
                refund = await self._new(work, payment, command)
            if once is not None:
                await work.answers.keep(once, {"refund_id": str(refund.id)})
            await work.schedule.soon(payment.id)
            if command.by_hand:
                refund.done(now)
                change = payment.refund_by_hand(refund.amount.amount, refund.key, now)
                await work.refunds.save(refund)
                await follow(work, payment, change)
        return refund

    async def _new(self, work: PaymentWork, payment: Payment, command: RefundCommand) -> Refund:
        refunds, wanted = await work.refunds.of_payment(payment.id), _amount_of(payment, command)
        left = payment.received - max(_given(refunds), payment.refunded) if payment.status in HAS_MONEY else 0
        amount = left if wanted is None else wanted
        if not 0 < amount <= left:
            raise NothingToRefund(left, payment.amount.currency)
        refund = Refund(
            id=new_id(),
            tenant_id=payment.tenant_id,
            payment_id=payment.id,
            key=f"{payment.reference}-R{len(refunds) + 1}",
            amount=Money(amount, payment.amount.currency),
            reason=command.reason,
            actor=command.actor,
            by_hand=command.by_hand,
            created_at=self.clock.now(),
        )
        await work.refunds.add(refund)
        return refund

    async def carry_out(self, refund: Refund) -> Payment:
        """Also for the worker, after whoever asked for it has died."""
        look = await self.ask.look(refund.tenant_id, refund.payment_id)
        payment = look.payment
        try:
            provider, account = await self.ask.desks.of(refund.tenant_id, payment.provider)
            await provider.refund(account, _wish_of(payment, refund))
        except (ProviderRefused, RefundByHand) as refusal:
            await self._settle(refund, error=refusal.detail)
            raise
        except ProviderUnavailable:
            async with self.transactions(refund.tenant_id) as work:
                await work.schedule.put_off(payment.id)
            raise
        await self._settle(refund, error=None)
        return await self.ask(refund.tenant_id, refund.payment_id)

    async def _settle(self, refund: Refund, *, error: str | None) -> None:
        async with self.transactions(refund.tenant_id) as work:
            kept, now = await work.refunds.get(refund.id), self.clock.now()
            if error is None:
                kept.done(now)
            else:
                kept.refused(error, now)
            await work.refunds.save(kept)
            payment = await work.payments.look(kept.payment_id)
            if kept.status is RefundStatus.REFUSED and kept.amount.amount >= payment.refundable:
                await work.orders.refund_refused(payment.order_id, at=now)


def _amount_of(payment: Payment, command: RefundCommand) -> int | None:
    """Raises NotMoney."""
    return command.amount.within(payment.amount.currency, "amount").amount if command.amount else None


async def _open_one(work: PaymentWork, payment: Payment, command: RefundCommand) -> Refund | None:
    """The one whose end is not known. Raises RefundInProgress when this is another."""
    refunds = await work.refunds.of_payment(command.payment_id)
    open_one = next((one for one in refunds if one.status is RefundStatus.REQUESTED), None)
    if open_one is None:
        return None
    wanted, given = _amount_of(payment, command), _given(refunds)
    if wanted is None and max(given, payment.refunded) + open_one.amount.amount >= payment.received:
        wanted = open_one.amount.amount  # all that is left is what it gives back
    if command.by_hand or wanted != open_one.amount.amount:
        raise RefundInProgress
    return open_one


def _given(refunds: Sequence[Refund]) -> int:
    return sum(one.amount.amount for one in refunds if one.status is RefundStatus.DONE)


def _wish_of(payment: Payment, refund: Refund) -> RefundWish:
    paid = [one for one in payment.observations if one.standing in (Standing.PAID, Standing.REFUNDED)]
    return RefundWish(
        asked=asked_of(payment),
        key=refund.key,
        amount=refund.amount,
        reason=refund.reason,
        transaction_id=paid[-1].transaction_id if paid else None,
        method=payment.method,
    )
