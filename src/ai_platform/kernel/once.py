"""A request that may come twice: done once, and answered the same each time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """The caller's own key for one effect, within actor and path; `fingerprint` is the SHA-256 of what was asked."""

    actor: str
    path: str
    key: str
    fingerprint: bytes


Json = Mapping[str, object]
ThingT = TypeVar("ThingT")


class Answers(Protocol):
    """What was answered to requests that may come twice: kept in the transaction of their effect."""

    async def begin(self, once: Once) -> Json | None:
        """The first answer; None makes the key ours until the transaction ends.

        Raises IdempotencyInProgress, IdempotencyKeyReused.
        """

    async def keep(self, once: Once, answer: Json) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_replay`: it was given before, and nothing was done now."""

    body: Json
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Asking(Generic[ThingT]):
    """How the answer is worded, and the key under which it is kept, if the caller gave one."""

    worded: Callable[[ThingT], Json]
    once: Once | None = None

    async def earlier(self, answers: Answers) -> Answer | None:
        """What was answered before; None when it is to be done now."""
        body = None if self.once is None else await answers.begin(self.once)
        return None if body is None else Answer(body, is_replay=True)

    async def answer(self, answers: Answers, thing: ThingT) -> Answer:
        """Kept in the transaction of what was done."""
        body = self.worded(thing)
        if self.once is not None:
            await answers.keep(self.once, body)
        return Answer(body)
