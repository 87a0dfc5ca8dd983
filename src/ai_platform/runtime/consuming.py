"""The one place that maps what became of a message's work to a verdict on its delivery."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from ai_platform.kernel.errors import InvalidInput, Unavailable
from ai_platform.runtime import tracing
from ai_platform.runtime.bus import Bus, Delivery, Message, Subscription
from ai_platform.runtime.express import EarlyWork, Express, MemoryExpress
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.telemetry import Metrics

_READY_POLL: Final = 0.5
_LONGEST_PAUSE: Final = 5.0

_log = get_logger(__name__)

Handle = Callable[[Message], Awaitable[None]]
Ready = Callable[[], Awaitable[None]]


class Consumer:
    """Gives each message to `handle` and each delivery its verdict.

    Done: acknowledged. InvalidInput: a dead letter at once. Unavailable: kept in hand and tried again once
    `ready` no longer raises, because a database that is away is not the message's fault. Anything else:
    redelivered after a growing pause, until the delivery limit makes it a dead letter. Whatever becomes of the work
    on a message's copy from the express way, the delivery alone has a verdict.
    """

    def __init__(
        self,
        queue: str,
        handle: Handle,
        *,
        ready: Ready,
        metrics: Metrics,
        concurrency: int,
        express: Express | None = None,
    ) -> None:
        self._queue = queue
        self._handle = handle
        self._ready = ready
        self._metrics = metrics
        self._concurrency = concurrency
        self._early = EarlyWork(express or MemoryExpress(), queue, handle, most=concurrency)
        self._subscription: Subscription | None = None

    async def start(self, bus: Bus) -> None:
        """Have up to `concurrency` messages in hand at a time."""
        self._subscription = await bus.subscribe(self._queue, self.receive, concurrency=self._concurrency)
        self._early.start()

    async def stop(self) -> None:
        """Take no more; what is in hand is worked on, and gets its verdict until the bus closes."""
        if self._subscription is not None:
            await self._early.stop()
            await self._subscription.stop()

    async def close(self) -> None:
        """Let go of what is in hand without its delivery."""
        await self._early.close()

    async def receive(self, delivery: Delivery) -> None:
        with self._early.holding(), tracing.continued(delivery.message.headers):
            outcome = await self._work_off(delivery)
            self._metrics.queue_messages.labels(self._queue, outcome).inc()

    async def _work_off(self, delivery: Delivery) -> str:
        while True:
            try:
                if not await self._early.is_done(delivery.message):
                    await self._handle(delivery.message)
            except Unavailable as error:
                _log.warning("message_waits", queue=self._queue, reason=error.detail)
                await self._until_ready()
            except InvalidInput as error:
                _log.error("message_refused", queue=self._queue, type=delivery.message.type, reason=error.detail)
                await delivery.dead_letter()
                return "dead_lettered"
            except Exception:  # noqa: BLE001 - whatever it is, the message goes back and the worker lives on
                _log.exception("message_failed", queue=self._queue, type=delivery.message.type)
                await asyncio.sleep(min(_LONGEST_PAUSE, 0.05 * 2**delivery.redeliveries))
                await delivery.redeliver()
                return "redelivered"
            else:
                await delivery.ack()
                return "done"

    async def _until_ready(self) -> None:
        while True:
            await asyncio.sleep(_READY_POLL)
            with suppress(Unavailable):
                return await self._ready()
