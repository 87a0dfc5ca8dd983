"""What befalls a shop: processes and services that are killed, and providers that have a bad day."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, cycle
from random import Random
from typing import Final, Protocol

from tests.e2e.programs import Program
from tests.twins.pay_server import Faults

KILLED_AFTER: Final = 6.0
"""Seconds in which all of them live, at least."""
ALL_EVERY: Final = 5
BAD_DAY_EVERY: Final = 3.0


class Service(Protocol):
    def kill(self) -> None: ...

    def start(self) -> None: ...


@dataclass
class Mishaps:
    """Counts what it did in `told`."""

    pairs: Sequence[Sequence[Program]]
    providers: Sequence[Faults]
    told: Counter[str] = field(default_factory=Counter)

    @property
    def mortals(self) -> Sequence[Program]:
        return [one for pair in self.pairs for one in pair]

    async def deaths(self) -> None:
        """A gateway and an agent at a time, and now and then all of them at once, without a warning.

        Who is killed again before it has served anybody makes an outage, which proves nothing but patience: where a
        start takes long, they live the longer.
        """
        pause = KILLED_AFTER
        for number in count(1):
            await asyncio.sleep(pause)
            since = time.monotonic()
            for one in self.mortals if number % ALL_EVERY == 0 else self.pairs[number % len(self.pairs)]:
                await asyncio.to_thread(one.kill)
                one.launch()
                self.told[type(one).__name__] += 1
            await self.revive()
            pause = max(KILLED_AFTER, 2.5 * (time.monotonic() - since))

    async def bad_days(self) -> None:
        """A provider fails, answers late, or does what it was asked for and its answer is lost."""
        random = Random(5)  # noqa: S311 - weather
        for one in cycle(self.providers):
            await asyncio.sleep(BAD_DAY_EVERY)
            one.next(random.choice(("error", "late", "lost")))
            self.told["provider's faults"] += 1

    async def dies(self, name: str, service: Service) -> None:
        await asyncio.to_thread(_dies_and_comes_back, service)
        self.told[name] += 1

    async def are_over(self) -> None:
        """Everybody is back, and no provider will fail any more."""
        for one in self.providers:
            while one.take("") is not None:
                pass
        await self.revive()

    async def revive(self) -> None:
        for one in self.mortals:
            await self._is_back(one)

    async def _is_back(self, one: Program) -> None:
        while not await asyncio.to_thread(one.is_ready):
            if not one.running:
                one.launch()
            await asyncio.sleep(0.25)


def _dies_and_comes_back(service: Service) -> None:
    """In one, so that nobody who gives up in between leaves it dead."""
    service.kill()
    service.start()
