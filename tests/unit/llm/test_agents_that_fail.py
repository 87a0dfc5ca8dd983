"""What becomes of agents' failures: another answers, or the main one's is told; an attempt without a call is free."""

from collections.abc import Callable
from typing import Any

import pytest

from ai_platform.llm.domain.calls import Message
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from tests.unit.llm.cast import DOWN, OPEN, PROMPT, Cast, complete, the_failure
from tests.unit.llm.fakes import FakeListener, a_config, an_agent


@pytest.mark.parametrize(("moderator", "untried"), [(DOWN, False), (OPEN, True)])
async def test_an_attempt_in_which_only_the_moderator_was_called_is_not_free(
    moderator: ModelCallFailed, untried: bool
) -> None:
    cast = Cast({"moderation": moderator, "main": OPEN, "fallback": OPEN})

    failure = await the_failure(cast, an_agent("moderation", on_error="allow"))

    assert failure.untried is untried


@pytest.mark.parametrize(("agent", "is_followup"), [("main", False), ("followup", True)])
async def test_the_fallback_answers_for_an_agent_that_failed(agent: str, is_followup: bool) -> None:
    cast, listener = Cast({agent: DOWN}), FakeListener()

    completion = await complete(cast, is_followup=is_followup, listener=listener)

    assert (completion.text, completion.template_name) == ("fallback speaks", "fallback-agent")
    assert cast.heard("fallback")[-1] == Message("user", PROMPT)
    assert listener.nodes == ["moderation", "router", agent, "fallback"]


async def test_when_the_fallback_fails_too_the_main_agents_failure_is_told() -> None:
    other = ModelCallFailed(FailureCode.AUTH_FAILED, "Wrong key.")

    failure = await the_failure(Cast({"main": DOWN, "fallback": other}))

    assert (failure.stable_code, failure.detail, failure.retryable) == ("llm_server_error", "Down.", True)


@pytest.mark.parametrize(
    ("lines", "needs_moderation", "untried"),
    [
        ({"main": OPEN, "fallback": OPEN}, False, True),
        ({"main": OPEN, "fallback": OPEN}, True, False),
        ({"main": OPEN, "fallback": DOWN}, False, False),
        ({"main": DOWN, "fallback": OPEN}, False, False),
    ],
)
async def test_an_attempt_is_free_only_when_no_model_was_called(
    lines: dict[str, str | ModelCallFailed], needs_moderation: bool, untried: bool
) -> None:
    failure = await the_failure(Cast(lines), needs_moderation=needs_moderation)

    assert failure.untried is untried


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda: a_config(is_active=False), "llm_config_not_found"),
        (lambda: an_agent("main", config_name="nobody"), "llm_config_not_found"),
    ],
)
async def test_an_agent_without_a_usable_config_has_failed(change: Callable[[], Any], code: str) -> None:
    cast = Cast({"fallback": DOWN})

    failure = await the_failure(cast, change(), needs_moderation=False)

    assert failure.stable_code == code
    assert "main" not in cast.names
