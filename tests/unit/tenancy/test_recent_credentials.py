"""What the door remembers, and for how long."""

import asyncio
from uuid import UUID

import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import Principal, Role
from ai_platform.tenancy.application.ports import KnownSession
from ai_platform.tenancy.application.recent_credentials import FRESH, Recent, RecentCredentials
from ai_platform.tenancy.domain.api_key import digest_of, new_key


class CountedLookups:
    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.known: dict[bytes, Principal] = {}
        self.away = False

    async def key(self, digest: bytes) -> Principal | None:
        self.asked.append(digest)
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away")
        return self.known.get(digest)

    async def session(self, token_hash: bytes) -> KnownSession | None:
        self.asked.append(token_hash)
        return None

    async def tenant(self, tenant_id: UUID) -> bool:
        self.asked.append(tenant_id.bytes)
        return False


class Watch:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def lookups() -> CountedLookups:
    return CountedLookups()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def credentials(lookups: CountedLookups, watch: Watch) -> RecentCredentials:
    return RecentCredentials(lookups, watch)


def known_key(lookups: CountedLookups) -> tuple[str, bytes, Principal]:
    key, principal = new_key(), Principal(str(new_id()), Role.OWNER, new_id())
    digest = digest_of(key) or b""
    lookups.known[digest] = principal
    return key, digest, principal


async def test_a_key_is_looked_up_once_while_it_is_fresh(
    credentials: RecentCredentials, lookups: CountedLookups, watch: Watch
) -> None:
    key, digest, principal = known_key(lookups)
    for watch.time in (0.0, FRESH / 2, FRESH * 0.99):
        assert await credentials.of_key(key) == principal
    assert lookups.asked == [digest]


async def test_a_revoked_key_is_noticed_when_it_is_fresh_no_more(
    credentials: RecentCredentials, lookups: CountedLookups, watch: Watch
) -> None:
    key, digest, _ = known_key(lookups)
    await credentials.of_key(key)
    del lookups.known[digest]
    watch.time = FRESH
    assert await credentials.of_key(key) is None


async def test_a_new_key_is_noticed_when_its_absence_is_fresh_no_more(
    credentials: RecentCredentials, lookups: CountedLookups, watch: Watch
) -> None:
    key, digest, principal = known_key(lookups)
    del lookups.known[digest]
    assert await credentials.of_key(key) is None
    lookups.known[digest] = principal
    assert await credentials.of_key(key) is None
    watch.time = FRESH
    assert await credentials.of_key(key) == principal


async def test_a_mistyped_key_costs_no_look_up(credentials: RecentCredentials, lookups: CountedLookups) -> None:
    for words in ("", "aip_", new_key()[:-1], "x" * 44):
        assert await credentials.of_key(words) is None
    assert lookups.asked == []


async def test_many_at_once_share_one_look_up(credentials: RecentCredentials, lookups: CountedLookups) -> None:
    key, digest, principal = known_key(lookups)
    assert await asyncio.gather(*(credentials.of_key(key) for _ in range(20))) == [principal] * 20
    assert lookups.asked == [digest]


async def test_an_outage_is_told_and_not_remembered(credentials: RecentCredentials, lookups: CountedLookups) -> None:
    key, _, principal = known_key(lookups)
    lookups.away = True
    with pytest.raises(Unavailable):
        await credentials.of_key(key)
    lookups.away = False
    assert await credentials.of_key(key) == principal


async def test_a_flood_of_guesses_pushes_no_known_answer_out(watch: Watch) -> None:
    asked: list[int] = []

    async def is_even(number: int) -> bool:
        asked.append(number)
        return number % 2 == 0

    recent = Recent(is_even, watch, most=10)
    await recent(2)
    for guess in range(1, 200, 2):
        await recent(guess)
    assert await recent(2)
    assert asked.count(2) == 1
    assert len(recent._unknown) == 10


async def test_uses_are_handed_over_once(credentials: RecentCredentials, lookups: CountedLookups) -> None:
    key, _, principal = known_key(lookups)
    await credentials.of_key(key)
    await credentials.of_key(key)
    assert credentials.take_uses() == ([UUID(principal.actor)], [])
    assert credentials.take_uses() == ([], [])
