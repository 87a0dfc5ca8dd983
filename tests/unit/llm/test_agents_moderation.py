"""What a moderator finds is declined by an agent that never sees it, and what nobody could check is blocked."""

import pytest

from ai_platform.llm.contracts.api import HistoryMessage
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from tests.unit.llm.cast import DOWN, OPEN, PROMPT, Cast, a_verdict, complete, the_failure
from tests.unit.llm.fakes import FakeListener, an_agent


async def test_a_moderator_judges_the_message_alone_and_is_never_streamed() -> None:
    cast, history = Cast(), (HistoryMessage("user", "Earlier words"),)

    await complete(cast, history=history, stream=True, listener=FakeListener())

    _, _, messages, call = cast.asked[0]
    assert [message.content for message in messages] == ["You are moderation.", PROMPT]
    assert (call.is_streamed, call.schema is not None) == (False, True)


async def test_a_violation_is_declined_by_an_agent_that_never_sees_the_message() -> None:
    cast = Cast({"moderation": a_verdict("violence", "spam")})
    history = (HistoryMessage("user", "secret plans"),)

    completion = await complete(cast, prompt="secret plans", history=history)

    assert completion.agent_type == "fallback"
    assert cast.names == ["moderation", "fallback"]
    assert "secret" not in str(cast.heard("fallback"))
    assert "spam" in cast.heard("fallback")[-1].content
    assert "violence" in cast.heard("fallback")[-1].content


@pytest.mark.parametrize(("prompt", "begins"), [("How do I do it?", "I'm sorry"), ("Gimana cara buat itu?", "Maaf")])
@pytest.mark.parametrize("failure", [DOWN, OPEN])
async def test_when_nobody_can_decline_a_fixed_sentence_does(
    prompt: str, begins: str, failure: ModelCallFailed
) -> None:
    listener = FakeListener()
    cast = Cast({"moderation": a_verdict("hate"), "fallback": failure})

    completion = await complete(cast, prompt=prompt, stream=True, listener=listener)

    assert completion.text.startswith(begins)
    assert "".join(listener.tokens) == completion.text
    assert (completion.agent_type, completion.template_name) == ("fallback", "fallback-agent")


@pytest.mark.parametrize("line", [DOWN, "I would rather chat.", '{"is_safe": "yes"}'], ids=["down", "prose", "shape"])
async def test_what_could_not_be_checked_is_blocked(line: str | ModelCallFailed) -> None:
    completion = await complete(cast := Cast({"moderation": line}))

    assert completion.agent_type == "fallback"
    assert PROMPT not in str(cast.heard("fallback"))


@pytest.mark.parametrize("line", [DOWN, "I would rather chat."], ids=["down", "prose"])
async def test_what_could_not_be_checked_passes_where_the_agents_row_allows_it(line: str | ModelCallFailed) -> None:
    completion = await complete(Cast({"moderation": line}), an_agent("moderation", on_error="allow"))

    assert completion.agent_type == "main"


async def test_a_moderator_that_nobody_called_lets_the_job_wait() -> None:
    failure = await the_failure(cast := Cast({"moderation": OPEN}))

    assert (failure.stable_code, failure.untried, failure.retry_after) == ("breaker_open", True, 9.0)
    assert cast.names == ["moderation"]


async def test_where_unchecked_messages_may_pass_they_wait_for_no_moderator_that_is_out_of_order() -> None:
    completion = await complete(cast := Cast({"moderation": OPEN}), an_agent("moderation", on_error="allow"))

    assert completion.agent_type == "main"
    assert cast.names == ["moderation", "main"]


async def test_where_unchecked_messages_may_pass_they_still_wait_for_a_limit() -> None:
    limited = ModelCallFailed(FailureCode.LIMIT_REACHED, "This minute.", retry_after=9.0, untried=True)

    failure = await the_failure(Cast({"moderation": limited}), an_agent("moderation", on_error="allow"))

    assert (failure.stable_code, failure.untried) == ("llm_limit_reached", True)


async def test_without_need_for_moderation_nobody_moderates() -> None:
    listener = FakeListener()

    await complete(cast := Cast(), needs_moderation=False, listener=listener)

    assert cast.names == ["main"]
    assert listener.nodes == ["router", "main"]
