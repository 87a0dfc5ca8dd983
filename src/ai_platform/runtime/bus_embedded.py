"""The bus on PostgreSQL alone, for `ai-platform dev`: rows taken with SKIP LOCKED, woken by LISTEN/NOTIFY.

A delivery is a lease on its row, renewed while the message is in hand; a verdict deletes or releases the row.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import asyncpg

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.bus import (
    Collect,
    Message,
    Outgoing,
    QueueDepth,
    QueueName,
    QueueSpec,
    Receive,
    destinations,
    received,
)
from ai_platform.runtime.bus_burials import EmbeddedBurials
from ai_platform.runtime.bus_store import BURY, CHANNEL, FORGET, LEASE, RELEASE, RENEW, BusStore, Lease
from ai_platform.runtime.db import Database
from ai_platform.runtime.logging import get_logger

POLL: Final = 1.0
_LISTEN_AGAIN: Final = 1.0

_log = get_logger(__name__)


class EmbeddedBus:
    """The same promises as the broker's, on the database that the process has anyway."""

    def __init__(
        self, database: Database, queues: Sequence[QueueSpec], *, lease: float = LEASE, poll: float = POLL
    ) -> None:
        """`lease`: seconds after which a message in the hand of a dead process comes again. `poll`: seconds
        between two looks of a subscription that nobody wakes.
        """
        self._database = database
        self._store = BusStore(database, lease)
        self._poll = poll
        self._queues = {spec.name: spec for spec in queues}
        self._subscriptions: list[EmbeddedSubscription] = []
        self._burials: list[EmbeddedBurials] = []
        self._listener: asyncio.Task[None] | None = None

    async def publish(self, batch: Sequence[Outgoing]) -> list[Exception | None]:
        rows: list[tuple[str, Message]] = []
        outcomes: list[Exception | None] = []
        for outgoing in batch:
            queues = destinations(self._queues.values(), outgoing.to)
            unknown = isinstance(outgoing.to, QueueName) and not queues
            outcomes.append(LookupError(f"no queue {outgoing.to}") if unknown else None)
            rows += [(queue, outgoing.message) for queue in queues]
        if rows:
            await self._store.send(rows)
        return outcomes

    async def subscribe(self, queue: str, receive: Receive, *, concurrency: int) -> "EmbeddedSubscription":
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="bus-listener")
        subscription = EmbeddedSubscription(
            self._store, self._queues[queue], receive, concurrency=concurrency, poll=self._poll
        )
        self._subscriptions.append(subscription)
        subscription.start()
        return subscription

    async def collect_dead(self, queue: str, collect: Collect) -> EmbeddedBurials:
        self._burials.append(EmbeddedBurials(self._store, self._queues[queue], collect, poll=self._poll))
        self._burials[-1].start()
        return self._burials[-1]

    async def depth(self, queue: str) -> QueueDepth:
        here = sum(one.consumes(queue) for one in self._subscriptions)  # rows do not tell who reads them
        return replace(await self._store.depth(queue), consumers=here)

    async def ping(self) -> None:
        await self._database.ping()

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        for subscription in self._subscriptions:
            await subscription.close()
        for burials in self._burials:
            await burials.stop()

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
            await asyncio.sleep(_LISTEN_AGAIN)

    def _wake(self, *_: Any) -> None:
        for subscription in self._subscriptions:
            subscription.wake()


class EmbeddedSubscription:
    """Takes as many messages as it has free hands, and keeps the leases of those in hand."""

    def __init__(self, store: BusStore, spec: QueueSpec, receive: Receive, *, concurrency: int, poll: float) -> None:
        self._store = store
        self._forget: Batcher[Lease, None] = Batcher(self._forget_all, limit=500)
        self._spec = spec
        self._receive = receive
        self._concurrency = concurrency
        self._poll = poll
        self._in_hand: set[Lease] = set()
        self._work_in_hand: set[asyncio.Task[None]] = set()
        self._work = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._renew())]

    def consumes(self, queue: str) -> bool:
        return self._spec.name == queue and not self._stopping

    def wake(self) -> None:
        self._work.set()

    async def stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self.wake()
            await self._tasks[0]

    async def close(self) -> None:
        await self.stop()
        tasks = [self._tasks[1], *self._work_in_hand]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._forget.idle()
        with suppress(Unavailable):
            await self._store.settle(RELEASE, list(self._in_hand))

    async def forget(self, lease: Lease) -> None:
        try:
            await self._forget(lease)
        finally:
            self._let_go(lease)

    async def release(self, lease: Lease) -> None:
        self._in_hand.discard(lease)  # first, so that no renewal undoes the release
        try:
            await self._store.settle(RELEASE, [lease])
        finally:
            self.wake()

    async def bury(self, lease: Lease) -> None:
        try:
            await self._store.settle(BURY, [lease])
        finally:
            self._let_go(lease)

    def _let_go(self, lease: Lease) -> None:
        self._in_hand.discard(lease)
        self.wake()

    async def _forget_all(self, leases: Sequence[Lease]) -> list[None]:
        await self._store.settle(FORGET, leases)
        return [None] * len(leases)

    async def _run(self) -> None:
        while not self._stopping:
            self._work.clear()
            try:
                taken = await self._take(self._concurrency - len(self._in_hand))
            except Unavailable as error:
                _log.warning("queue_unreachable", queue=self._spec.name, reason=error.detail)
                taken = 0
            except Exception:  # noqa: BLE001 - a subscription that ends would leave its queue to nobody
                _log.exception("taking_failed", queue=self._spec.name)
                taken = 0
            if not taken and not self._stopping:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), self._poll)

    async def _take(self, most: int) -> int:
        if most <= 0:
            return 0
        rows = await self._store.take(self._spec.name, most)
        for row in rows:
            message = Message(id=row.message_id, type=row.type, body=row.body, headers=row.headers)
            lease = Lease(row.seq, row.deliveries)
            self._in_hand.add(lease)
            task = asyncio.create_task(self._deliver(EmbeddedDelivery(self, lease, message)))
            self._work_in_hand.add(task)
            task.add_done_callback(self._work_in_hand.discard)
        return len(rows)

    async def _deliver(self, delivery: "EmbeddedDelivery") -> None:
        with suppress(Unavailable):  # a lost verdict: the lease runs out, and the message comes again
            if delivery.redeliveries > self._spec.delivery_limit:
                await delivery.dead_letter()
            else:
                await received(self._receive, delivery, self._spec.name)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._store.lease / 3)
            try:
                await self._store.settle(RENEW, list(self._in_hand))
            except Unavailable as error:
                _log.warning("leases_not_renewed", queue=self._spec.name, reason=error.detail)
            except Exception:  # noqa: BLE001 - the next renewal may succeed
                _log.exception("renewing_failed", queue=self._spec.name)


class EmbeddedDelivery:
    def __init__(self, subscription: EmbeddedSubscription, lease: Lease, message: Message) -> None:
        self._subscription = subscription
        self.lease = lease
        self.message = message

    @property
    def redeliveries(self) -> int:
        return self.lease.delivery - 1

    async def ack(self) -> None:
        await self._subscription.forget(self.lease)

    async def redeliver(self) -> None:
        await self._subscription.release(self.lease)

    async def dead_letter(self) -> None:
        await self._subscription.bury(self.lease)
