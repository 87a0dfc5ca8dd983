"""PostgreSQL is a job store."""

from tests.unit.jobs.store_suite import JobStoreSuite


class TestPostgresJobStore(JobStoreSuite):
    """Everything is in the suite."""
