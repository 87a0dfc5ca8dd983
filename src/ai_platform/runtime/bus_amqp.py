"""The bus on RabbitMQ 3.10 to 4.x: quorum queues, confirms, one connection to publish and others to consume.

Plain connections under our own supervision: whatever ends a subscription (a broken connection, a closed
channel, a consumer that the broker cancelled) leads to the same step, connecting and declaring anew.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, cast

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, DeliveryError, PublishError
from aiormq import Channel as UnderlayChannel

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.amqp_wire import decode, encode, queue_arguments
from ai_platform.runtime.bus import Message, Outgoing, QueueDepth, QueueName, QueueSpec, Receive, received
from ai_platform.runtime.logging import get_logger

_IN_FLIGHT: Final = 100
_TIMEOUT: Final = 10.0
_RECONNECT_PAUSE: Final = 0.5
_AWAY: Final = (AMQPError, OSError, TimeoutError, RuntimeError, asyncio.InvalidStateError)

_log = get_logger(__name__)


class AmqpBus:
    """`queues` is the topology this process knows; it is declared before every use, which is idempotent."""

    def __init__(self, url: str, queues: Sequence[QueueSpec], *, event_exchange: str) -> None:
        self._url = url
        self._queues = {spec.name: spec for spec in queues}
        self._event_exchange = event_exchange
        self._publisher: _Publisher | None = None
        self._connecting = asyncio.Lock()
        self._declaring = asyncio.Lock()  # RabbitMQ 3.10 trips over one new quorum queue declared twice at a time
        self._subscriptions: list[AmqpSubscription] = []

    async def publish(self, batch: Sequence[Outgoing]) -> list[Exception | None]:
        outcomes: list[Exception | None] = []
        publisher = await self._connected()
        for start in range(0, len(batch), _IN_FLIGHT):
            outcomes += await asyncio.gather(*(publisher.publish(one) for one in batch[start : start + _IN_FLIGHT]))
        return outcomes

    async def subscribe(self, queue: str, receive: Receive, *, concurrency: int) -> "AmqpSubscription":
        subscription = AmqpSubscription(self, queue, receive, concurrency)
        self._subscriptions.append(subscription)
        subscription.start()
        return subscription

    async def depth(self, queue: str) -> QueueDepth:
        publisher = await self._connected()
        try:
            async with publisher.connection.channel() as channel:
                ready = await channel.declare_queue(queue, passive=True, timeout=_TIMEOUT)
                dead = await channel.declare_queue(self._queues[queue].dead_letters, passive=True, timeout=_TIMEOUT)
                return QueueDepth(
                    ready.declaration_result.message_count or 0, dead.declaration_result.message_count or 0
                )
        except _AWAY as error:
            raise _unavailable() from error

    async def ping(self) -> None:
        await self._connected()

    async def close(self) -> None:
        for subscription in self._subscriptions:
            await subscription.close()
        if self._publisher is not None:
            await self._publisher.close()

    async def connect(self) -> AbstractConnection:
        try:
            return await aio_pika.connect(self._url, timeout=_TIMEOUT, heartbeat=15)
        except _AWAY as error:
            raise _unavailable() from error

    async def declare(self, channel: AbstractChannel) -> None:
        """Queues, their dead letters and bindings. Arguments never change for a name; policies tune the rest."""
        async with self._declaring:
            events = await channel.declare_exchange(self._event_exchange, aio_pika.ExchangeType.TOPIC, durable=True)
            for spec in self._queues.values():
                await channel.declare_queue(spec.dead_letters, durable=True, arguments={"x-queue-type": "quorum"})
                queue = await channel.declare_queue(spec.name, durable=True, arguments=queue_arguments(spec))
                for pattern in spec.bindings:
                    await queue.bind(events, pattern)

    async def _connected(self) -> "_Publisher":
        async with self._connecting:
            if self._publisher is None or self._publisher.is_closed:
                connection = await self.connect()
                try:
                    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                    await self.declare(channel)
                    underlay = cast("UnderlayChannel", await channel.get_underlay_channel())
                    self._publisher = _Publisher(connection, underlay, self._event_exchange)
                except _AWAY as error:
                    await connection.close()
                    raise _unavailable() from error
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
                timeout=_TIMEOUT,
                wait=False,
            )
        except (PublishError, DeliveryError) as refusal:
            return refusal
        except _AWAY as error:
            raise _unavailable() from error
        return None

    async def close(self) -> None:
        with suppress(*_AWAY):
            await self.connection.close()


class AmqpSubscription:
    """Consumes one queue on a connection of its own until stopped, through restarts and cancellations."""

    def __init__(self, bus: AmqpBus, queue: str, receive: Receive, concurrency: int) -> None:
        self._bus = bus
        self._queue_name = queue
        self._receive = receive
        self._concurrency = concurrency
        self._interrupted = asyncio.Event()
        self._stopping = False
        self._connection: AbstractConnection | None = None
        self._consuming: tuple[AbstractQueue, str] | None = None
        self._work_in_hand: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"consume-{self._queue_name}")

    async def stop(self) -> None:
        self._stopping = True
        self._interrupted.set()
        if self._task is not None:
            await self._task
            self._task = None
        if self._consuming is not None:
            queue, tag = self._consuming
            self._consuming = None
            with suppress(*_AWAY):
                await queue.cancel(tag, timeout=_TIMEOUT)

    async def close(self) -> None:
        await self.stop()
        work = list(self._work_in_hand)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await self._disconnect()

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._consume()
                await self._interrupted.wait()
            except (Unavailable, *_AWAY) as error:
                _log.warning("queue_unreachable", queue=self._queue_name, reason=str(error) or type(error).__name__)
            if not self._stopping:
                await self._disconnect()
                await asyncio.sleep(_RECONNECT_PAUSE)

    async def _consume(self) -> None:
        self._interrupted.clear()
        if self._stopping:
            return
        self._connection = await self._bus.connect()
        self._connection.close_callbacks.add(self._on_interruption)
        channel = await self._connection.channel(publisher_confirms=False)
        channel.close_callbacks.add(self._on_interruption)
        await channel.set_qos(prefetch_count=self._concurrency)
        await self._bus.declare(channel)
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(self._on_interruption)
        queue = await channel.get_queue(self._queue_name, ensure=False)
        self._consuming = (queue, await queue.consume(self._on_message))

    def _on_interruption(self, *_: Any) -> None:
        self._interrupted.set()

    async def _on_message(self, incoming: AbstractIncomingMessage) -> None:
        """The work is a task of our own: those of a channel are cancelled when its connection breaks."""
        message = decode(incoming)
        if message is None:
            _log.error("message_undecodable", queue=self._queue_name, message_id=incoming.message_id)
            await incoming.reject(requeue=False)
        else:
            task = asyncio.create_task(received(self._receive, AmqpDelivery(message, incoming), self._queue_name))
            self._work_in_hand.add(task)
            task.add_done_callback(self._work_in_hand.discard)

    async def _disconnect(self) -> None:
        connection, self._connection, self._consuming = self._connection, None, None
        if connection is not None:
            with suppress(*_AWAY):
                await connection.close()


class AmqpDelivery:
    """A verdict on a connection that is gone changes nothing: the broker delivers the message again."""

    def __init__(self, message: Message, incoming: AbstractIncomingMessage) -> None:
        self.message = message
        self._incoming = incoming

    @property
    def redeliveries(self) -> int:
        count = self._incoming.headers.get("x-delivery-count", 0)
        return count if isinstance(count, int) else 0

    async def ack(self) -> None:
        with suppress(*_AWAY):
            await self._incoming.ack()

    async def redeliver(self) -> None:
        with suppress(*_AWAY):
            await self._incoming.nack(requeue=True)

    async def dead_letter(self) -> None:
        with suppress(*_AWAY):
            await self._incoming.reject(requeue=False)


def _unavailable() -> Unavailable:
    return Unavailable("The message broker cannot be reached; try again shortly.", code="queue_unavailable")
