import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from ai_platform.jobs.application.follow_events import FollowEvents, ListEvents
from ai_platform.jobs.application.ports import JobHistory, RecordedEvent, Token
from ai_platform.jobs.domain.errors import JobNotFound
from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.patience import PATIENCE
from tests.unit.jobs.builders import NOON, OTHER_TENANT

JOB = UUID(int=1)
HELLO = Token(attempt=1, take=1, offset=0, text="Hello", at=NOON)


@dataclass
class FakeEvents:
    """What is recorded of one job; `is_away` makes the database go away."""

    types: list[str] = field(default_factory=list)
    has_ended: bool = False
    is_away: bool = False

    async def after(self, tenant_id: UUID, job_id: UUID, event_id: int) -> JobHistory | None:  # noqa: ARG002 - of one job
        if self.is_away:
            raise Unavailable("The database is away.")
        if tenant_id != DEFAULT_TENANT:
            return None
        events = [RecordedEvent(id=at, type=kind, at=NOON, data={}) for at, kind in enumerate(self.types, start=1)]
        return JobHistory([one for one in events if one.id > event_id], self.has_ended)

    def end(self, kind: str = "job.completed") -> None:
        self.types.append(kind)
        self.has_ended = True


@dataclass
class FakeFollowers:
    """Signals as the test gives them; None in the queue is a wake-up, `STOP` the end of the process."""

    signals: "asyncio.Queue[Token | str | None]" = field(default_factory=asyncio.Queue)
    following_now: int = 0
    is_full: bool = False

    def require_room(self) -> None:
        if self.is_full:
            raise Unavailable("Full.", code="too_many_event_streams")

    @asynccontextmanager
    async def following(
        self,
        tenant_id: UUID,  # noqa: ARG002 - of one job
        job_id: UUID,  # noqa: ARG002
    ) -> AsyncIterator[AsyncGenerator[Token | None, None]]:
        self.following_now += 1
        self.signals.put_nowait(None)
        try:
            yield self._signals()
        finally:
            self.following_now -= 1

    async def _signals(self) -> AsyncGenerator[Token | None, None]:
        while not isinstance(signal := await self.signals.get(), str):
            yield signal


STOP = "stop"


@dataclass
class Scene:
    events: FakeEvents = field(default_factory=FakeEvents)
    followers: FakeFollowers = field(default_factory=FakeFollowers)

    async def follow(self, after: int = 0) -> AsyncGenerator[RecordedEvent | Token, None]:
        stream = await FollowEvents(self.events, self.followers)(DEFAULT_TENANT, JOB, after=after)
        assert stream is not None
        return stream


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def ids(stream: AsyncIterator[RecordedEvent | Token]) -> list[int | str]:
    async with asyncio.timeout(PATIENCE):
        return [named(one) async for one in stream]


def named(one: RecordedEvent | Token) -> int | str:
    return one.text if isinstance(one, Token) else one.id


async def test_past_events_come_first_and_then_those_that_happen(scene: Scene) -> None:
    scene.events.types += ["job.queued", "job.started"]
    stream = await scene.follow()
    assert [named(await anext(stream)) for _ in range(2)] == [1, 2]
    scene.events.end()
    scene.followers.signals.put_nowait(None)
    assert await ids(stream) == [3]


async def test_a_wake_up_for_nothing_new_repeats_nothing(scene: Scene) -> None:
    scene.events.types += ["job.queued"]
    stream = await scene.follow()
    await anext(stream)
    for _ in range(3):
        scene.followers.signals.put_nowait(None)
    scene.followers.signals.put_nowait(STOP)
    assert await ids(stream) == []


async def test_words_are_passed_on_between_events(scene: Scene) -> None:
    scene.events.types += ["job.started"]
    stream = await scene.follow()
    await anext(stream)
    scene.events.end()
    scene.followers.signals.put_nowait(HELLO)
    scene.followers.signals.put_nowait(None)
    assert await ids(stream) == ["Hello", 2]


async def test_one_goes_on_after_the_last_event_that_was_seen(scene: Scene) -> None:
    scene.events.types += ["job.queued", "job.started"]
    scene.events.end()
    assert await ids(await scene.follow(after=2)) == [3]


async def test_a_job_that_has_ended_is_replayed_without_a_subscription(scene: Scene) -> None:
    scene.followers.is_full = True
    scene.events.types += ["job.queued"]
    scene.events.end("job.failed")
    assert await ids(await scene.follow()) == [1, 2]


async def test_an_end_in_the_middle_is_none_when_the_job_was_asked_for_again(scene: Scene) -> None:
    scene.events.types += ["job.queued", "job.failed", "job.queued"]
    stream = await scene.follow()
    seen = [named(await anext(stream)) for _ in range(3)]
    scene.events.end()
    scene.followers.signals.put_nowait(None)
    assert seen + await ids(stream) == [1, 2, 3, 4]


async def test_nothing_follows_the_end_of_a_job(scene: Scene) -> None:
    scene.events.end()
    assert await FollowEvents(scene.events, scene.followers)(DEFAULT_TENANT, JOB, after=1) is None


async def test_another_tenants_job_cannot_be_followed(scene: Scene) -> None:
    with pytest.raises(JobNotFound):
        await FollowEvents(scene.events, scene.followers)(OTHER_TENANT, JOB, after=0)


async def test_another_tenants_job_cannot_be_listed(scene: Scene) -> None:
    with pytest.raises(JobNotFound):
        await ListEvents(scene.events)(OTHER_TENANT, JOB)


async def test_one_reader_too_many_is_refused_before_there_is_a_stream(scene: Scene) -> None:
    scene.followers.is_full = True
    with pytest.raises(Unavailable) as refusal:
        await scene.follow()
    assert refusal.value.stable_code == "too_many_event_streams"


async def test_a_reader_who_leaves_leaves_nothing_behind(scene: Scene) -> None:
    scene.events.types += ["job.queued"]
    stream = await scene.follow()
    await anext(stream)
    assert scene.followers.following_now == 1
    await stream.aclose()
    assert scene.followers.following_now == 0


async def test_the_stream_ends_politely_when_the_database_goes_away(scene: Scene) -> None:
    scene.events.types += ["job.queued"]
    stream = await scene.follow()
    await anext(stream)
    scene.events.is_away = True
    scene.followers.signals.put_nowait(None)
    assert await ids(stream) == []
