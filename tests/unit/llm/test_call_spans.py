"""A span tells of a call what an operator may know: never a key, and words only where that was asked for."""

import pytest

from ai_platform.llm.domain.calls import Answer, Call, Ending, Message, Tokens
from ai_platform.llm.domain.failures import ModelCallFailed, timed_out
from ai_platform.llm.infrastructure.call_spans import CallSpans
from ai_platform.llm.infrastructure.providers import MeasuredModels
from ai_platform.runtime.telemetry import Metrics
from tests.unit.llm.fakes import FakeModels, a_config
from tests.unit.runtime.fake_spans import RecordedSpans

_SAID = (Message("system", "be kind"), Message("user", "my secret wish"))


@pytest.mark.parametrize(
    ("provider", "named"),
    [("openai", "openai"), ("bedrock_converse", "aws.bedrock"), ("mistralai", "mistral_ai"), ("demo", "demo")],
)
def test_a_provider_is_named_as_the_conventions_name_it(provider: str, named: str) -> None:
    assert CallSpans().asked(a_config(provider=provider), _SAID)["gen_ai.provider.name"] == named


def test_a_temperature_that_is_not_sent_is_not_told() -> None:
    assert "gen_ai.request.temperature" not in CallSpans().asked(a_config(model_name="gpt-5"), _SAID)


@pytest.mark.parametrize(
    ("base_url", "address", "port"),
    [
        (None, "proxy.example", 8443),
        ("https://user:hidden@llm.example/v1", "llm.example", 443),
        ("http://localhost:8080/v1", "localhost", 8080),
    ],
)
def test_the_server_is_the_host_without_what_else_an_address_holds(
    base_url: str | None, address: str, port: int
) -> None:
    told = CallSpans(base_urls={"openai": "https://proxy.example:8443/v1"}).asked(a_config(base_url=base_url), _SAID)
    assert (told["server.address"], told["server.port"]) == (address, port)
    assert "hidden" not in repr(told)


def test_an_address_that_nobody_can_read_is_left_out() -> None:
    assert "server.address" not in CallSpans().asked(a_config(base_url="http://[broken"), _SAID)


def test_an_answer_is_told_by_its_end_and_its_tokens() -> None:
    told = CallSpans().answered(Answer("partly", Tokens(7, 3), Ending.TRUNCATED))
    assert told == {
        "gen_ai.response.finish_reasons": ["length"],
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
    }


async def test_a_call_is_a_client_span_without_words() -> None:
    spans = RecordedSpans()
    models = MeasuredModels(FakeModels(Answer("granted", Tokens(7, 3))), Metrics(), CallSpans(spans=spans))

    await models.answer(a_config(), _SAID, Call())

    (span,) = spans.ended
    assert (span.name, span.kind.value) == (f"chat {a_config().model_name}", "CLIENT")
    assert span.attributes["gen_ai.usage.input_tokens"] == 7
    assert "secret wish" not in repr(span.attributes)
    assert "granted" not in repr(span.attributes)


async def test_words_are_told_where_that_was_asked_for() -> None:
    spans = RecordedSpans()
    models = MeasuredModels(FakeModels(Answer("granted", None)), Metrics(), CallSpans(spans=spans, capture=True))

    await models.answer(a_config(), _SAID, Call())

    (span,) = spans.ended
    assert "my secret wish" in str(span.attributes["gen_ai.input.messages"])
    assert "granted" in str(span.attributes["gen_ai.output.messages"])


async def test_a_failed_call_is_told_by_its_code() -> None:
    spans = RecordedSpans()
    models = MeasuredModels(FakeModels(timed_out(a_config())), Metrics(), CallSpans(spans=spans))

    with pytest.raises(ModelCallFailed):
        await models.answer(a_config(), _SAID, Call())

    assert [span.error for span in spans.ended] == ["llm_timeout"]
