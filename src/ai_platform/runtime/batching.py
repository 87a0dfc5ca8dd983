"""Group commit: calls that arrive while a batch is under way become the next batch.

Alone, a call waits for nobody; under load, hundreds share one transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Generic, TypeVar

from ai_platform.kernel.errors import Unavailable

KeyT = TypeVar("KeyT", bound=Hashable)
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

Flush = Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT]]]


class Batcher(Generic[ItemT, ResultT]):
    """Turns `flush(items) -> results` (same order, all or nothing) into one awaitable call an item.

    A batch that fails is taken apart and tried item by item, so that one bad item fails alone; not so when
    something is Unavailable, which is nobody's fault and told to all. `on_idle` is called whenever nothing is
    under way any more.
    """

    def __init__(
        self,
        flush: Flush[ItemT, ResultT],
        *,
        limit: int = 100,
        parallel: int = 1,
        on_idle: Callable[[], object] = lambda: None,
    ) -> None:
        self._on_idle = on_idle
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
            if not self._flushing:
                self._on_idle()

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


class KeyedBatchers(Generic[KeyT, ItemT, ResultT]):
    """A Batcher a key, so that what is of one key is never flushed with another's; kept only while it is busy."""

    def __init__(self, flush: Flush[ItemT, ResultT], *, limit: int = 100, parallel: int = 1) -> None:
        self._make = partial(Batcher[ItemT, ResultT], flush, limit=limit, parallel=parallel)
        self._batchers: dict[KeyT, Batcher[ItemT, ResultT]] = {}

    def __len__(self) -> int:
        """How many are busy."""
        return len(self._batchers)

    async def __call__(self, key: KeyT, item: ItemT) -> ResultT:
        batcher = self._batchers.get(key)
        if batcher is None:
            batcher = self._batchers[key] = self._make(on_idle=lambda: self._batchers.pop(key, None))
        return await batcher(item)

    async def idle(self) -> None:
        """Returns when nothing is under way for any key."""
        while self._batchers:
            await asyncio.gather(*(batcher.idle() for batcher in list(self._batchers.values())))
