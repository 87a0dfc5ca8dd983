"""The use cases of the catalogue on the fakes."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from tests.unit.commerce.catalogue_suite import CatalogueSuite
from tests.unit.commerce.fake_catalogue import CatalogueMemory, FakeShelves, catalogue_memory


@dataclass
class FakeStore:
    """Implements `catalogue_suite.Store`."""

    transactions: CatalogueMemory = field(default_factory=catalogue_memory)

    @property
    def shelves(self) -> FakeShelves:
        return FakeShelves(self.transactions)

    async def moves(self, variant_id: UUID) -> list[tuple[str, int, str, str]]:
        ours = [one for one in self.transactions.rows.moves if one.variant_id == variant_id]
        return [(one.kind.value, one.delta, one.reason, one.actor) for one in ours]


class TestOnFakes(CatalogueSuite):
    @pytest.fixture
    def store(self) -> FakeStore:
        return FakeStore()
