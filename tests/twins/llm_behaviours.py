"""What the twin does is chosen by the name of the model. Any other name echoes.

echo                      answers "echo: <the prompt>"
slow-0.2                  the same after 0.2 s
status-500                that status in the provider's own error shape
rate-limited[-3]          429, Retry-After in seconds (default 1)
rate-limited-ms-250       429, retry-after-ms
rate-limited-date-5       429, Retry-After as an HTTP date five seconds ahead
quota, auth, overloaded, not-found, too-long
moved-8080                307 to that port of this machine
hang                      never answers
cut                       closes the connection in the middle of the body or of the stream
stream-cut                ends the stream politely, but without the event that says why
stream-error              an error event after 200 and half the answer
garbage, garbage-json, garbage-shape      HTML, broken JSON, JSON of another shape, each with 200
empty, truncated, refusal
held                      echoes once the prompt is released
held-cut                  the same, but the first call with a prompt ends in the middle
flaky-2-503               the first two calls with a prompt fail with 503, later ones echo
storm-30-10-5             by a seeded dice: 30 % 429 (for 1 s or, mostly, 250 ms), 10 % 500, 5 % hang, else a slow echo
fenced-verdict            a moderator's verdict between prose and code fences

Whoever would echo answers a moderator's instructions with a verdict: a prompt with the word "bomb" is violence.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Final

from tests.twins.anthropic_wire import AnthropicWire
from tests.twins.llm_calls import Call, Reply, Said, text_of
from tests.twins.openai_wire import OpenAiWire

Wire = OpenAiWire | AnthropicWire
_Behaviour = Callable[[Wire, Call, "re.Match[str]"], Reply]

_PAGE: Final = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


def spoken(wire: Wire, call: Call, said: Said) -> Reply:
    """An answer in the form that the call asks for."""
    if call.stream:
        return Reply(events=wire.events(call, said), content_type="text/event-stream; charset=utf-8")
    return Reply(body=wire.answer(call, said))


def _echo(wire: Wire, call: Call, _: "re.Match[str]") -> Reply:
    return spoken(wire, call, Said(f"echo: {call.prompt}"))


def _slow(wire: Wire, call: Call, match: "re.Match[str]") -> Reply:
    return replace(_echo(wire, call, match), delay=float(match[1]))


def _held(wire: Wire, call: Call, _: "re.Match[str] | None" = None) -> Reply:
    return replace(spoken(wire, call, Said(f"echo: {call.prompt}")), held=True)


def _limited_by_date(wire: Wire, _: Call, match: "re.Match[str]") -> Reply:
    moment = datetime.now(UTC) + timedelta(seconds=int(match[1]))
    return wire.error(429, headers={"retry-after": format_datetime(moment, usegmt=True)})


def _cut(wire: Wire, call: Call, match: "re.Match[str]") -> Reply:
    return replace(_halved(_echo(wire, call, match)), breaks_off=True)


def _stream_cut(wire: Wire, call: Call, match: "re.Match[str]") -> Reply:
    return _halved(_echo(wire, call, match))


def _stream_error(wire: Wire, call: Call, match: "re.Match[str]") -> Reply:
    reply = _halved(_echo(wire, call, match))
    return reply if reply.events is None else replace(reply, events=(*reply.events, wire.error_event()))


def _garbage_json(wire: Wire, call: Call, match: "re.Match[str]") -> Reply:
    reply = _echo(wire, call, match)
    if reply.events is None:
        return replace(reply, body=reply.body[: len(reply.body) // 2])
    broken = tuple(event.replace(b"}", b"") for event in reply.events)
    return replace(reply, events=broken)


def asks_for_verdict(call: Call) -> bool:
    """Whether the system prompt is a moderator's."""
    first = (call.body.get("messages") or [{}])[0]
    instructions = call.body.get("system") or (first.get("content") if first.get("role") == "system" else "")
    return '"is_safe"' in text_of(instructions)


def verdict(call: Call) -> str:
    found = ["violence"] if "bomb" in call.prompt else []
    return json.dumps({"is_safe": not found, "violations": found, "confidence": 0.9, "reason": "The twin says so."})


def _fenced_verdict(wire: Wire, call: Call, _: "re.Match[str]") -> Reply:
    return spoken(wire, call, Said(f"My verdict is:\n```json\n{verdict(call)}\n```\nAnything else?"))


