"""Tenancy's use cases on the fakes."""

import asyncio

import pytest

from ai_platform.kernel.errors import Conflict
from tests.unit.tenancy.fake_work import FakeTransactions
from tests.unit.tenancy.use_case_suite import PLATFORM, Office, UseCaseSuite, once


class TestOnFakes(UseCaseSuite):
    @pytest.fixture
    def office(self) -> Office:
        return Office(FakeTransactions())


async def test_a_twin_that_comes_meanwhile_is_sent_away() -> None:
    transactions = FakeTransactions()
    async with transactions(None) as work:
        await work.answers.begin(PLATFORM.tenant_id, once())
        with pytest.raises(Conflict):
            await asyncio.create_task(Office(transactions).tenant(once=once()))
