"""A call has the time its config gives it, else the platform's."""

import asyncio

import pytest

from ai_platform.llm.application.time_limit import TimeLimitedModels
from ai_platform.llm.domain.calls import Call
from ai_platform.llm.domain.failures import ModelCallFailed
from tests.unit.llm.fakes import FakeModels, a_config


@pytest.mark.parametrize(("stated", "default"), [(0.01, 3600.0), (None, 0.01)])
async def test_a_call_beyond_its_time_has_timed_out(stated: float | None, default: float) -> None:
    with pytest.raises(ModelCallFailed) as failed:
        await TimeLimitedModels(FakeModels(None), default).answer(a_config(timeout_seconds=stated), (), Call())

    assert (failed.value.stable_code, failed.value.retryable) == ("llm_timeout", True)


async def test_a_timeout_of_the_provider_is_the_same_failure() -> None:
    with pytest.raises(ModelCallFailed) as failed:
        await TimeLimitedModels(FakeModels(TimeoutError()), 60).answer(a_config(), (), Call())

    assert failed.value.stable_code == "llm_timeout"


async def test_a_caller_who_gives_up_is_no_timeout() -> None:
    call = asyncio.create_task(TimeLimitedModels(FakeModels(None), 60).answer(a_config(), (), Call()))
    await asyncio.sleep(0)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
