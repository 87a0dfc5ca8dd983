"""One trace from the caller's request to the model's answer, seen by a collector; and nobody's words in it."""

from collections.abc import Iterator

import pytest

from tests.e2e.client import Client
from tests.e2e.programs import until
from tests.e2e.stage import KEY, METRICS_TOKEN, OPENAI_KEY, TALKATIVE, Stage, client_of, connected_stage
from tests.http_clients import request
from tests.services.stack import Services
from tests.twins.llm_server import LlmTwin
from tests.twins.otlp_receiver import OtlpReceiver, ReceivedSpan, otlp_receiver

TRACE, CALLER = "5bf7651916cd43dd8448eb211c80319c", "c7ad6b7169203331"
PROMPT = "nobody may read saxophone-0815 in a span"
AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "50"}


@pytest.fixture
def collector() -> Iterator[OtlpReceiver]:
    with otlp_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def apart(services: Services, migrated_template: str, twin: LlmTwin) -> Iterator[Stage]:
    """Where no worker but the test's own looks for jobs."""
    with connected_stage(services, template=migrated_template, twin=twin, variables=TALKATIVE) as stage:
        stage.config("traced", "some-model", provider="openai", temperature=0.5, max_tokens=77)
        yield stage


def traced(stage: Stage, collector: OtlpReceiver, *, flags: str = "01", **variables: str) -> list[ReceivedSpan]:
    """The spans of one job over the OpenAI wire, from processes of their own that then end."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **variables}
    gateway, worker = stage.gateway(**variables).start(), stage.worker(**variables).start()
    try:
        with client_of(gateway) as client:
            submit_and_wait(client, flags)
    finally:
        gateway.stop()
        worker.stop()
    return [span for span in collector.spans if span.trace_id == TRACE]


def submit_and_wait(client: Client, flags: str) -> None:
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-{flags}"}
    accepted = client.http.post("/v1/jobs", json={"prompt": PROMPT, "config_name": "traced"}, headers=headers)
    job_id = accepted.json()["job_id"]
    assert client.wait_terminal([job_id])[job_id]["status"] == "COMPLETED"


def test_one_trace_leads_from_the_caller_over_gateway_and_worker_to_the_model(
    apart: Stage, collector: OtlpReceiver, twin: LlmTwin
) -> None:
    told = traced(apart, collector, FASTAPI_OTEL_AUTO_CONFIGURE="true")
    assert len(told) == 3
    spans = {span.kind.removeprefix("SPAN_KIND_"): span for span in told}
    server, job, call = spans["SERVER"], spans["CONSUMER"], spans["CLIENT"]
    assert (server.parent, job.parent, call.parent) == (CALLER, server.span_id, job.span_id)
    assert (server.service, job.service) == ("ai-platform-gateway", "ai-platform-llm-worker")
    assert (server.name, job.name, call.name) == ("POST /v1/jobs", "job single", "chat some-model")
    assert server.attributes["http.response.status_code"] == 202
    assert job.attributes.items() >= {"job.attempt": 1, "job.status": "COMPLETED", "job.pipeline": "single"}.items()
    assert (
        call.attributes.items()
        >= {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "some-model",
            "gen_ai.request.max_tokens": 77,
            "gen_ai.request.temperature": 0.5,
            "server.address": "127.0.0.1",
            "server.port": twin.port,
        }.items()
    )
    assert call.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert call.attributes["gen_ai.usage.output_tokens"] == len(f"echo: {PROMPT}".split())
    sent = b"".join(collector.raw)
    for hidden in ("saxophone-0815", KEY, METRICS_TOKEN, OPENAI_KEY, apart.database_url):
        assert hidden.encode() not in sent


def test_words_are_told_only_where_the_operator_asks_for_them(apart: Stage, collector: OtlpReceiver) -> None:
    spans = traced(apart, collector, OTEL_CAPTURE_PROMPTS="true")

    call = next(span for span in spans if span.kind == "SPAN_KIND_CLIENT")
    assert PROMPT in call.attributes["gen_ai.input.messages"]
    assert f"echo: {PROMPT}" in call.attributes["gen_ai.output.messages"]
    assert OPENAI_KEY.encode() not in b"".join(collector.raw)


def test_a_caller_that_does_not_sample_is_not_sampled_anywhere(apart: Stage, collector: OtlpReceiver) -> None:
    assert traced(apart, collector, flags="00") == []


def test_a_collector_that_is_away_costs_one_warning(apart: Stage) -> None:
    gateway = apart.gateway(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", **AT_ONCE).start()

    def warnings() -> int:
        return sum(line["event"] == "spans_not_exported" for line in gateway.lines())

    def ask() -> int:
        assert request("GET", f"{gateway.url}/v1/jobs", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
        return warnings()

    until(ask, what="a warning")
    for _ in range(5):
        ask()
    gateway.stop()
    assert warnings() == 1
    assert "Traceback" not in gateway.history
