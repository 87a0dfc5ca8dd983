"""Names that were looked up within the last second are not looked up again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ai_platform.llm.application.ports import Catalogue, Choice

FRESH_SECONDS: Final = 1.0
"""Below the two seconds in which a change, by plain SQL too, must be effective everywhere."""

_Names = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    choice: Choice
    at: float


@dataclass(frozen=True, slots=True)
class _Look:
    seen: asyncio.Task[Choice]
    began: float


@dataclass(slots=True)
class RecentCatalogue:
    """A catalogue in front of another one. Only usable choices are kept: a refusal always rests on a fresh look.

    Callers who ask for the same names at the same time share one look. `monotonic` is in seconds.
    """

    source: Catalogue
    monotonic: Callable[[], float]
    _recent: dict[_Names, _Seen] = field(default_factory=dict)
    _looks: dict[_Names, _Look] = field(default_factory=dict)

    async def find(self, config_name: str, template_name: str) -> Choice:
        names = (config_name, template_name)
        asked = self.monotonic()
        seen = self._recent.get(names)
        if seen is not None and asked - seen.at < FRESH_SECONDS:
            return seen.choice
        while True:
            look = self._looks.get(names) or self._begin(names)
            # Shielded: one caller who gives up must not take the look from the others.
            choice = await asyncio.shield(look.seen)
            if choice.is_usable or look.began >= asked:
                return choice

    def _begin(self, names: _Names) -> _Look:
        look = _Look(asyncio.create_task(self.source.find(*names)), self.monotonic())
        self._looks[names] = look

        def end(task: asyncio.Task[Choice]) -> None:
            self._looks.pop(names, None)
            self._recent.pop(names, None)
            if not task.cancelled() and task.exception() is None and task.result().is_usable:
                self._recent[names] = _Seen(task.result(), look.began)

        look.seen.add_done_callback(end)
        return look
