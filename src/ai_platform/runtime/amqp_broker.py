"""RabbitMQ as both sides of the bus meet it: connections, the topology, and what being away looks like."""

import asyncio
from collections.abc import Sequence
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.amqp_wire import queue_arguments
from ai_platform.runtime.bus import QueueSpec

TIMEOUT: Final = 10.0
"""Seconds for any answer of the broker."""
AWAY: Final = (AMQPError, OSError, TimeoutError, RuntimeError, asyncio.InvalidStateError)


class Broker:
    """`queues` is the topology this process knows; it is declared before every use, which is idempotent."""

    def __init__(self, url: str, queues: Sequence[QueueSpec], *, event_exchange: str) -> None:
        self.queues = {spec.name: spec for spec in queues}
        self.event_exchange = event_exchange
        self._url = url
        self._declaring = asyncio.Lock()  # RabbitMQ 3.10 trips over one new quorum queue declared twice at a time

    async def connect(self) -> AbstractConnection:
        try:
            return await aio_pika.connect(self._url, timeout=TIMEOUT, heartbeat=15)
        except AWAY as error:
            raise unavailable() from error

    async def declare(self, channel: AbstractChannel) -> None:
        """Queues, their dead letters and bindings. Arguments never change for a name; policies tune the rest."""
        async with self._declaring:
            events = await channel.declare_exchange(self.event_exchange, aio_pika.ExchangeType.TOPIC, durable=True)
            for spec in self.queues.values():
                await channel.declare_queue(spec.dead_letters, durable=True, arguments={"x-queue-type": "quorum"})
                queue = await channel.declare_queue(spec.name, durable=True, arguments=queue_arguments(spec))
                for pattern in spec.bindings:
                    await queue.bind(events, pattern)


def unavailable() -> Unavailable:
    return Unavailable("The message broker cannot be reached; try again shortly.", code="queue_unavailable")
