"""What tests wait with: conditions, never guesses of time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from tests.patience import PATIENCE

_PAUSE = 0.01


async def eventually(condition: Callable[[], Awaitable[object] | object], *, within: float = PATIENCE) -> None:
    """Return as soon as `condition` is true; AssertionError with its words after `within` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not await _value_of(condition):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {within:g} s: {_words_of(condition)}")
        await asyncio.sleep(_PAUSE)


async def _value_of(condition: Callable[[], Awaitable[object] | object]) -> object:
    value = condition()
    return await value if inspect.isawaitable(value) else value


def _words_of(condition: Callable[[], object]) -> str:
    try:
        return inspect.getsource(condition).strip()
    except OSError:
        return repr(condition)
