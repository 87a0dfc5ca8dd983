"""The use cases of customers on PostgreSQL, under row-level security."""

from collections.abc import AsyncIterator

import pytest

from ai_platform.inbox.infrastructure.customers import CustomerTransactions, SqlCustomerReads
from ai_platform.runtime.db import Database
from tests.unit.inbox.customer_suite import Counter, CustomerSuite


class TestOnPostgres(CustomerSuite):
    @pytest.fixture
    async def counter(self, database_url: str) -> AsyncIterator[Counter]:
        database = Database(database_url)
        yield Counter(CustomerTransactions(database), SqlCustomerReads(database))
        await database.close()