def _halved(reply: Reply) -> Reply:
    return reply if reply.events is None else replace(reply, events=reply.events[: len(reply.events) // 2])


_BEHAVIOURS: Final[tuple[tuple["re.Pattern[str]", _Behaviour], ...]] = tuple(
    (re.compile(f"^{pattern}$"), behaviour)
    for pattern, behaviour in (
        (r"slow-(\d+(?:\.\d+)?)", _slow),
        (r"status-(\d{3})", lambda wire, _, match: wire.error(int(match[1]))),
        (r"held", _held),
        (r"rate-limited(?:-(\d+))?", lambda wire, _, m: wire.error(429, headers={"retry-after": m[1] or "1"})),
        (r"rate-limited-ms-(\d+)", lambda wire, _, m: wire.error(429, headers={"retry-after-ms": m[1]})),
        (r"rate-limited-date-(\d+)", _limited_by_date),
        (r"quota", lambda wire, _, __: wire.out_of_credit()),
        (r"auth", lambda wire, _, __: wire.error(401)),
        (r"overloaded", lambda wire, _, __: wire.overloaded()),
        (
            r"moved-(\d+)",
            lambda _, __, m: Reply(status=307, headers={"location": f"http://127.0.0.1:{m[1]}/elsewhere"}),
        ),
        (r"not-found", lambda wire, _, __: wire.error(404)),
        (r"too-long", lambda wire, _, __: wire.too_long()),
        (r"hang", lambda _, __, ___: Reply(hangs=True)),
        (r"cut", _cut),
        (r"stream-cut", _stream_cut),
        (r"stream-error", _stream_error),
        (r"garbage", lambda _, __, ___: Reply(body=_PAGE, content_type="text/html")),
        (r"garbage-json", _garbage_json),
        (r"garbage-shape", lambda _, __, ___: Reply(body=b'{"hello": ["world"]}')),
        (r"fenced-verdict", _fenced_verdict),
        (r"empty", lambda wire, call, _: spoken(wire, call, Said(""))),
        (r"truncated", lambda wire, call, _: spoken(wire, call, Said(f"echo: {call.prompt}", "length"))),
        (r"refusal", lambda wire, call, _: spoken(wire, call, Said("", "refusal"))),
    )
)
_FLAKY: Final = re.compile(r"^flaky-(\d+)-(\d{3})$")


_STORM: Final = re.compile(r"^storm-(\d+)-(\d+)-(\d+)$")


def _stormy(wire: Wire, call: Call, match: "re.Match[str]", dice: Random) -> Reply:
    limited, broken, hanging = (int(share) for share in match.groups())
    thrown = dice.random() * 100
    if thrown < limited:
        return wire.error(429, headers=dice.choices(({"retry-after": "1"}, {"retry-after-ms": "250"}), (1, 4))[0])
    if thrown < limited + broken:
        return wire.error(500)
    if thrown < limited + broken + hanging:
        return Reply(hangs=True)
    return replace(spoken(wire, call, Said(f"echo: {call.prompt}")), delay=dice.uniform(0.05, 0.3))


@dataclass(frozen=True, slots=True)
class Behaviours:
    """`asked` counts the calls by model and prompt, for models that change their mind; `dice` is for storms."""

    asked: Counter[tuple[str, str]]
    dice: Random = field(default_factory=lambda: Random(4711))  # noqa: S311 - chance, not a secret

    def reply(self, wire: Wire, call: Call) -> Reply:
        self.asked[call.model, call.prompt] += 1
        flaky = _FLAKY.match(call.model)
        if flaky and self.asked[call.model, call.prompt] <= int(flaky[1]):
            return wire.error(int(flaky[2]))
        if storm := _STORM.match(call.model):
            return _stormy(wire, call, storm, self.dice)
        if call.model == "held-cut":
            is_first = self.asked[call.model, call.prompt] == 1
            return _halved(_held(wire, call)) if is_first else _held(wire, call)
        for pattern, behaviour in _BEHAVIOURS:
            if match := pattern.match(call.model):
                return behaviour(wire, call, match)
        return spoken(wire, call, Said(verdict(call) if asks_for_verdict(call) else f"echo: {call.prompt}"))
