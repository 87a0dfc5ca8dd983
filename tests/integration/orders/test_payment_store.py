"""PostgreSQL is a store of payments."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from ai_platform.commerce.infrastructure.payment_notices import SqlNotices
from ai_platform.commerce.infrastructure.payment_reads import SqlDuePayments, SqlPaymentReads
from ai_platform.commerce.infrastructure.payment_transactions import SqlPaymentTransactions
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from tests.integration.orders.shop import Shop
from tests.unit.commerce.payment_suite import PaymentSuite

QUEUE = "crm_tasks"


@dataclass
class PostgresTill:
    """Implements `till.Till`."""

    shop: Shop
    relay: Relay

    @property
    def transactions(self) -> SqlPaymentTransactions:
        return SqlPaymentTransactions(self.shop.database, self.relay, self.shop.metrics, QUEUE)

    @property
    def reads(self) -> SqlPaymentReads:
        return SqlPaymentReads(self.shop.database)

    @property
    def due(self) -> SqlDuePayments:
        return SqlDuePayments(self.shop.database)

    @property
    def notices(self) -> SqlNotices:
        return SqlNotices(self.shop.database, self.relay, QUEUE)

    async def order(self) -> UUID:
        return await self.shop.an_order()


class TestOnPostgres(PaymentSuite):
    @pytest.fixture
    def till(self, shop: Shop) -> PostgresTill:
        return PostgresTill(shop, Relay(Outbox(shop.database), EmbeddedBus(shop.database, ())))
