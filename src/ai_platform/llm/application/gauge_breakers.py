"""What monitoring shows of the breakers is what the workers share, or what this one knows while that is away."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.application.ports import Breakers, ConfigNames
from ai_platform.llm.domain.breaker import BreakerState

_NUMBERS: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


@dataclass(frozen=True, slots=True)
class GaugeBreakers:
    """`write` is told a config's name and 0 closed, 1 half open, 2 open."""

    names: ConfigNames
    breakers: Breakers
    write: Callable[[str, int], None]

    async def __call__(self) -> None:
        names = await self.names.active()
        try:
            seen = await self.breakers.show(names)
        except Unavailable:
            seen = self.breakers.seen(names)
        for breaker in seen:
            self.write(breaker.name, _NUMBERS[breaker.state])
