"""The bus as everybody sees it: what a message is, where it goes, and what may become of a delivery.

Two adapters pass one test suite: `bus_amqp` (RabbitMQ) and `bus_embedded` (PostgreSQL).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.logging import get_logger

_log = get_logger(__name__)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QueueName:
    """A message for exactly one queue, which must exist."""

    name: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A fact for whoever bound a queue to it: dotted words, e.g. `jobs.completed.v1`. Nobody is fine."""

    routing_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`headers` carry the request id and trace context; `id` stays the same in every redelivery."""

    id: UUID
    type: str
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    to: QueueName | Topic
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSpec:
    """A queue with its dead letters (`<name>.dead`). `bindings` are topic patterns: `*` one word, `#` any number.

    A message that was redelivered `delivery_limit` times becomes a dead letter instead of coming once more.
    """

    name: str
    bindings: tuple[str, ...] = ()
    delivery_limit: int = 20

    @property
    def dead_letters(self) -> str:
        return f"{self.name}.dead"


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Messages that wait, messages in the queue's dead letters, and processes that consume it."""

    ready: int
    dead: int
    consumers: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMessage:
    """One of a queue's dead letters. `id` is the message's own; a body that is no JSON object is `{"base64": …}`.

    `deliveries` is how often it was delivered, as far as the broker tells.
    """

    id: UUID
    queue: str
    type: str
    body: Json
    headers: Mapping[str, str]
    reason: Literal["rejected", "delivery_limit", "body_unreadable"]
    deliveries: int
    died_at: datetime | None


class Delivery(Protocol):
    """One message in hand. Exactly one of the three verdicts is given, once, after the work is committed."""

    @property
    def message(self) -> Message: ...

    @property
    def redeliveries(self) -> int: ...

    async def ack(self) -> None:
        """Done; it will not come again."""

    async def redeliver(self) -> None:
        """Not done; it comes again, at most `delivery_limit` times."""

    async def dead_letter(self) -> None:
        """It can never be done; keep it where an operator finds it."""


Receive = Callable[[Delivery], Awaitable[None]]


async def received(receive: Receive, delivery: Delivery, queue: str) -> None:
    """Have it received; a receiver that breaks has its delivery come again, instead of keeping it for ever."""
    try:
        await receive(delivery)
    except Unavailable as error:
        _log.warning("verdict_lost", queue=queue, reason=error.detail)
    except Exception:  # noqa: BLE001 - whatever it is, the subscription goes on
        _log.exception("receiver_failed", queue=queue)
        await delivery.redeliver()


class Subscription(Protocol):
    async def stop(self) -> None:
        """Take no more deliveries. Those in hand may still be given their verdict until the bus closes."""


Collect = Callable[[DeadMessage], Awaitable[None]]


class Graveyard(Protocol):
    async def collect_dead(self, queue: str, collect: Collect) -> Subscription:
        """Have each dead letter of the queue: it is gone once `collect` returns, and comes again when it raises."""


class Bus(Graveyard, Protocol):
    async def publish(self, batch: Sequence[Outgoing]) -> list[Exception | None]:
        """Publish durably and wait for all confirmations; one entry each, None where it is confirmed.

        A message for a queue that does not exist is an entry, never lost in silence. Raises Unavailable when the
        bus is away; then any part of the batch may have been published.
        """

    async def subscribe(self, queue: str, receive: Receive, *, concurrency: int) -> Subscription:
        """Have up to `concurrency` deliveries in hand at a time, and again after every interruption."""

    async def depth(self, queue: str) -> QueueDepth:
        """Raises Unavailable when the bus is away."""

    async def ping(self) -> None:
        """Raises Unavailable when the bus is away."""

    async def close(self) -> None:
        """Give back what is in hand without a verdict, and leave."""


def destinations(queues: Iterable[QueueSpec], to: QueueName | Topic) -> list[str]:
    """The names of the queues that a message goes to."""
    if isinstance(to, QueueName):
        return [spec.name for spec in queues if spec.name == to.name]
    return [spec.name for spec in queues if any(topic_matches(one, to.routing_key) for one in spec.bindings)]


def topic_matches(pattern: str, routing_key: str) -> bool:
    """AMQP 0-9-1 topic matching (§3.1.3.3): `*` is one word, `#` zero or more."""
    return _words_match(pattern.split("."), routing_key.split("."))


def _words_match(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_words_match(pattern[1:], words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and _words_match(pattern[1:], words[1:])
