"""What tests wait with: conditions, never guesses of time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVarTuple

from tests.patience import PATIENCE

GivenT = TypeVarTuple("GivenT")

_PAUSE = 0.01


async def eventually(
    condition: Callable[[*GivenT], Awaitable[object] | object], *given: *GivenT, within: float = PATIENCE
) -> None:
    """Return as soon as `condition` is true of the given; AssertionError with its words after `within` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not await _value_of(condition(*given)):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {within:g} s: {_words_of(condition, given)}")
        await asyncio.sleep(_PAUSE)


async def _value_of(answer: Awaitable[object] | object) -> object:
    return await answer if inspect.isawaitable(answer) else answer


def _words_of(condition: Callable[..., object], given: tuple[object, ...]) -> str:
    try:
        words = inspect.getsource(condition).strip()
    except OSError:
        words = repr(condition)
    return f"{words} of {given}" if given else words
