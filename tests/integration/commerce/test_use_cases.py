"""The use cases of the catalogue on PostgreSQL, under row-level security."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text

from ai_platform.commerce.infrastructure.catalogue import CatalogueTransactions
from ai_platform.commerce.infrastructure.shelves import SqlShelves
from ai_platform.runtime.db import Database
from tests.unit.commerce.catalogue_suite import CatalogueSuite

MOVES = text("SELECT kind, delta, reason, actor FROM stock_moves WHERE variant_id = :id ORDER BY created_at")


@dataclass
class PostgresStore:
    """Implements `catalogue_suite.Store`."""

    database: Database

    @property
    def transactions(self) -> CatalogueTransactions:
        return CatalogueTransactions(self.database)

    @property
    def shelves(self) -> SqlShelves:
        return SqlShelves(self.database)

    async def moves(self, variant_id: UUID) -> list[tuple[str, int, str, str]]:
        async with self.database.transaction(None) as connection:
            return [tuple(row) for row in await connection.execute(MOVES, {"id": variant_id})]


class TestOnPostgres(CatalogueSuite):
    @pytest.fixture
    async def store(self, database_url: str) -> AsyncIterator[PostgresStore]:
        database = Database(database_url)
        yield PostgresStore(database)
        await database.close()
