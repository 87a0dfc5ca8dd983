"""What is remembered for two seconds, and what is not."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ai_platform.commerce.infrastructure.recent_accounts import REMEMBERED, Recent
from ai_platform.kernel.errors import Unavailable


@dataclass
class Source:
    """Answers how often it was asked; slowly, and not at all while it is away."""

    is_away: bool = False
    asked: list[str] = field(default_factory=list)
    moment: float = 0.0

    async def find(self, key: str) -> int:
        self.asked.append(key)
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("away")
        return len(self.asked)

    def recent(self) -> Recent[str, int]:
        return Recent(self.find, lambda: self.moment)


async def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    source = Source()
    recent = source.recent()
    assert await asyncio.gather(*(recent(key) for key in ("a", "a", "b", "a"))) == [2, 2, 2, 2]
    assert source.asked == ["a", "b"]


async def test_after_two_seconds_it_is_asked_anew() -> None:
    source = Source()
    recent = source.recent()
    answers = []
    for moment in (0.0, REMEMBERED - 0.1, REMEMBERED):
        source.moment = moment
        answers.append(await recent("a"))
    assert answers == [1, 1, 2]


async def test_a_failure_is_everybodys_and_not_remembered() -> None:
    source = Source(is_away=True)
    recent = source.recent()
    failed = await asyncio.gather(recent("a"), recent("a"), return_exceptions=True)
    assert [type(one) for one in failed] == [Unavailable] * 2
    source.is_away = False
    assert await recent("a") == 2


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    source = Source()
    recent = source.recent()
    impatient, patient = asyncio.create_task(recent("a")), asyncio.create_task(recent("a"))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert (await patient, source.asked) == (1, ["a"])
