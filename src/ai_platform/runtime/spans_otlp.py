"""Spans over OTLP/HTTP. The only module that loads OpenTelemetry, and only in a process that exports."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from ai_platform.kernel.errors import PlatformError
from ai_platform.runtime import tracing
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.spans import Kind, Span, Value
from ai_platform.runtime.tracing import Trace

_KINDS: Final = {kind: SpanKind[kind.value] for kind in Kind}

_log = get_logger(__name__)


class OtlpSpans:
    """Implements `Spans`. The sampler is the SDK's: a caller's choice is kept, OTEL_TRACES_SAMPLER decides the rest."""

    def __init__(self, exporter: SpanExporter, *, service: str, version: str) -> None:
        resource = Resource.create({"service.name": service, "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("ai_platform", version)

    @contextmanager
    def within(
        self, name: str, *, kind: Kind = Kind.INTERNAL, attributes: Mapping[str, Value] | None = None
    ) -> Iterator[Span]:
        current = tracing.current()
        request_id = (current or tracing.begin()).request_id
        parent = current.traceparent if current else None
        with self._open(name, kind, attributes, request_id=request_id, parent=parent) as span:
            yield span

    @contextmanager
    def continued(
        self,
        headers: Mapping[str, str],
        name: str,
        *,
        kind: Kind = Kind.INTERNAL,
        attributes: Mapping[str, Value] | None = None,
    ) -> Iterator[Span]:
        request_id = tracing.begin(headers.get("x-request-id")).request_id
        parent = headers.get("traceparent", "")
        known = parent if tracing.is_traceparent(parent) else None
        with self._open(name, kind, attributes, request_id=request_id, parent=known) as span:
            yield span

    def close(self) -> None:
        self._provider.shutdown()

    @contextmanager
    def _open(
        self, name: str, kind: Kind, attributes: Mapping[str, Value] | None, *, request_id: str, parent: str | None
    ) -> Iterator[Span]:
        """The active trace's parent id is the span's own, so that everything inside hangs on it."""
        above = _context(parent) if parent else Context()
        span = self._tracer.start_span(name, above, _KINDS[kind], attributes)
        told = _Told(span)
        try:
            with tracing.active(Trace(request_id, _traceparent(span.get_span_context()))):
                yield told
        except asyncio.CancelledError:
            told.tell({"cancelled": True})
            raise
        except BaseException as error:
            told.fail(error.stable_code if isinstance(error, PlatformError) else type(error).__name__)
            raise
        finally:
            span.end()


class _Told:
    def __init__(self, span: otel.Span) -> None:
        self._span = span

    def tell(self, attributes: Mapping[str, Value]) -> None:
        self._span.set_attributes(attributes)

    def call(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, error_type: str) -> None:
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(Status(StatusCode.ERROR))


class QuietExporter(SpanExporter):
    """A collector that is away costs spans and one warning, which is due again only after it has been there."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        away = result is not SpanExportResult.SUCCESS
        if away and not self._away:
            _log.warning("spans_not_exported", remedy="check OTEL_EXPORTER_OTLP_ENDPOINT; said once")
        self._away = away
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def otlp_spans(endpoint: str, *, service: str, version: str) -> OtlpSpans:
    """To `<endpoint>/v1/traces`. Headers, timeout and certificates are OpenTelemetry's own variables."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it repeats itself; QuietExporter says it once
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    return OtlpSpans(QuietExporter(exporter), service=service, version=version)


def _context(traceparent: str) -> Context:
    _, trace_id, span_id, flags = traceparent.split("-")
    context = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return otel.set_span_in_context(NonRecordingSpan(context))


def _traceparent(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
