"""Group commit: calls that arrive while a batch is under way become the next batch.

Alone, a call waits for nobody; under load, hundreds share one transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from ai_platform.kernel.errors import Unavailable

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

Flush = Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT]]]


class Batcher(Generic[ItemT, ResultT]):
    """Turns `flush(items) -> results` (same order, all or nothing) into one awaitable call an item.

    A batch that fails is taken apart and tried item by item, so that one bad item fails alone; not so when
    something is Unavailable, which is nobody's fault and told to all.
    """

    def __init__(self, flush: Flush[ItemT, ResultT], *, limit: int = 100, parallel: int = 1) -> None:
        self._flush = flush
        self._limit = limit
        self._parallel = parallel
        self._waiting: list[tuple[ItemT, asyncio.Future[ResultT]]] = []
        self._flushing: set[asyncio.Task[None]] = set()

    async def __call__(self, item: ItemT) -> ResultT:
        return await self.put(item)

    def put(self, item: ItemT) -> asyncio.Future[ResultT]:
        """The item takes its place behind those put before it, whether or not anybody waits for its result."""
        result: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if len(self._flushing) < self._parallel:
            self._flushing.add(asyncio.create_task(self._drain()))
        return result

    async def idle(self) -> None:
        """Returns when nothing is under way; to be awaited before what `flush` works with is closed."""
        while self._flushing:
            await asyncio.wait(self._flushing)

    async def _drain(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                await self._settle(batch)
        finally:
            self._flushing.discard(task)  # here and not in a callback: a call in between would wait for nobody

    async def _settle(self, batch: list[tuple[ItemT, asyncio.Future[ResultT]]]) -> None:
        try:
            results = await self._flush([item for item, _ in batch])
            settled = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 - handed to the callers, each of whom raises it
            if len(batch) > 1 and not isinstance(error, Unavailable):
                for one in batch:
                    await self._settle([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in settled:
            if not future.done():
                future.set_result(result)
