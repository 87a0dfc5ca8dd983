"""The bus on PostgreSQL alone, for `ai-platform dev`: rows taken with SKIP LOCKED, woken by LISTEN/NOTIFY.

A delivery is a lease on its row, renewed while the message is in hand; a verdict deletes or releases the row.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.bus import Message, Outgoing, QueueDepth, QueueName, QueueSpec, Receive, topic_matches
from ai_platform.runtime.bus_store import BURY, CHANNEL, FORGET, LEASE, RELEASE, RENEW, BusStore
from ai_platform.runtime.db import Database
from ai_platform.runtime.logging import get_logger

_POLL: Final = 1.0

_log = get_logger(__name__)


class EmbeddedBus:
    """The same promises as the broker's, on the database that the process has anyway."""

    def __init__(self, database: Database, queues: Sequence[QueueSpec]) -> None:
        self._database = database
        self._store = BusStore(database)
        self._queues = {spec.name: spec for spec in queues}
        self._subscriptions: list[EmbeddedSubscription] = []
        self._listener: asyncio.Task[None] | None = None

    async def publish(self, batch: Sequence[Outgoing]) -> list[Exception | None]:
        rows: list[tuple[str, Message]] = []
        outcomes: list[Exception | None] = []
        for outgoing in batch:
            queues = self._destinations(outgoing)
            unknown = isinstance(outgoing.to, QueueName) and not queues
            outcomes.append(LookupError(f"no queue {outgoing.to}") if unknown else None)
            rows += [(queue, outgoing.message) for queue in queues]
        if rows:
            await self._store.send(rows)
        return outcomes

    async def subscribe(self, queue: str, receive: Receive, *, concurrency: int) -> "EmbeddedSubscription":
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="bus-listener")
        subscription = EmbeddedSubscription(self._store, self._queues[queue], receive, concurrency)
        self._subscriptions.append(subscription)
        subscription.start()
        return subscription

    async def depth(self, queue: str) -> QueueDepth:
        return await self._store.depth(queue)

    async def ping(self) -> None:
        await self._database.ping()

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        for subscription in self._subscriptions:
            await subscription.close()

    def _destinations(self, outgoing: Outgoing) -> list[str]:
        to = outgoing.to
        if isinstance(to, QueueName):
            return [to.name] if to.name in self._queues else []
        return [
            spec.name
            for spec in self._queues.values()
            if any(topic_matches(pattern, to.routing_key) for pattern in spec.bindings)
        ]

    async def _listen(self) -> None:
        """Wakes the subscriptions on every publish; while it reconnects, they poll."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection = await asyncpg.connect(self._database.listen_dsn(), timeout=5)
                try:
                    gone = asyncio.Event()
                    connection.add_termination_listener(lambda *_, event=gone: event.set())
                    await connection.add_listener(CHANNEL, self._wake)
                    self._wake()
                    await gone.wait()
                finally:
                    connection.terminate()
            await asyncio.sleep(_POLL)

    def _wake(self, *_: Any) -> None:
        for subscription in self._subscriptions:
            subscription.wake()


class EmbeddedSubscription:
    """Takes as many messages as it has free hands, and keeps the leases of those in hand."""

    def __init__(self, store: BusStore, spec: QueueSpec, receive: Receive, concurrency: int) -> None:
        self._store = store
        self._forget: Batcher[int, None] = Batcher(self._forget_all, limit=500)
        self._spec = spec
        self._receive = receive
        self._concurrency = concurrency
        self._in_hand: dict[int, asyncio.Task[None]] = {}
        self._work = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._renew())]

    def wake(self) -> None:
        self._work.set()

    async def stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self.wake()
            await self._tasks[0]

    async def close(self) -> None:
        await self.stop()
        self._tasks[1].cancel()
        held, tasks = list(self._in_hand), [self._tasks[1], *self._in_hand.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(Unavailable):
            await self._store.settle(RELEASE, held)

    async def forget(self, seq: int) -> None:
        await self._forget(seq)

    async def release(self, seq: int) -> None:
        await self._store.settle(RELEASE, [seq])

    async def bury(self, seq: int) -> None:
        await self._store.settle(BURY, [seq])

    async def _forget_all(self, seqs: Sequence[int]) -> list[None]:
        await self._store.settle(FORGET, seqs)
        return [None] * len(seqs)

    async def _run(self) -> None:
        while not self._stopping:
            self._work.clear()
            try:
                taken = await self._take(self._concurrency - len(self._in_hand))
            except Unavailable as error:
                _log.warning("queue_unreachable", queue=self._spec.name, reason=error.detail)
                taken = 0
            if not taken and not self._stopping:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), _POLL)

    async def _take(self, most: int) -> int:
        if most <= 0:
            return 0
        rows = await self._store.take(self._spec.name, most)
        for row in rows:
            message = Message(id=row.message_id, type=row.type, body=row.body, headers=row.headers)
            task = asyncio.create_task(self._deliver(EmbeddedDelivery(self, row.seq, message, row.deliveries - 1)))
            self._in_hand[row.seq] = task
        return len(rows)

    async def _deliver(self, delivery: "EmbeddedDelivery") -> None:
        try:
            if delivery.redeliveries > self._spec.delivery_limit:
                await delivery.dead_letter()
            else:
                await self._receive(delivery)
        except Unavailable:
            _log.warning("verdict_lost", queue=self._spec.name)
        finally:
            self._in_hand.pop(delivery.seq, None)
            self.wake()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE / 3)
            with suppress(Unavailable):
                await self._store.settle(RENEW, list(self._in_hand))


class EmbeddedDelivery:
    def __init__(self, subscription: EmbeddedSubscription, seq: int, message: Message, redeliveries: int) -> None:
        self._subscription = subscription
        self.seq = seq
        self.message = message
        self.redeliveries = redeliveries

    async def ack(self) -> None:
        await self._subscription.forget(self.seq)

    async def redeliver(self) -> None:
        await self._subscription.release(self.seq)

    async def dead_letter(self) -> None:
        await self._subscription.bury(self.seq)
