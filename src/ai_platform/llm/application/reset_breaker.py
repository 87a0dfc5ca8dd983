"""Who knows that a provider is well again need not wait for the breaker's time to be over."""

from dataclasses import dataclass

from ai_platform.kernel.errors import NotFound
from ai_platform.llm.application.ports import Breakers, Catalogue


@dataclass(frozen=True, slots=True)
class ResetBreaker:
    catalogue: Catalogue
    breakers: Breakers

    async def __call__(self, name: str) -> None:
        """Raises NotFound for a config that does not exist."""
        if await self.catalogue.config(name) is None:
            raise NotFound(f"There is no LLM config '{name}'.")
        await self.breakers.reset(name)
