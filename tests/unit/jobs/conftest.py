"""The suite of the job store says as much about a failure as a test module does."""

import pytest

for name in (
    "job_store",
    "store_suite",
    "store_suite_accepting",
    "store_suite_claiming",
    "store_suite_deciding",
    "store_suite_ending",
    "store_suite_history",
):
    pytest.register_assert_rewrite(f"tests.unit.jobs.{name}")
