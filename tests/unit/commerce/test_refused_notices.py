"""Whoever forges notices fills no disk, and what he did is known all the same."""

import asyncio
from uuid import UUID

import pytest

from ai_platform.commerce.application.refused_notices import KEPT_WHOLE, SOURCES, RefusedNotices
from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.tenancy.contracts.api import Act
from tests.unit.memory import OneTenant


class Log(OneTenant):
    """An audit log that may be away."""

    is_away = False

    async def record(self, act: Act) -> None:
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("away")
        await super().record(act)

    def told(self) -> list[tuple[UUID | None, object]]:
        """Of the counted: the tenant, and how many."""
        return [(one.tenant_id, one.details["not_listed"]) for one in self.acts if "not_listed" in one.details]


@pytest.fixture
def log() -> Log:
    return Log()


async def forge(refused: RefusedNotices, times: int, *, owner: UUID | None = DEFAULT_TENANT) -> None:
    await asyncio.gather(*(refused.remember("midtrans", owner, f"ORD-{number}") for number in range(times)))


async def test_the_first_of_a_minute_are_listed_and_the_rest_is_one_number(log: Log) -> None:
    refused = RefusedNotices(log)
    await forge(refused, 5000)
    assert len(log.acts) == KEPT_WHOLE
    assert [one.details["reference"] for one in log.acts] == [f"ORD-{number}" for number in range(KEPT_WHOLE)]
    await refused.tell()
    assert log.told() == [(DEFAULT_TENANT, 5000 - KEPT_WHOLE)]
    assert len(log.acts) == KEPT_WHOLE + 1


async def test_a_few_are_listed_and_nothing_is_counted(log: Log) -> None:
    refused = RefusedNotices(log)
    await forge(refused, KEPT_WHOLE)
    await refused.tell()
    assert (len(log.acts), log.told()) == (KEPT_WHOLE, [])


async def test_a_new_minute_lists_again(log: Log) -> None:
    refused = RefusedNotices(log)
    for _ in range(3):
        await forge(refused, 1)
        await refused.tell()
    assert len(log.acts) == 3


async def test_one_tenants_forger_hides_nobody_elses(log: Log) -> None:
    refused, other = RefusedNotices(log), new_id()
    await forge(refused, 1000)
    await forge(refused, 1, owner=other)
    assert log.acts[-1].tenant_id == other


async def test_who_knows_many_tenants_writes_no_more(log: Log) -> None:
    refused = RefusedNotices(log)
    for _ in range(SOURCES + 500):
        await forge(refused, KEPT_WHOLE + 1, owner=new_id())
    await refused.tell()
    assert len(log.acts) <= (SOURCES + 1) * (KEPT_WHOLE + 1)
    listed = sum(1 for one in log.acts if one.action == "payment.signature_refused")
    assert listed + sum(int(str(count)) for _, count in log.told()) == (SOURCES + 500) * (KEPT_WHOLE + 1)


async def test_what_could_not_be_told_is_told_later(log: Log) -> None:
    refused = RefusedNotices(log)
    await forge(refused, 100)
    log.is_away = True
    with pytest.raises(Unavailable):
        await refused.tell()
    await refused.tell_at_last()
    await forge(refused, 5)
    log.is_away = False
    await refused.tell()
    assert log.told() == [(DEFAULT_TENANT, 105 - KEPT_WHOLE)]
