"""Names that were looked up within the last second are not looked up again."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from ai_platform.llm.application.crew import Crew
from ai_platform.llm.application.ports import Catalogue, Choice
from ai_platform.llm.domain.config import LLMConfig

FRESH_SECONDS: Final = 1.0
"""Below the two seconds in which a change, by plain SQL too, must be effective everywhere."""

KeyT = TypeVar("KeyT", bound=Hashable)
SeenT = TypeVar("SeenT")


@dataclass(frozen=True, slots=True)
class _Seen(Generic[SeenT]):
    what: SeenT
    at: float


@dataclass(frozen=True, slots=True)
class _Look(Generic[SeenT]):
    seen: asyncio.Task[SeenT]
    began: float


class RecentCatalogue:
    """A catalogue in front of another one. Only usable rows are kept: a refusal always rests on a fresh look.

    Callers who ask for the same names at the same time share one look. `monotonic` is in seconds.
    """

    def __init__(self, source: Catalogue, monotonic: Callable[[], float]) -> None:
        self._source = source
        self._choices: _Recent[tuple[str, str], Choice] = _Recent(_is_choice_usable, monotonic)
        self._configs: _Recent[str, LLMConfig | None] = _Recent(_is_config_usable, monotonic)
        self._crews: _Recent[tuple[str, str | None], Crew] = _Recent(_is_crew_usable, monotonic)

    async def find(self, config_name: str, template_name: str) -> Choice:
        names = (config_name, template_name)
        return await self._choices.see(names, lambda: self._source.find(*names))

    async def config(self, name: str) -> LLMConfig | None:
        return await self._configs.see(name, lambda: self._source.config(name))

    async def crew(self, config_name: str, template_name: str | None) -> Crew:
        names = (config_name, template_name)
        return await self._crews.see(names, lambda: self._source.crew(*names))


@dataclass(slots=True)
class _Recent(Generic[KeyT, SeenT]):
    is_usable: Callable[[SeenT], bool]
    monotonic: Callable[[], float]
    _recent: dict[KeyT, _Seen[SeenT]] = field(default_factory=dict)
    _looks: dict[KeyT, _Look[SeenT]] = field(default_factory=dict)

    async def see(self, key: KeyT, source: Callable[[], Awaitable[SeenT]]) -> SeenT:
        asked = self.monotonic()
        seen = self._recent.get(key)
        if seen is not None and asked - seen.at < FRESH_SECONDS:
            return seen.what
        while True:
            look = self._looks.get(key) or self._begin(key, source)
            # Shielded: one caller who gives up must not take the look from the others.
            what = await asyncio.shield(look.seen)
            if self.is_usable(what) or look.began >= asked:
                return what

    def _begin(self, key: KeyT, source: Callable[[], Awaitable[SeenT]]) -> _Look[SeenT]:
        look = _Look(asyncio.ensure_future(_asked(source)), self.monotonic())
        self._looks[key] = look

        def end(task: asyncio.Task[SeenT]) -> None:
            self._looks.pop(key, None)
            self._recent.pop(key, None)
            if not task.cancelled() and task.exception() is None and self.is_usable(task.result()):
                self._recent[key] = _Seen(task.result(), look.began)

        look.seen.add_done_callback(end)
        return look


async def _asked(source: Callable[[], Awaitable[SeenT]]) -> SeenT:
    return await source()


def _is_choice_usable(choice: Choice) -> bool:
    return choice.is_usable


def _is_config_usable(config: LLMConfig | None) -> bool:
    return config is not None and config.is_active


def _is_crew_usable(crew: Crew) -> bool:
    return crew.is_usable
