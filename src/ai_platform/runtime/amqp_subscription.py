"""Consuming one queue of RabbitMQ, through restarts and cancellations."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage, AbstractQueue

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.amqp_broker import AWAY, TIMEOUT, Broker
from ai_platform.runtime.amqp_wire import decode, decode_dead
from ai_platform.runtime.bus import Collect, Message, QueueSpec, Receive, received
from ai_platform.runtime.logging import get_logger

_RECONNECT_PAUSE: Final = 0.5
_COLLECT_AGAIN: Final = 1.0

_log = get_logger(__name__)


Work = Callable[[AbstractIncomingMessage], Coroutine[Any, Any, None]]
"""What is done with one message, its verdict included."""


def delivered_to(receive: Receive, queue: str) -> Work:
    async def work(incoming: AbstractIncomingMessage) -> None:
        message = decode(incoming)
        if message is None:
            _log.error("message_undecodable", queue=queue, message_id=incoming.message_id)
            with suppress(*AWAY):
                await incoming.reject(requeue=False)
        else:
            await received(receive, AmqpDelivery(message, incoming), queue)

    return work


def collected_by(collect: Collect, spec: QueueSpec) -> Work:
    """One that cannot be collected now stays unacknowledged: put back too often, RabbitMQ 4 would drop it."""

    async def work(incoming: AbstractIncomingMessage) -> None:
        while True:
            try:
                await collect(decode_dead(incoming, spec))
                break
            except Unavailable as error:
                _log.warning("dead_letters_wait", queue=spec.name, reason=error.detail)
            except Exception:  # noqa: BLE001 - it stays where it is, and is tried again
                _log.exception("collecting_failed", queue=spec.name)
            await asyncio.sleep(_COLLECT_AGAIN)
        with suppress(*AWAY):
            await incoming.ack()

    return work


class AmqpSubscription:
    """Consumes one queue on a connection of its own until stopped, through restarts and cancellations."""

    def __init__(self, broker: Broker, queue: str, work: Work, concurrency: int) -> None:
        self._broker = broker
        self._queue_name = queue
        self._work = work
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
            _, hanging = await asyncio.wait([self._task], timeout=TIMEOUT)
            for task in hanging:  # in a broker that answers nothing
                task.cancel()
            self._task = None
        if self._consuming is not None:
            queue, tag = self._consuming
            self._consuming = None
            with suppress(*AWAY):
                await queue.cancel(tag, timeout=TIMEOUT)

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
            except (Unavailable, *AWAY) as error:
                _log.warning("queue_unreachable", queue=self._queue_name, reason=str(error) or type(error).__name__)
            except Exception:  # noqa: BLE001 - a subscription that ends would leave its queue to nobody
                _log.exception("subscribing_failed", queue=self._queue_name)
            if not self._stopping:
                await self._disconnect()
                await asyncio.sleep(_RECONNECT_PAUSE)

    async def _consume(self) -> None:
        self._interrupted.clear()
        if self._stopping:
            return
        self._connection = await self._broker.connect()
        self._connection.close_callbacks.add(self._on_interruption)
        channel = await self._connection.channel(publisher_confirms=False)
        channel.close_callbacks.add(self._on_interruption)
        await channel.set_qos(prefetch_count=self._concurrency)
        await self._broker.declare(channel)
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(self._on_interruption)
        queue = await channel.get_queue(self._queue_name, ensure=False)
        self._consuming = (queue, await queue.consume(self._on_message))

    def _on_interruption(self, *_: Any) -> None:
        self._interrupted.set()

    async def _on_message(self, incoming: AbstractIncomingMessage) -> None:
        """The work is a task of our own: those of a channel are cancelled when its connection breaks."""
        task = asyncio.create_task(self._work(incoming))
        self._work_in_hand.add(task)
        task.add_done_callback(self._work_in_hand.discard)

    async def _disconnect(self) -> None:
        connection, self._connection, self._consuming = self._connection, None, None
        if connection is not None:
            with suppress(*AWAY):
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
        with suppress(*AWAY):
            await self._incoming.ack()

    async def redeliver(self) -> None:
        with suppress(*AWAY):
            await self._incoming.nack(requeue=True)

    async def dead_letter(self) -> None:
        with suppress(*AWAY):
            await self._incoming.reject(requeue=False)
