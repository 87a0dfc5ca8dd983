"""The demo model: deterministic, without network, for the first five minutes, for tests and for load tests.

Its pace is set for the process and, for one config, in the model's name: `demo?latency=0.2&jitter=0.05&fail=0.1`.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from urllib.parse import parse_qsl

from ai_platform.llm.domain.calls import Answer, Call, Ending, Message, Tokens
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import ModelCallFailed, unusable_config
from ai_platform.llm.domain.moderation import SCHEMA
from ai_platform.llm.domain.refusals import Refusal, failure_of
from ai_platform.llm.infrastructure.demo_moderation import demo_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPace:
    """`latency` and `jitter` in seconds, `fail` the share of prompts (0 to 1) that are refused as overloaded.

    Which prompts fail, and how long each takes within `latency` ± `jitter`, depends on their words alone.
    """

    latency: float = 0.0
    jitter: float = 0.0
    fail: float = 0.0

    def __post_init__(self) -> None:
        if self.latency < 0 or self.jitter < 0 or not 0 <= self.fail <= 1:
            raise ValueError("latency and jitter are not negative, fail is 0 to 1")


@dataclass(frozen=True, slots=True)
class DemoModel:
    """Answers `[demo]` and the prompt's words; counts words as tokens and stops at `max_tokens` of them."""

    pace: DemoPace

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        pace = _pace(config, self.pace)
        prompt = messages[-1].content
        delay, fate = _draws(prompt)
        seconds = pace.latency + (2 * delay - 1) * pace.jitter
        if call.on_token is not None:
            call.on_token("")
        if fate < pace.fail:
            await asyncio.sleep(max(0.0, seconds))
            raise failure_of(Refusal(status=529), config)
        answer = _answer(messages, _words(prompt, call), config.max_tokens)
        await _speak(answer.text, seconds, call.on_token)
        return answer


async def _speak(text: str, seconds: float, on_token: Callable[[str], None] | None) -> None:
    """Word by word over the time that the answer takes, when somebody listens."""
    if on_token is None:
        if seconds > 0:
            await asyncio.sleep(seconds)
        return
    pieces = re.findall(r"\S+\s*", text)
    for piece in pieces:
        if seconds > 0:
            await asyncio.sleep(seconds / len(pieces))
        on_token(piece)


def _words(prompt: str, call: Call) -> list[str]:
    if call.schema is not None and call.schema.get("title") == SCHEMA["title"]:
        return demo_verdict(prompt).split(" ")
    return ["[demo]", *prompt.split()]


def _answer(messages: Sequence[Message], words: list[str], limit: int) -> Answer:
    said = words[:limit]
    return Answer(
        " ".join(said),
        Tokens(input=sum(len(message.content.split()) for message in messages), output=len(said)),
        Ending.TRUNCATED if len(words) > limit else Ending.COMPLETE,
    )


def _draws(prompt: str) -> tuple[float, float]:
    """Two independent numbers in 0 ≤ x < 1, always the same for the same words."""
    digest = hashlib.blake2b(prompt.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest[:4]) / 2**32, int.from_bytes(digest[4:]) / 2**32


def _pace(config: LLMConfig, default: DemoPace) -> DemoPace:
    _, _, query = config.model_name.partition("?")
    if not query:
        return default
    try:
        return _parsed(query, default)
    except ValueError:
        raise _unreadable(config) from None


@lru_cache(maxsize=128)
def _parsed(query: str, default: DemoPace) -> DemoPace:
    stated = {name: float(number) for name, number in parse_qsl(query, strict_parsing=True)}
    if unknown := stated.keys() - {field.name for field in fields(DemoPace)}:
        raise ValueError(f"unknown: {unknown}")
    return replace(default, **stated)


def _unreadable(config: LLMConfig) -> ModelCallFailed:
    return unusable_config(config, "a demo model is written 'demo' or 'demo?latency=0.2&jitter=0.05&fail=0.1'")
