"""The multi-agent pipeline, run as the graph that it is: who is asked what, and what becomes of failures."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from ai_platform.llm.application.agents import Agents
from ai_platform.llm.application.complete import Complete
from ai_platform.llm.application.ports import Answered
from ai_platform.llm.contracts.api import Completion, CompletionFailed, HistoryMessage, Usage
from ai_platform.llm.domain.calls import Answer, Call, Message, Tokens
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from ai_platform.llm.infrastructure.agent_runs import AgentRuns
from tests.unit.llm.fakes import FakeCatalogue, FakeListener, a_config, a_request, a_template, an_agent

OPEN = ModelCallFailed(FailureCode.BREAKER_OPEN, "The breaker is open.", retry_after=9.0, untried=True)
DOWN = ModelCallFailed(FailureCode.SERVER_ERROR, "Down.")
PROMPT = "Why is the sky blue?"
AGENTS = ("main", "fallback", "followup", "moderation")


def a_verdict(*violations: str) -> str:
    verdict = {"is_safe": not violations, "violations": violations, "confidence": 0.9, "reason": "so"}
    return json.dumps(verdict)


@dataclass
class Cast:
    """Each agent is known by its template's words and says its line, or fails with it."""

    lines: dict[str, str | ModelCallFailed] = field(default_factory=dict)
    asked: list[tuple[str, LLMConfig, tuple[Message, ...], Call]] = field(default_factory=list)

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answered:
        name = messages[0].content.removeprefix("You are ").rstrip(".")
        self.asked.append((name, config, tuple(messages), call))
        line = self.lines.get(name, a_verdict() if name == "moderation" else f"{name} speaks")
        if isinstance(line, ModelCallFailed):
            raise line
        if call.on_token is not None:
            call.on_token(line)
        return Answered(Answer(line, Tokens(10, 2)), config)

    @property
    def names(self) -> list[str]:
        return [name for name, *_ in self.asked]

    def heard(self, name: str) -> tuple[Message, ...]:
        return next(messages for asked, _, messages, _ in self.asked if asked == name)


def a_catalogue(*rows: Any) -> FakeCatalogue:
    templates = [a_template(name=f"{name}-agent", content=f"You are {name}.") for name in AGENTS]
    return FakeCatalogue().put(a_config(), *templates, *rows)


async def complete(cast: Cast, *rows: Any, **request: Any) -> Completion:
    use_case = Complete(catalogue=a_catalogue(*rows), models=cast, agents=AgentRuns(Agents(cast)))
    given = {"template_name": None, "pipeline": "multi_agent", "prompt": PROMPT, **request}
    return await use_case(a_request(**given))


async def the_failure(cast: Cast, *rows: Any, **request: Any) -> CompletionFailed:
    with pytest.raises(CompletionFailed) as failed:
        await complete(cast, *rows, **request)
    return failed.value


async def test_a_safe_message_is_answered_by_the_main_agent() -> None:
    completion = await complete(cast := Cast())

    assert (completion.text, completion.agent_type) == ("main speaks", "main")
    assert (completion.config_name, completion.template_name) == ("smart", "main-agent")
    assert cast.names == ["moderation", "main"]
    assert cast.heard("main")[-1] == Message("user", PROMPT)


@pytest.mark.parametrize(
    "request_",
    [
        {"is_followup": True},
        {"history": (HistoryMessage("user", "Hi"), HistoryMessage("assistant", "Hello!"))},
        {"prompt": "Tell me more"},
        {"prompt": "lanjut dong"},
    ],
    ids=["said so", "history", "English", "Indonesian"],
)
async def test_what_continues_goes_to_the_followup_agent(request_: dict[str, Any]) -> None:
    assert (await complete(Cast(), **request_)).agent_type == "followup"


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


@pytest.mark.parametrize(("moderator", "untried"), [(DOWN, False), (OPEN, True)])
async def test_an_attempt_in_which_only_the_moderator_was_called_is_not_free(
    moderator: ModelCallFailed, untried: bool
) -> None:
    cast = Cast({"moderation": moderator, "main": OPEN, "fallback": OPEN})

    failure = await the_failure(cast, an_agent("moderation", on_error="allow"))

    assert failure.untried is untried


async def test_without_need_for_moderation_nobody_moderates() -> None:
    listener = FakeListener()

    await complete(cast := Cast(), needs_moderation=False, listener=listener)

    assert cast.names == ["main"]
    assert listener.nodes == ["router", "main"]


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


async def test_a_template_given_with_the_request_replaces_the_main_agents() -> None:
    poet = a_template(name="poet", content="You are a poet.", revision=4)

    completion = await complete(Cast(), poet, template_name="poet")

    assert (completion.text, completion.template_name, completion.template_revision) == ("a poet speaks", "poet", 4)


async def test_each_agent_calls_its_own_config_in_its_own_way() -> None:
    cast = Cast()
    row = an_agent("main", config_name="other", temperature=0.1, max_tokens=9, max_retries=1)

    completion = await complete(cast, row, a_config(name="other", temperature=1.0))

    assert completion.config_name == "other"
    assert [config.name for _, config, _, _ in cast.asked] == ["smart", "other"]
    _, config, _, call = cast.asked[-1]
    assert (config.temperature, config.max_tokens, call.max_retries) == (0.1, 9, 1)


async def test_only_the_answering_agent_is_heard() -> None:
    listener = FakeListener()

    await complete(Cast(), stream=True, listener=listener)

    assert listener.tokens == ["main speaks"]


async def test_usage_and_cost_are_those_of_all_calls() -> None:
    config = a_config(input_cost_per_mtok=Decimal(1), output_cost_per_mtok=Decimal(10))

    completion = await complete(Cast(), config)

    assert completion.usage == Usage(input_tokens=20, output_tokens=4, cost_usd=Decimal("0.00006"))


async def test_a_cost_that_is_unknown_in_part_is_unknown() -> None:
    priced = a_config(name="priced", input_cost_per_mtok=Decimal(1), output_cost_per_mtok=Decimal(10))

    completion = await complete(Cast(), priced, an_agent("main", config_name="priced"))

    assert completion.usage == Usage(input_tokens=20, output_tokens=4, cost_usd=None)


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


async def test_the_same_graph_serves_every_configuration() -> None:
    cast = Cast()
    runs = AgentRuns(Agents(cast))
    for content in ("You are main.", "You are new."):
        catalogue = a_catalogue(a_template(name="main-agent", content=content))
        use_case = Complete(catalogue=catalogue, models=cast, agents=runs)
        await use_case(a_request(template_name=None, pipeline="multi_agent", needs_moderation=False))

    assert cast.names == ["main", "new"]
