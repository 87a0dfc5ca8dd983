"""What is kept of a payment: all of it, what was observed once, and for its own tenant."""

from datetime import timedelta
from uuid import UUID

import pytest

from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import PayLink
from ai_platform.commerce.domain.payment_errors import PaymentNotFound
from ai_platform.commerce.domain.refund import Refund, RefundStatus
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.commerce.till import DUE, ELSEWHERE, NOW, Till, a_payment, begun, kept, observed


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
