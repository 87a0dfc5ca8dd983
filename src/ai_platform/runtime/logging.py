"""Structured logs with the trace of the work at hand, and without secrets or people's words."""

import logging
import re
import sys
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from ai_platform.runtime import tracing

_SECRET_KEYS: Final = re.compile(r"authorization|api_?key|password|secret|token$|cookie|signature", re.IGNORECASE)
_SECRET_VALUES: Final = re.compile(r"\b(?:aip_|sk-)[A-Za-z0-9_-]{6,}|Bearer\s+\S+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
_PEOPLES_WORDS: Final = frozenset(
    {"prompt", "text", "body", "message_text", "result", "content", "phone", "phone_number"}
)
REDACTED: Final = "[redacted]"


def get_logger(name: str) -> FilteringBoundLogger:
    """A lazy logger; what it prints to is decided by `configure_logging`."""
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


def configure_logging(*, level: str, output_format: str, stream: TextIO | None = None) -> None:
    """One line an event on `stream` (stdout by default); the standard library's loggers go the same way."""
    stream = stream or sys.stdout
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        add_trace,
        redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if output_format == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[drop_meta, renderer])
    )
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, logging.getLevelName(level)), force=True)


def drop_meta(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(_, __, event)


def add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    trace = tracing.current()
    if trace is not None:
        event.setdefault("request_id", trace.request_id)
        event.setdefault("trace_id", trace.trace_id)
    return event


def redact(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Secrets never; phone numbers and message text only when debugging."""
    for key, value in event.items():
        if _SECRET_KEYS.search(key) or (key in _PEOPLES_WORDS and method != "debug"):
            event[key] = REDACTED
        elif isinstance(value, str):
            event[key] = _SECRET_VALUES.sub(REDACTED, value)
    return event
