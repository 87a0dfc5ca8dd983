"""Whoever runs the platform sees the breaker of every active config, and may close one by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from ai_platform.llm.application.ports import Breakers, BreakerSeen, ConfigNames


@dataclass(frozen=True, slots=True)
class ShowBreakers:
    names: ConfigNames
    breakers: Breakers

    async def __call__(self) -> Sequence[BreakerSeen]:
        """By name, closed ones too. Raises Unavailable when the database or the shared state is away."""
        return await self.breakers.show(await self.names.active())
