"""The express way over a short list in Redis, of which each copy is popped by one consumer."""

import asyncio
import json
from typing import Final
from uuid import UUID

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ai_platform.runtime.bus import Message
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.redis_speaker import PAUSE_WHEN_AWAY, REDIS_AWAY, RedisSpeaker

_KEPT_MS: Final = 100
"""By then the queue has brought the original."""

_KEPT_AT_MOST: Final = 8
_ASKING: Final = 5
"""Seconds for which Redis holds a question for the next copy."""

_log = get_logger(__name__)


class RedisExpress:
    """Implements `Express`. Connects when it is first used."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=2 * _ASKING,
            socket_connect_timeout=2,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )
        self._speaker = RedisSpeaker(self._redis, "express")

    def hand(self, queue: str, message: Message) -> None:
        key = _key(queue)
        self._speaker.say(
            ("RPUSH", key, _encoded(message)), ("LTRIM", key, -_KEPT_AT_MOST, -1), ("PEXPIRE", key, _KEPT_MS)
        )

    async def next(self, queue: str) -> Message:
        while True:
            try:
                popped = await self._redis.blpop([_key(queue)], timeout=_ASKING)
            except REDIS_AWAY as error:
                _log.warning("express_away", reason=type(error).__name__)
                await asyncio.sleep(PAUSE_WHEN_AWAY)
            else:
                if popped is not None and (message := _decoded(popped[1])) is not None:
                    return message

    async def close(self) -> None:
        await self._speaker.close()
        await self._redis.aclose()


def _key(queue: str) -> str:
    return f"express:{queue}"


def _encoded(message: Message) -> bytes:
    told = {"id": str(message.id), "type": message.type, "body": message.body, "headers": message.headers}
    return json.dumps(told, default=dict, separators=(",", ":")).encode()


def _decoded(raw: bytes | str) -> Message | None:
    """None for what is no message: whoever else writes there, it is only a copy."""
    try:
        told = json.loads(raw)
        return Message(id=UUID(str(told["id"])), type=told["type"], body=told["body"], headers=told["headers"])
    except (ValueError, TypeError, KeyError):
        return None
