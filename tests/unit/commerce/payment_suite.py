"""What every store of payments does: the fakes and PostgreSQL pass the same suite."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import pytest

from ai_platform.commerce.application.payment_ports import Notice
from ai_platform.commerce.application.payment_work import (
    DuePayments,
    Notices,
    PaymentReads,
    PaymentTransactions,
)
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import Method, PayLink, Payment
from ai_platform.commerce.domain.payment_errors import PaymentNotFound
from ai_platform.commerce.domain.refund import Refund, RefundStatus
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money
from ai_platform.kernel.principal import DEFAULT_TENANT

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DUE = Money(150_000, "IDR")
ELSEWHERE = UUID(int=1)
NEWS = Notice({"content-type": "application/json"}, b"{}")


class Till(Protocol):
    """The default tenant's payments, wherever they are."""

    @property
    def transactions(self) -> PaymentTransactions: ...

    @property
    def reads(self) -> PaymentReads: ...

    @property
    def due(self) -> DuePayments: ...

    @property
    def notices(self) -> Notices: ...

    async def order(self) -> UUID:
        """Something that can be paid for."""


def a_payment(order_id: UUID, *, attempt: int = 1, **changes: Any) -> Payment:
    given: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": DEFAULT_TENANT,
        "order_id": order_id,
        "provider": "midtrans",
        "attempt": attempt,
        "reference": f"ORD-{order_id.hex[-12:]}-{attempt}",
        "amount": DUE,
        "wish": Method.QRIS,
        "expires_at": NOW + timedelta(hours=1),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Payment(**given | changes)


def observed(standing: Standing, **changes: Any) -> Observation:
    given: dict[str, Any] = {"transaction_id": "t1", "standing": standing, "amount": DUE, "occurred_at": NOW}
    return Observation(**given | changes)


async def begun(till: Till, **changes: Any) -> Payment:
    payment = a_payment(await till.order(), **changes)
    async with till.transactions(DEFAULT_TENANT) as work:
        await work.payments.add(payment)
    return payment


async def kept(till: Till, payment_id: UUID) -> Payment:
    async with till.transactions(DEFAULT_TENANT) as work:
        return await work.payments.look(payment_id)


async def is_due(till: Till, payment: Payment) -> bool:
    return (payment.tenant_id, payment.id) in await till.due.claim(100)


class Keeping:
    async def test_a_payment_is_read_as_it_was_kept(self, till: Till) -> None:
        payment_id = (await begun(till)).id
        async with till.transactions(DEFAULT_TENANT) as work:
            payment = await work.payments.get(payment_id)
            payment.open(PayLink(url="https://pay.example.test/1", provider_id="p1"), NOW)
            payment.observe([observed(Standing.WAITING, va_number="88", method="bank_transfer")], NOW)
            payment.observe([observed(Standing.PAID, transaction_id="t2")], NOW + timedelta(minutes=1))
            await work.payments.save(payment)
        found = await kept(till, payment.id)
        for name in ("status", "url", "provider_id", "wish", "method", "va_number", "received", "paid_at", "version"):
            assert getattr(found, name) == getattr(payment, name), name
        assert (found.status, found.received, found.version) == (PaymentStatus.PAID, DUE.amount, 2)
        assert [one.transaction_id for one in found.observations] == ["t1", "t2"]

    async def test_what_was_observed_is_kept_once(self, till: Till) -> None:
        payment = await begun(till)
        for standing in (Standing.WAITING, Standing.PAID):
            async with till.transactions(DEFAULT_TENANT) as work:
                known = await work.payments.get(payment.id)
                known.observe([observed(standing)], NOW)
                await work.payments.save(known)
        found = await kept(till, payment.id)
        assert [one.standing for one in found.observations] == [Standing.WAITING, Standing.PAID]

    async def test_only_what_was_read_in_this_transaction_is_saved(self, till: Till) -> None:
        payment = await begun(till)
        async with till.transactions(DEFAULT_TENANT) as work:
            with pytest.raises(KeyError):
                await work.payments.save(payment)

    async def test_a_transaction_that_fails_keeps_nothing(self, till: Till) -> None:
        payment = await begun(till)
        with pytest.raises(RuntimeError):
            await self._fail_late(till, payment.id)
        assert (await kept(till, payment.id)).observations == []

    async def _fail_late(self, till: Till, payment_id: UUID) -> None:
        async with till.transactions(DEFAULT_TENANT) as work:
            payment = await work.payments.get(payment_id)
            payment.observe([observed(Standing.PAID)], NOW)
            await work.payments.save(payment)
            raise RuntimeError

    async def test_the_payments_of_an_order_are_told_newest_first(self, till: Till) -> None:
        first = await begun(till, status=PaymentStatus.FAILED)
        second = a_payment(first.order_id, attempt=2)
        async with till.transactions(DEFAULT_TENANT) as work:
            await work.payments.add(second)
            assert [one.id for one in await work.payments.of_order(first.order_id)] == [second.id, first.id]

    async def test_a_payment_is_its_tenants(self, till: Till) -> None:
        payment = await begun(till)
        async with till.transactions(ELSEWHERE) as work:
            with pytest.raises(PaymentNotFound):
                await work.payments.get(payment.id)
            assert await work.payments.of_order(payment.order_id) == []
        assert await till.reads.look(ELSEWHERE, payment.id) is None
        assert await till.reads.tenant_of(payment.id) == DEFAULT_TENANT
        assert await till.reads.tenant_of(new_id()) is None

    async def test_a_refund_is_kept_with_its_end(self, till: Till) -> None:
        payment = await begun(till)
        refund = Refund(
            id=new_id(), tenant_id=DEFAULT_TENANT, payment_id=payment.id, key=f"r-{payment.id}", amount=DUE,
            reason="torn", actor="owner", created_at=NOW,
        )  # fmt: skip
        async with till.transactions(DEFAULT_TENANT) as work:
            await work.refunds.add(refund)
        async with till.transactions(DEFAULT_TENANT) as work:
            known = await work.refunds.get(refund.id)
            known.done(NOW)
            await work.refunds.save(known)
        [found] = await till.reads.refunds_of(DEFAULT_TENANT, payment.id)
        assert (found.status, found.amount, found.settled_at) == (RefundStatus.DONE, DUE, NOW)
        assert await till.reads.refunds_of(DEFAULT_TENANT, new_id()) == []


