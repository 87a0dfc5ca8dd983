"""A database with the model layer's tables, a provider that does as the model's name says, and gates in Redis."""

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy import text

from ai_platform.llm.domain.breaker import BreakerRules
from ai_platform.llm.infrastructure.gate_local import LocalGate
from ai_platform.llm.infrastructure.gate_redis import RedisGate
from ai_platform.llm.infrastructure.tables import map_llm
from ai_platform.llm.wiring import Llm, build_llm
from ai_platform.runtime.cache import shared_state
from ai_platform.runtime.db import Database
from ai_platform.runtime.telemetry import Metrics
from tests.doors import OPERATORS_KEY
from tests.integration.llm.editing import client_of
from tests.twins.llm_server import LlmTwin, llm_server

MakeRedisGate = Callable[[BreakerRules], RedisGate]


@pytest.fixture(scope="session")
def twin() -> Iterator[LlmTwin]:
    with llm_server() as twin:
        yield twin


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    map_llm()
    database = Database(database_url)
    yield database
    await database.close()


@pytest_asyncio.fixture
async def llm(database: Database) -> AsyncIterator[Llm]:
    llm = build_llm(database=database, environment={}, metrics=Metrics())
    yield llm
    await llm.close()


@pytest_asyncio.fixture
async def http(llm: Llm) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(llm, OPERATORS_KEY) as client:
        yield client


@pytest_asyncio.fixture
async def gates() -> AsyncIterator[Callable[[str, BreakerRules], RedisGate]]:
    """Makes gates of workers; all of them are closed at the end."""
    made: list[tuple[RedisGate, Redis]] = []

    def make(url: str, rules: BreakerRules) -> RedisGate:
        client = shared_state(url)
        made.append((RedisGate(client, LocalGate(rules)), client))
        return made[-1][0]

    yield make
    for gate, client in made:
        await gate.close()
        await client.aclose(close_connection_pool=True)


@pytest.fixture
def gate(redis_url: str, gates: Callable[[str, BreakerRules], RedisGate]) -> MakeRedisGate:
    """Gates of several workers on one Redis."""
    return lambda rules: gates(redis_url, rules)


async def execute(database: Database, statement: str, **values: object) -> None:
    """Plain SQL, as an operator types it."""
    async with database.transaction(None) as connection:
        await connection.execute(text(statement), values)


async def the_row(database: Database, statement: str, **values: object) -> tuple[object, ...]:
    async with database.transaction(None) as connection:
        return tuple((await connection.execute(text(statement), values)).one())
