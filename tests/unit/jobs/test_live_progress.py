import asyncio
from typing import Any

import pytest

from ai_platform.jobs.application.ports import Token
from ai_platform.jobs.infrastructure.live_progress import Speech
from ai_platform.jobs.infrastructure.live_wire import CHANGED, as_payload, channel_of, signal_of
from ai_platform.runtime.live import MISSED, MemoryLiveStream, Subscription
from tests.unit.jobs.builders import NOON, a_claimed_job
from tests.unit.jobs.fakes import FakeClock

SOON = 0.02
NEVER = 3600.0


async def heard(subscription: Subscription) -> list[Token]:
    """All that was told up to now."""
    subscription.end()
    tokens = [signal_of(payload) async for payload in subscription]
    assert None not in tokens
    return [one for one in tokens if one is not None]


def a_speech(live: MemoryLiveStream, job: Any, *, together: float = NEVER) -> Speech:
    return Speech(job, live, FakeClock(), together=together)


async def test_words_said_together_travel_together() -> None:
    live, job = MemoryLiveStream(), a_claimed_job(stream=True, attempt=2)
    async with live.subscribe(channel_of(job.id)) as subscription:
        speech = a_speech(live, job, together=SOON)
        for word in ("", "Code ", "flows ", "on"):
            speech.say(word)
        signal = signal_of(await asyncio.wait_for(anext(subscription), 2))
        assert signal == Token(attempt=2, take=1, offset=0, text="Code flows on", at=NOON)


async def test_what_is_said_later_tells_where_it_stands() -> None:
    live, job = MemoryLiveStream(), a_claimed_job(stream=True)
    async with live.subscribe(channel_of(job.id)) as subscription:
        speech = a_speech(live, job)
        for word in ("Code ", "flows"):
            speech.say(word)
            speech.flush()
        assert [(one.offset, one.text) for one in await heard(subscription)] == [(0, "Code "), (5, "flows")]


async def test_an_answer_that_begins_anew_is_another_take() -> None:
    live, job = MemoryLiveStream(), a_claimed_job(stream=True)
    async with live.subscribe(channel_of(job.id)) as subscription:
        speech = a_speech(live, job)
        for word in ("", "half an", "", "the whole"):
            speech.say(word)
        speech.flush()
        tokens = [(one.take, one.offset, one.text) for one in await heard(subscription)]
        assert tokens == [(1, 0, "half an"), (2, 0, "the whole")]


@pytest.mark.parametrize(("stream", "is_watched", "told"), [(False, False, 0), (True, False, 1), (False, True, 1)])
async def test_a_job_speaks_when_somebody_wanted_to_hear_it(stream: bool, is_watched: bool, told: int) -> None:
    live, job = MemoryLiveStream(), a_claimed_job(stream=stream, is_watched=is_watched)
    async with live.subscribe(channel_of(job.id)) as subscription:
        speech = a_speech(live, job)
        speech.say("Hello")
        speech.flush()
        assert len(await heard(subscription)) == told


@pytest.mark.parametrize("payload", [CHANGED, MISSED, b"!", b"\xff", b'{"later": 1}', b"[1]", b"7", b"[1,2,3,4,5]"])
def test_what_is_no_token_only_wakes(payload: bytes) -> None:
    assert signal_of(payload) is None


def test_a_token_comes_as_it_was_sent() -> None:
    token = Token(attempt=1, take=2, offset=3, text='Grüße 🙂 "\n\x00', at=NOON)
    assert signal_of(as_payload(token)) == token


def test_half_a_character_does_no_harm() -> None:
    token = signal_of(as_payload(Token(attempt=1, take=1, offset=0, text="\ud83d", at=NOON)))
    assert token is not None
    assert token.text == "?"
