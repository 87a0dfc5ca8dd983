"""Spans that a test looks at."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ai_platform.kernel.errors import PlatformError
from ai_platform.runtime import tracing
from ai_platform.runtime.spans import Kind, Span, Value


@dataclass
class RecordedSpan:
    name: str
    kind: Kind
    attributes: dict[str, Value] = field(default_factory=dict)
    error: str | None = None

    def tell(self, attributes: Mapping[str, Value]) -> None:
        self.attributes |= attributes

    def call(self, name: str) -> None:
        self.name = name

    def fail(self, error_type: str) -> None:
        self.error = error_type


class RecordedSpans:
    """Implements `Spans`; `ended` has them in the order in which they ended."""

    def __init__(self) -> None:
        self.ended: list[RecordedSpan] = []

    @contextmanager
    def within(
        self, name: str, *, kind: Kind = Kind.INTERNAL, attributes: Mapping[str, Value] | None = None
    ) -> Iterator[Span]:
        span = RecordedSpan(name, kind, dict(attributes or {}))
        try:
            yield span
        except PlatformError as error:
            span.fail(error.stable_code)
            raise
        finally:
            self.ended.append(span)

    @contextmanager
    def continued(
        self,
        headers: Mapping[str, str],
        name: str,
        *,
        kind: Kind = Kind.INTERNAL,
        attributes: Mapping[str, Value] | None = None,
    ) -> Iterator[Span]:
        with tracing.continued(headers), self.within(name, kind=kind, attributes=attributes) as span:
            yield span

    def close(self) -> None:
        pass