class Scheduling:
    async def test_a_new_payment_is_its_makers_to_open(self, till: Till) -> None:
        payment = await begun(till)
        assert not await is_due(till, payment)
        async with till.transactions(DEFAULT_TENANT) as work:
            assert not await work.schedule.take_opening(payment.id)

    async def test_an_opening_that_was_left_is_taken_once(self, till: Till) -> None:
        payment = await begun(till)
        async with till.transactions(DEFAULT_TENANT) as work:
            await work.schedule.leave_opening(payment.id)
        taken = []
        for _ in range(2):
            async with till.transactions(DEFAULT_TENANT) as work:
                taken.append(await work.schedule.take_opening(payment.id))
        assert taken == [True, False]

    async def test_what_is_due_is_claimed_once(self, till: Till) -> None:
        payment = await begun(till)
        await self._looked(till, payment, next_at=datetime.now(UTC))
        assert [await is_due(till, payment) for _ in range(2)] == [True, False]

    @pytest.mark.parametrize("next_at", [None, datetime.now(UTC) + timedelta(hours=1)])
    async def test_what_is_planned_for_later_is_not_due(self, till: Till, next_at: datetime | None) -> None:
        payment = await begun(till)
        await self._looked(till, payment, next_at=next_at)
        assert not await is_due(till, payment)

    async def test_news_make_a_payment_due_whatever_was_planned(self, till: Till) -> None:
        payment = await begun(till)
        await self._looked(till, payment, next_at=None)
        assert await till.notices.payment_of("midtrans", payment.reference, None) == (DEFAULT_TENANT, payment.id)
        await self._told(till, payment)
        assert await is_due(till, payment)

    async def test_news_that_came_during_a_look_keep_it_due(self, till: Till) -> None:
        payment = await begun(till)
        look = await till.reads.look(DEFAULT_TENANT, payment.id)
        assert look is not None
        await self._told(till, payment)
        await self._looked(till, payment, next_at=None, asked_at=look.at)
        assert await is_due(till, payment)

    async def test_news_from_before_a_look_are_done_with(self, till: Till) -> None:
        payment = await begun(till)
        await self._told(till, payment)
        look = await till.reads.look(DEFAULT_TENANT, payment.id)
        assert look is not None
        await self._looked(till, payment, next_at=None, asked_at=look.at)
        assert not await is_due(till, payment)

    async def test_what_could_not_be_asked_is_put_off(self, till: Till) -> None:
        payment = await begun(till)
        await self._told(till, payment)
        async with till.transactions(DEFAULT_TENANT) as work:
            await work.schedule.put_off(payment.id)
        assert not await is_due(till, payment)

    async def test_what_nobody_needs_any_more_is_due_and_says_so(self, till: Till) -> None:
        payment = await begun(till)
        async with till.transactions(DEFAULT_TENANT) as work:
            await work.schedule.call_off(payment.id)
        look = await till.reads.look(DEFAULT_TENANT, payment.id)
        assert look is not None
        assert look.called_off
        assert await is_due(till, payment)

    @pytest.mark.parametrize(("provider", "tenant_id"), [("xendit", None), ("midtrans", ELSEWHERE)])
    async def test_a_reference_is_known_to_its_own_provider_and_tenant(
        self, till: Till, provider: str, tenant_id: UUID | None
    ) -> None:
        payment = await begun(till)
        assert await till.notices.payment_of(provider, payment.reference, tenant_id) is None
        assert await till.notices.payment_of("midtrans", "ORD-NOBODYS", None) is None

    async def _looked(
        self, till: Till, payment: Payment, *, next_at: datetime | None, asked_at: datetime | None = None
    ) -> None:
        async with till.transactions(DEFAULT_TENANT) as work:
            await work.schedule.looked(payment.id, asked_at=asked_at or datetime.now(UTC), next_at=next_at)

    async def _told(self, till: Till, payment: Payment) -> None:
        await till.notices.store(
            "midtrans", NEWS, tenant_id=DEFAULT_TENANT, reference=payment.reference, payment_id=payment.id
        )


class PaymentSuite(Keeping, Scheduling):
    """All of it."""
