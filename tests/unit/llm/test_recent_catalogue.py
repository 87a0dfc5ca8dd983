"""A lookup of the last second is used again; a refusal never rests on an old one; lookups at once are one."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.application.ports import Choice
from ai_platform.llm.application.recent_catalogue import FRESH_SECONDS, RecentCatalogue
from tests.unit.llm.fakes import FakeCatalogue, FakeClock, a_config, a_template


def a_catalogue() -> FakeCatalogue:
    return FakeCatalogue().put(a_config(), a_template())


@dataclass
class HeldCatalogue(FakeCatalogue):
    """Answers what it saw when it was asked, but only once `go` is set."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def find(self, config_name: str, template_name: str) -> Choice:
        choice = await super().find(config_name, template_name)
        self.asked.set()
        await self.go.wait()
        return choice


async def test_a_second_lookup_within_a_second_asks_nobody() -> None:
    source = a_catalogue()
    recent = RecentCatalogue(source, FakeClock())

    first = await recent.find("smart", "assistant")
    second = await recent.find("smart", "assistant")

    assert first == second
    assert source.looks == 1


async def test_a_change_is_seen_after_a_second() -> None:
    source, clock = a_catalogue(), FakeClock()
    recent = RecentCatalogue(source, clock)
    await recent.find("smart", "assistant")
    source.put(a_config(model_name="other"))

    clock.now += FRESH_SECONDS
    choice = await recent.find("smart", "assistant")

    assert choice.config is not None
    assert choice.config.model_name == "other"


async def test_a_name_that_was_missing_a_moment_ago_is_looked_up_again() -> None:
    source = FakeCatalogue().put(a_template())
    recent = RecentCatalogue(source, FakeClock())
    assert not (await recent.find("smart", "assistant")).is_usable

    source.put(a_config())

    assert (await recent.find("smart", "assistant")).is_usable


async def test_what_was_switched_on_again_is_usable_at_once() -> None:
    source = FakeCatalogue().put(a_config(is_active=False), a_template())
    recent = RecentCatalogue(source, FakeClock())
    await recent.find("smart", "assistant")

    source.put(a_config())

    assert (await recent.find("smart", "assistant")).is_usable


async def test_a_hundred_lookups_at_once_are_one() -> None:
    source = a_catalogue()
    recent = RecentCatalogue(source, FakeClock())

    choices = await asyncio.gather(*(recent.find("smart", "assistant") for _ in range(100)))

    assert all(choice.is_usable for choice in choices)
    assert source.looks == 1


async def test_a_refusal_is_not_taken_from_a_look_that_began_before_the_question() -> None:
    source, clock = HeldCatalogue(), FakeClock()
    source.put(a_template())
    recent = RecentCatalogue(source, clock)
    early = asyncio.create_task(recent.find("smart", "assistant"))
    await source.asked.wait()

    clock.now += 0.01
    source.put(a_config())
    late = asyncio.create_task(recent.find("smart", "assistant"))
    await asyncio.sleep(0)
    source.go.set()

    assert not (await early).is_usable
    assert (await late).is_usable


async def test_a_caller_who_gives_up_leaves_the_look_to_the_others() -> None:
    source = HeldCatalogue()
    source.put(a_config(), a_template())
    recent = RecentCatalogue(source, FakeClock())
    leaving = asyncio.create_task(recent.find("smart", "assistant"))
    staying = asyncio.create_task(recent.find("smart", "assistant"))
    await source.asked.wait()

    leaving.cancel()
    source.go.set()

    assert (await staying).is_usable
    assert source.looks == 1


async def test_a_failed_look_reaches_its_callers_and_is_not_kept() -> None:
    class Away(FakeCatalogue):
        away = True

        async def find(self, config_name: str, template_name: str) -> Choice:
            if self.away:
                raise Unavailable("The database cannot be reached.")
            return await super().find(config_name, template_name)

    source = Away()
    source.put(a_config(), a_template())
    recent = RecentCatalogue(source, FakeClock())
    with pytest.raises(Unavailable):
        await recent.find("smart", "assistant")

    source.away = False

    assert (await recent.find("smart", "assistant")).is_usable
