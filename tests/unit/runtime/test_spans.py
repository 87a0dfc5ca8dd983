"""A span stands in the trace that headers and rows carry, and says nothing that a person wrote."""

import asyncio
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime import tracing
from ai_platform.runtime.spans import NO_SPANS, Kind
from ai_platform.runtime.spans_otlp import OtlpSpans, QuietExporter

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"x-request-id": "request-1", "traceparent": f"00-{TRACE}-{PARENT}-01"}


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(kept: InMemorySpanExporter) -> OtlpSpans:
    return OtlpSpans(kept, service="ai-platform-test", version="1")


def ended(spans: OtlpSpans, kept: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    spans.close()
    return {span.name: span for span in kept.get_finished_spans()}


def test_the_callers_span_is_the_parent_and_ours_goes_on_in_the_headers(
    spans: OtlpSpans, kept: InMemorySpanExporter
) -> None:
    with spans.continued(HEADERS, "GET", kind=Kind.SERVER) as span:
        span.call("GET /v1/jobs")
        going_on = tracing.current()

    told = ended(spans, kept)["GET /v1/jobs"]
    assert told.parent is not None
    assert f"{told.parent.span_id:016x}" == PARENT
    assert going_on is not None
    assert going_on.headers() == {
        "x-request-id": "request-1",
        "traceparent": f"00-{TRACE}-{told.context.span_id:016x}-01",
    }


def test_a_span_within_hangs_on_the_one_around_it(spans: OtlpSpans, kept: InMemorySpanExporter) -> None:
    with spans.continued({}, "outer"), spans.within("inner"):
        pass

    told = ended(spans, kept)
    assert told["outer"].parent is None
    assert told["inner"].parent is not None
    assert told["inner"].parent.span_id == told["outer"].context.span_id


def test_outside_of_any_work_a_span_is_a_root(spans: OtlpSpans, kept: InMemorySpanExporter) -> None:
    with spans.within("alone"):
        pass

    assert ended(spans, kept)["alone"].parent is None
    assert tracing.current() is None


@pytest.mark.parametrize("traceparent", ["", "garbage", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01-x"])
def test_a_malformed_trace_is_as_none(spans: OtlpSpans, kept: InMemorySpanExporter, traceparent: str) -> None:
    with spans.continued({"traceparent": traceparent}, "begun"):
        pass

    assert ended(spans, kept)["begun"].parent is None


def test_a_trace_that_is_not_sampled_goes_on_unseen(spans: OtlpSpans, kept: InMemorySpanExporter) -> None:
    with spans.continued({"traceparent": f"00-{TRACE}-{PARENT}-00"}, "unseen"):
        going_on = tracing.current()

    assert going_on is not None
    assert going_on.trace_id == TRACE
    assert going_on.traceparent.endswith("-00")
    assert ended(spans, kept) == {}


def test_a_failure_is_told_by_its_code_and_never_by_its_words(spans: OtlpSpans, kept: InMemorySpanExporter) -> None:
    def fail() -> None:
        with spans.within("failing"):
            raise Unavailable("the customer wrote saxophone", code="database_unavailable")

    with pytest.raises(Unavailable):
        fail()

    told = ended(spans, kept)["failing"]
    assert told.attributes == {"error.type": "database_unavailable"}
    assert not told.status.is_ok
    assert "saxophone" not in told.to_json()


def test_work_that_is_cancelled_has_not_failed(spans: OtlpSpans, kept: InMemorySpanExporter) -> None:
    def cancel() -> None:
        with spans.within("cancelled"):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        cancel()

    assert ended(spans, kept)["cancelled"].attributes == {"cancelled": True}


def test_without_a_collector_the_trace_still_goes_on() -> None:
    with NO_SPANS.continued(HEADERS, "GET") as span:
        span.call("GET /v1/jobs")
        span.tell({"any": 1})
        span.fail("500")
        going_on = tracing.current()
        with NO_SPANS.within("inner"):
            assert tracing.current() == going_on

    assert going_on is not None
    assert going_on.trace_id == TRACE


class Flapping(SpanExporter):
    """Answers as the list says, one export after the other."""

    def __init__(self, *results: SpanExportResult) -> None:
        self._results = list(results)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - the SDK's
        return self._results.pop(0)


def test_a_collector_that_stays_away_is_told_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    away, there = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    exporter = QuietExporter(Flapping(away, away, there, away))

    told = []
    for _ in range(4):
        exporter.export([])
        told.append(capsys.readouterr().out.count("spans_not_exported"))

    assert told == [1, 0, 0, 1]
