"""Structured logs with the trace of the work at hand, and without secrets or people's words."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from ai_platform.runtime import tracing

_SECRET_KEYS: Final = re.compile(r"authorization|api_?key|password|secret|token$|cookie|signature", re.IGNORECASE)
_SECRET_VALUES: Final = re.compile(r"\b(?:aip_|sk-)[A-Za-z0-9_-]{6,}|(?i:bearer)\s+\S+|(?<=://)[^/\s:@]*:[^/\s]+(?=@)")
_PEOPLES_WORDS: Final = frozenset(
    {"prompt", "text", "body", "message_text", "result", "content", "phone", "phone_number"}
)
_ROW_DETAIL: Final = re.compile(r"DETAIL:.*")  # PostgreSQL repeats the row that it refused
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
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the pretty one prints local variables, keys among them
        )
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[drop_meta, renderer])
    )
    for library in ("aiormq", "aio_pika", "sqlalchemy.pool"):  # a lost connection is ours to tell, once
        logging.getLogger(library).setLevel(logging.CRITICAL)
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
    hidden = frozenset[str]() if method == "debug" else _PEOPLES_WORDS
    for key, value in event.items():
        if not key.startswith("_"):  # structlog's own
            event[key] = _shown(key, value, hidden)
    return event


def _shown(key: str, value: object, hidden: frozenset[str]) -> object:
    """The value without secrets, however deep they are; an object that tells one by its repr becomes text."""
    if _SECRET_KEYS.search(key) or key in hidden:
        return REDACTED
    match value:
        case str():
            return _ROW_DETAIL.sub(f"DETAIL: {REDACTED}", _SECRET_VALUES.sub(REDACTED, value))
        case Mapping():
            return {name: _shown(str(name), one, hidden) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_shown("", one, hidden) for one in value]
        case None | bool() | int() | float():
            return value
        case _:
            text = repr(value)
            return _SECRET_VALUES.sub(REDACTED, text) if _SECRET_VALUES.search(text) else value
