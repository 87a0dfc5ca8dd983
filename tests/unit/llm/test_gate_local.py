"""The gate of one process keeps what every gate promises."""

import pytest

from ai_platform.llm.infrastructure.gate_local import LocalGate
from tests.unit.llm.gate_suite_breaker import *  # noqa: F403 - the suite
from tests.unit.llm.gate_suite_limits import *  # noqa: F403 - the suite
from tests.unit.llm.gates import MakeGate


@pytest.fixture
def gate() -> MakeGate:
    return LocalGate
