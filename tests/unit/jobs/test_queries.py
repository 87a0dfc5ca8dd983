"""Reading jobs back."""

import pytest

from ai_platform.jobs.application.ports import JobFilter
from ai_platform.jobs.application.queries import GetJob, ListJobs
from ai_platform.jobs.domain.errors import JobNotFound
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.jobs.builders import OTHER_TENANT, a_job
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.job_store import accepted


async def test_a_job_is_shown_to_its_tenant() -> None:
    store = FakeJobStore()
    job = await accepted(store)
    view = await GetJob(store.reads)(DEFAULT_TENANT, job.id)
    assert (view.id, view.status) == (job.id, JobStatus.QUEUED)


async def test_for_another_tenant_a_job_does_not_exist() -> None:
    store = FakeJobStore()
    job = await accepted(store)
    with pytest.raises(JobNotFound) as foreign:
        await GetJob(store.reads)(OTHER_TENANT, job.id)
    assert foreign.value.stable_code == "job_not_found"
    assert foreign.value.detail == f"There is no job {job.id}."


async def test_an_unknown_job_is_not_found() -> None:
    with pytest.raises(JobNotFound):
        await GetJob(FakeJobStore().reads)(DEFAULT_TENANT, a_job().id)


@pytest.mark.parametrize(("jobs", "shown", "more"), [(0, 0, False), (2, 2, False), (3, 3, False), (4, 3, True)])
async def test_a_page_knows_whether_there_is_another(jobs: int, shown: int, more: bool) -> None:
    store = FakeJobStore()
    for _ in range(jobs):
        await accepted(store)
    views, has_more = await ListJobs(store.reads)(DEFAULT_TENANT, JobFilter(), before=None, limit=3)
    assert (len(views), has_more) == (shown, more)


async def test_pages_follow_each_other_to_the_last_job() -> None:
    store = FakeJobStore()
    ids = sorted([(await accepted(store)).id for _ in range(7)], reverse=True)
    list_jobs, before, found = ListJobs(store.reads), None, []
    more = True
    while more:
        views, more = await list_jobs(DEFAULT_TENANT, JobFilter(), before=before, limit=3)
        found += [view.id for view in views]
        before = views[-1].id
    assert found == ids
