"""Takes dead letters out of the broker and into the table: each is committed before the broker may forget it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid5

from ai_platform.runtime import dead_letters
from ai_platform.runtime.bus import DeadMessage, Graveyard, Subscription
from ai_platform.runtime.db import Database
from ai_platform.runtime.dead_letters import DeadLetter
from ai_platform.runtime.logging import get_logger

_WHY: Final = {
    "rejected": "It was rejected: what it asks for can never be done, or it is no message of this platform.",
    "delivery_limit": "It was delivered too often without being done.",
    "body_unreadable": "Its body is no JSON object, so nobody could read it.",
}

_log = get_logger(__name__)


class DeadLetterCollector:
    """Runs in every worker process; several share the work."""

    def __init__(self, bus: Graveyard, database: Database, queues: Sequence[str]) -> None:
        self._bus = bus
        self._database = database
        self._queues = queues
        self._subscriptions: list[Subscription] = []

    async def start(self) -> None:
        for queue in self._queues:
            self._subscriptions.append(await self._bus.collect_dead(queue, self.collect))

    async def stop(self) -> None:
        for subscription in self._subscriptions:
            await subscription.stop()

    async def collect(self, dead: DeadMessage) -> None:
        """Keep it as a row; the same message twice is one row."""
        async with self._database.transaction(None) as connection:
            await dead_letters.write(connection, [letter_of(dead)])
        _log.error("dead_letter_collected", queue=dead.queue, type=dead.type, code=dead.reason)


def letter_of(dead: DeadMessage) -> DeadLetter:
    """Its id follows from the queue and the message, so that a redelivery finds it there."""
    why: dict[str, Any] = {"code": dead.reason, "message": _WHY[dead.reason]}
    at = (dead.died_at or datetime.now(UTC)).isoformat()
    return DeadLetter(
        id=uuid5(dead.id, dead.queue),
        queue=dead.queue,
        type=dead.type,
        body=dead.body,
        headers=dead.headers,
        code=why["code"],
        message=why["message"],
        attempts=[{"attempt": dead.deliveries, "at": at, "error": why}],
    )
