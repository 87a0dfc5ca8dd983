"""The suite of the job store says as much about a failure as a test module does."""

import pytest

pytest.register_assert_rewrite("tests.unit.jobs.store_suite")
