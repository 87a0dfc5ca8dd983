"""When a payment is looked at: by whom it is opened, when it is due, and what news change of that."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ai_platform.commerce.domain.payment import Payment
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.commerce.till import ELSEWHERE, NEWS, Till, begun, is_due


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
