"""What may be asked for twice and is made once: the second time, the first answer is told again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ai_platform.kernel.once import Once
from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.application.ports import Work

MadeT = TypeVar("MadeT")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, word for word as it was given first."""

    words: str
    is_repeat: bool = False


@dataclass(frozen=True)  # with slots, `Telling[…](…)` fails: typing writes into the instance
class Telling(Generic[MadeT]):
    """How the result is worded for its caller, and the key under which he may ask again."""

    words: Callable[[MadeT], str]
    once: Once | None = None

    async def earlier(self, work: Work, by: Principal) -> Told | None:
        """None: nobody else makes it until the transaction is left. Raises Conflict, InvalidInput (the kernel's)."""
        if self.once is None:
            return None
        words = await work.answers.begin(by.tenant_id, self.once)
        return None if words is None else Told(words, is_repeat=True)

    async def tell(self, work: Work, by: Principal, made: MadeT) -> Told:
        """Kept in the transaction that made it."""
        words = self.words(made)
        if self.once is not None:
            await work.answers.keep(by.tenant_id, self.once, words)
        return Told(words)
