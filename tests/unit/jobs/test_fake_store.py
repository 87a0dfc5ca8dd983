"""The fake job store does what PostgreSQL does."""

import pytest

from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.store_suite import JobStoreSuite


class TestFakeJobStore(JobStoreSuite):
    @pytest.fixture
    def store(self) -> FakeJobStore:
        return FakeJobStore()

    @pytest.fixture
    def small_store(self) -> FakeJobStore:
        return FakeJobStore(queue_limit=3)
