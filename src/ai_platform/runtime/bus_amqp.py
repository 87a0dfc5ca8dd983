"""The bus on RabbitMQ 3.10 to 4.x: quorum queues, confirms, one connection to publish and others to consume.

Plain connections under our own supervision: whatever ends a subscription (a broken connection, a closed
channel, a consumer that the broker cancelled) leads to the same step, connecting and declaring anew.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import DeliveryError, PublishError
from aiormq import Channel as UnderlayChannel

from ai_platform.runtime.amqp_broker import AWAY, TIMEOUT, Broker, unavailable
from ai_platform.runtime.amqp_subscription import AmqpSubscription, Work, collected_by, delivered_to
from ai_platform.runtime.amqp_wire import encode
from ai_platform.runtime.bus import Collect, Outgoing, QueueDepth, QueueName, QueueSpec, Receive

_IN_FLIGHT: Final = 100
_COLLECTED_AT_ONCE: Final = 20


class AmqpBus:
    """`queues` is the topology this process knows; whoever connects declares it."""

    def __init__(self, url: str, queues: Sequence[QueueSpec], *, event_exchange: str) -> None:
        self._broker = Broker(url, queues, event_exchange=event_exchange)
        self._publisher: _Publisher | None = None
        self._connecting = asyncio.Lock()
        self._subscriptions: list[AmqpSubscription] = []

    async def publish(self, batch: Sequence[Outgoing]) -> list[Exception | None]:
        outcomes: list[Exception | None] = []
        publisher = await self._connected()
        for start in range(0, len(batch), _IN_FLIGHT):
            outcomes += await asyncio.gather(*(publisher.publish(one) for one in batch[start : start + _IN_FLIGHT]))
        return outcomes

    async def subscribe(self, queue: str, receive: Receive, *, concurrency: int) -> "AmqpSubscription":
        return self._started(queue, delivered_to(receive, queue), concurrency)

    async def collect_dead(self, queue: str, collect: Collect) -> "AmqpSubscription":
        spec = self._broker.queues[queue]
        return self._started(spec.dead_letters, collected_by(collect, spec), _COLLECTED_AT_ONCE)

    async def depth(self, queue: str) -> QueueDepth:
        publisher = await self._connected()
        try:
            async with publisher.connection.channel() as channel:
                ready = await channel.declare_queue(queue, passive=True, timeout=TIMEOUT)
                dead = await channel.declare_queue(
                    self._broker.queues[queue].dead_letters, passive=True, timeout=TIMEOUT
                )
                found = ready.declaration_result
                return QueueDepth(
                    found.message_count or 0,
                    dead.declaration_result.message_count or 0,
                    consumers=found.consumer_count or 0,
                )
        except AWAY as error:
            raise unavailable() from error

    async def ping(self) -> None:
        await self._connected()

    async def close(self) -> None:
        for subscription in self._subscriptions:
            await subscription.close()
        if self._publisher is not None:
            await self._publisher.close()

    def _started(self, queue: str, work: Work, concurrency: int) -> AmqpSubscription:
        subscription = AmqpSubscription(self._broker, queue, work, concurrency)
        self._subscriptions.append(subscription)
        subscription.start()
        return subscription

    async def _connected(self) -> "_Publisher":
        async with self._connecting:
            if self._publisher is None or self._publisher.is_closed:
                connection = await self._broker.connect()
                try:
                    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                    await self._broker.declare(channel)
                    underlay = cast("UnderlayChannel", await channel.get_underlay_channel())
                    self._publisher = _Publisher(connection, underlay, self._broker.event_exchange)
                except BaseException as error:
                    await connection.close()
                    if isinstance(error, AWAY):
                        raise unavailable() from error
                    raise
            return self._publisher


class _Publisher:
    """Publishes on the channel below aio-pika's, whose exchange waits for the socket after every message."""

    def __init__(self, connection: AbstractConnection, channel: UnderlayChannel, event_exchange: str) -> None:
        self.connection = connection
        self._channel = channel
        self._event_exchange = event_exchange

    @property
    def is_closed(self) -> bool:
        return self.connection.is_closed or self._channel.is_closed

    async def publish(self, outgoing: Outgoing) -> Exception | None:
        """None once the broker has it on disk; the refusal of this one message; raises Unavailable."""
        message, to = encode(outgoing.message), outgoing.to
        is_direct = isinstance(to, QueueName)
        try:
            await self._channel.basic_publish(
                message.body,
                exchange="" if is_direct else self._event_exchange,
                routing_key=to.name if isinstance(to, QueueName) else to.routing_key,
                properties=message.properties,
                mandatory=is_direct,
                timeout=TIMEOUT,
                wait=False,
            )
        except (PublishError, DeliveryError) as refusal:
            return refusal
        except AWAY as error:
            raise unavailable() from error
        return None

    async def close(self) -> None:
        with suppress(*AWAY):
            await self.connection.close()
