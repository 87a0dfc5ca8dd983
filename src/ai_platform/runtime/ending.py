"""Ending a loop that lives as long as its process."""

import asyncio
from typing import Any, Final

_ASK_AGAIN: Final = 0.2


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel it until it has ended; its failure is not ours.

    Once is not enough: redis-py swallows a cancellation that comes while it connects and its time limit has just run
    out, as after the process was frozen.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_ASK_AGAIN)
