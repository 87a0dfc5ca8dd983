"""A database with the model layer's tables, and a provider that does as the model's name says."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from ai_platform.llm.infrastructure.tables import map_llm
from ai_platform.llm.wiring import Llm, build_llm
from ai_platform.runtime.db import Database
from ai_platform.runtime.telemetry import Metrics
from tests.doors import OPERATORS_KEY
from tests.integration.llm.editing import client_of
from tests.twins.llm_server import LlmTwin, llm_server


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


async def execute(database: Database, statement: str, **values: object) -> None:
    """Plain SQL, as an operator types it."""
    async with database.transaction(None) as connection:
        await connection.execute(text(statement), values)


async def the_row(database: Database, statement: str, **values: object) -> tuple[object, ...]:
    async with database.transaction(None) as connection:
        return tuple((await connection.execute(text(statement), values)).one())
