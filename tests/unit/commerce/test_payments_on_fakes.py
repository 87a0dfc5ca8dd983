"""The fake store of payments does what PostgreSQL does."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from ai_platform.kernel.ids import new_id
from tests.unit.commerce.fake_payments import FakePaymentTransactions
from tests.unit.commerce.payment_suite import PaymentSuite


@dataclass
class FakeTill:
    """Implements `till.Till`: one fake is all of it."""

    transactions: FakePaymentTransactions = field(default_factory=FakePaymentTransactions)

    @property
    def reads(self) -> FakePaymentTransactions:
        return self.transactions

    @property
    def due(self) -> FakePaymentTransactions:
        return self.transactions

    @property
    def notices(self) -> FakePaymentTransactions:
        return self.transactions

    async def order(self) -> UUID:
        return new_id()


class TestOnFakes(PaymentSuite):
    @pytest.fixture
    def till(self) -> FakeTill:
        return FakeTill()
