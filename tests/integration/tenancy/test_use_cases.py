"""Tenancy's use cases on PostgreSQL, under row-level security."""

from collections.abc import AsyncIterator

import pytest

from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import Keyring, new_secrets_key
from ai_platform.tenancy.infrastructure.repositories import TenancyTransactions
from ai_platform.tenancy.infrastructure.tables import map_tenancy
from tests.unit.tenancy.use_case_suite import Office, UseCaseSuite


class TestOnPostgres(UseCaseSuite):
    @pytest.fixture
    async def office(self, database_url: str) -> AsyncIterator[Office]:
        map_tenancy()
        database = Database(database_url)
        yield Office(TenancyTransactions(database, Keyring.parse(new_secrets_key())))
        await database.close()
