"""Usage by tenant and days: exact sums, and of the days that were asked for only."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from ai_platform.jobs.application.ports import Usage
from ai_platform.jobs.application.sum_up_usage import SumUpUsage
from ai_platform.jobs.infrastructure.usage import PostgresUsage
from ai_platform.kernel.errors import InvalidInput
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.integration.jobs.store import PostgresJobStore
from tests.unit.jobs.builders import OTHER_TENANT
from tests.unit.jobs.fakes import FakeClock

TODAY = datetime(2026, 3, 10, 12, tzinfo=UTC)
_A_JOB = """
INSERT INTO jobs (id, tenant_id, status, pipeline, priority, fair_at, prompt, config_name, template_name, variables,
    context, metadata, stream, max_retries, trace, created_at, input_tokens, output_tokens, cost_usd)
VALUES ($1, $2, 'COMPLETED', 'single', 1, $3, 'x', 'c', 't', '{}', '{}', '{}', false, 0, '{}', $3, $4, $5, $6)
"""


async def a_job(store: PostgresJobStore, tenant_id: UUID, at: datetime, tokens: tuple[int, int] | None) -> None:
    job_id = UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (0b10 << 62) | tenant_id.int & 0xFFFF)
    used = (*tokens, Decimal("0.000000001")) if tokens else (None, None, None)
    await store.as_owner(_A_JOB, job_id, tenant_id, at, *used)


def usage(store: PostgresJobStore) -> SumUpUsage:
    return SumUpUsage(PostgresUsage(store.database), FakeClock(TODAY))


def of(tenant_id: UUID, jobs: int, tokens: int) -> Usage:
    cost = Decimal(tokens and 1) / 10**9 * (jobs if tokens else 0)
    return Usage(tenant_id=tenant_id, jobs=jobs, input_tokens=tokens, output_tokens=tokens, cost_usd=cost)


async def test_the_days_named_count_to_their_last_moment_and_no_other(store: PostgresJobStore) -> None:
    midnight = datetime(2026, 3, 9, tzinfo=UTC)
    for at in (midnight, midnight + timedelta(days=1, milliseconds=-1)):
        await a_job(store, DEFAULT_TENANT, at, (5, 5))
    for at in (midnight - timedelta(milliseconds=1), midnight + timedelta(days=1)):
        await a_job(store, DEFAULT_TENANT, at, (100, 100))
    day = date(2026, 3, 9)
    _, found, more = await usage(store)(None, day, day, after=None, limit=10)
    assert (list(found), more) == ([of(DEFAULT_TENANT, 2, 10)], False)


async def test_each_tenant_has_its_own_sum_and_pages_lose_none(store: PostgresJobStore) -> None:
    await a_job(store, DEFAULT_TENANT, TODAY, None)
    await a_job(store, OTHER_TENANT, TODAY, (7, 7))
    wanted = sorted([of(DEFAULT_TENANT, 1, 0), of(OTHER_TENANT, 1, 7)], key=lambda one: one.tenant_id)
    _, first, more = await usage(store)(None, None, None, after=None, limit=1)
    _, second, no_more = await usage(store)(None, None, None, after=first[-1].tenant_id, limit=1)
    assert ([*first, *second], more, no_more) == (wanted, True, False)
    _, only, _ = await usage(store)(OTHER_TENANT, None, None, after=None, limit=10)
    assert list(only) == [of(OTHER_TENANT, 1, 7)]


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2026, 3, 2), date(2026, 3, 1)), (date(2020, 1, 1), date(2026, 1, 1)), (None, date.max), (None, date.min)],
)
async def test_a_period_that_is_none_is_refused(store: PostgresJobStore, first: date | None, last: date) -> None:
    with pytest.raises(InvalidInput):
        await usage(store)(None, first, last, after=None, limit=10)
