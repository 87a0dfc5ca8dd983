"""Spans: what one piece of work took, told to OpenTelemetry when an operator names a collector.

A span stands in the trace of `tracing`: its id is the parent id that headers, messages and stored rows carry on.
Attributes are names, numbers and ids of our own. No exception's text is recorded: it may quote what a person wrote.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum
from typing import Final, Protocol

from ai_platform.runtime import tracing

Value = str | bool | int | float | list[str]


class Kind(Enum):
    """As OpenTelemetry names them: who waits for whom."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    CONSUMER = "CONSUMER"


class Span(Protocol):
    """Something that takes time, while it goes on."""

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """What became known of it."""

    def call(self, name: str) -> None:
        """The name that is known only at its end, such as a route's."""

    def fail(self, error_type: str) -> None:
        """It failed, by a code of low cardinality."""


class Spans(Protocol):
    """The spans of one process; made once and passed down."""

    def within(
        self, name: str, *, kind: Kind = Kind.INTERNAL, attributes: Mapping[str, Value] | None = None
    ) -> AbstractContextManager[Span]:
        """A part of the work whose trace is active."""

    def continued(
        self,
        headers: Mapping[str, str],
        name: str,
        *,
        kind: Kind = Kind.INTERNAL,
        attributes: Mapping[str, Value] | None = None,
    ) -> AbstractContextManager[Span]:
        """The same on the other side of a hop, whose headers (`x-request-id`, `traceparent`) name the trace."""

    def close(self) -> None:
        """Send what is left. Blocks."""


class _Untold:
    """A span that nobody looks at."""

    def tell(self, attributes: Mapping[str, Value]) -> None:
        pass

    def call(self, name: str) -> None:
        pass

    def fail(self, error_type: str) -> None:
        pass


_UNTOLD: Final = _Untold()
_NOTHING: Final = nullcontext(_UNTOLD)


class NoSpans:
    """Without a collector: the trace goes on, and that is all."""

    def within(
        self,
        name: str,  # noqa: ARG002 - the port's
        *,
        kind: Kind = Kind.INTERNAL,  # noqa: ARG002 - the port's
        attributes: Mapping[str, Value] | None = None,  # noqa: ARG002 - the port's
    ) -> AbstractContextManager[Span]:
        return _NOTHING

    @contextmanager
    def continued(
        self,
        headers: Mapping[str, str],
        name: str,  # noqa: ARG002 - the port's
        *,
        kind: Kind = Kind.INTERNAL,  # noqa: ARG002 - the port's
        attributes: Mapping[str, Value] | None = None,  # noqa: ARG002 - the port's
    ) -> Iterator[Span]:
        with tracing.continued(headers):
            yield _UNTOLD

    def close(self) -> None:
        pass


NO_SPANS: Final[Spans] = NoSpans()
