"""Logs never tell a secret, and tell people's words only when debugging."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ai_platform.runtime import tracing
from ai_platform.runtime.logging import REDACTED, configure_logging, get_logger

PASSWORD = "hunter2hunter2"


class Lines:
    """What was logged, line by line."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def last(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self.text.splitlines()[-1])
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    lines = Lines()
    configure_logging(level="DEBUG", output_format="json", stream=lines.stream)
    yield lines
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    "key",
    ["authorization", "Authorization", "api_key", "apikey", "openai_api_key", "password", "client_secret",
     "access_token", "set_cookie", "x_signature"],
)  # fmt: skip
def test_the_value_of_a_secret_key_is_never_told(lines: Lines, key: str) -> None:
    for told in (get_logger("test").debug, get_logger("test").error):
        told("event", **{key: PASSWORD})
        assert lines.last[key] == REDACTED
    assert PASSWORD not in lines.text


@pytest.mark.parametrize(
    "value",
    [
        f"the key aip_{PASSWORD} was wrong",
        f"openai said: bad key sk-proj-{PASSWORD}",
        f"Authorization: Bearer {PASSWORD}",
        f"authorization: bearer {PASSWORD}",
        f"amqp://guest:{PASSWORD}@localhost:5672/",
        f"redis://:{PASSWORD}@localhost:6379/0",
        f"postgresql://app:{PASSWORD}@db/ai and amqp://guest:{PASSWORD}@mq/",
        f"amqp://guest:p@{PASSWORD}@localhost:5672/",
    ],
)
def test_a_secret_within_a_value_is_never_told(lines: Lines, value: str) -> None:
    get_logger("test").error("event", reason=value)
    get_logger("test").error(value)
    get_logger("test").error("event", error=RuntimeError(value))
    get_logger("test").error("event", nested={"deep": [{"reason": value}, (value,)]})
    logging.getLogger("library").error("trouble with %s", value)
    assert PASSWORD not in lines.text
    assert lines.text.count(REDACTED) >= 6


def test_a_secret_in_a_traceback_is_never_told(lines: Lines) -> None:
    secret = f"amqp://guest:{PASSWORD}@localhost/"
    for log in (get_logger("test").exception, logging.getLogger("library").exception):
        try:
            raise ConnectionError(secret)
        except ConnectionError:
            log("broken")
        assert "ConnectionError" in lines.last["exception"]
    assert PASSWORD not in lines.text


def test_secrets_are_found_however_deep_they_are(lines: Lines) -> None:
    get_logger("test").debug(
        "event", request={"headers": {"authorization": PASSWORD}, "tries": [{"password": PASSWORD}]}
    )
    assert lines.last["request"] == {"headers": {"authorization": REDACTED}, "tries": [{"password": REDACTED}]}


@pytest.mark.parametrize(
    "key", ["prompt", "text", "body", "message_text", "result", "content", "phone", "phone_number"]
)
def test_peoples_words_are_told_only_when_debugging(lines: Lines, key: str) -> None:
    words = "my order is late"
    for told in (get_logger("test").info, get_logger("test").warning, get_logger("test").error):
        told("event", **{key: words}, job={key: words})
        assert (lines.last[key], lines.last["job"]) == (REDACTED, {key: REDACTED})
    get_logger("test").debug("event", **{key: words}, job={key: words})
    assert (lines.last[key], lines.last["job"]) == (words, {key: words})


def test_what_is_no_secret_is_told_as_it_is(lines: Lines) -> None:
    values = {"queue": "ai_tasks", "attempt": 2, "ms": 1.5, "ok": True, "none": None, "tokens": 12, "ids": ["a", "b"]}
    get_logger("test").info("event", **values, address="http://localhost:8000/v1/jobs?limit=1")
    line = lines.last
    assert {key: line[key] for key in values} == values
    assert (line["event"], line["level"]) == ("event", "info")
    assert line["address"] == "http://localhost:8000/v1/jobs?limit=1"


def test_logging_does_not_change_what_it_logs(lines: Lines) -> None:
    request = {"headers": {"authorization": PASSWORD}}
    get_logger("test").info("event", request=request)
    assert request == {"headers": {"authorization": PASSWORD}}


def test_each_line_names_the_trace_of_the_work_at_hand(lines: Lines) -> None:
    with tracing.active(tracing.begin("request-1")) as trace:
        get_logger("test").info("event")
        assert (lines.last["request_id"], lines.last["trace_id"]) == ("request-1", trace.trace_id)
        logging.getLogger("library").warning("event")
        assert lines.last["request_id"] == "request-1"
    get_logger("test").info("event")
    assert "request_id" not in lines.last


def test_lines_below_the_level_are_left_out(lines: Lines) -> None:
    configure_logging(level="WARNING", output_format="json", stream=lines.stream)
    get_logger("test").info("quiet")
    get_logger("test").warning("loud")
    assert [json.loads(line)["event"] for line in lines.text.splitlines()] == ["loud"]


def test_lines_for_a_persons_eye_tell_no_secret_either(lines: Lines) -> None:
    configure_logging(level="INFO", output_format="console", stream=lines.stream)
    get_logger("test").info("event", reason=f"Bearer {PASSWORD}", prompt="my order")
    assert "event" in lines.text
    assert PASSWORD not in lines.text
    assert "my order" not in lines.text
