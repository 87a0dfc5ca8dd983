"""A loop ends when it is asked to, also one whose library swallows a cancellation."""

import asyncio

from ai_platform.runtime.ending import ended


async def deaf(times: int) -> None:
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


async def test_a_loop_that_hears_late_is_asked_again() -> None:
    loop = asyncio.create_task(deaf(2))
    await asyncio.sleep(0)

    await ended(loop)

    assert loop.cancelled()


async def test_one_that_failed_has_ended() -> None:
    async def fail() -> None:
        raise RuntimeError("a fault")

    loop = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await ended(loop)

    assert isinstance(loop.exception(), RuntimeError)
