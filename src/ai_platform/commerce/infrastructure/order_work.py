"""One transaction over one tenant's orders, and what is told once it is committed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.infrastructure.confirmations import SqlConfirmations
from ai_platform.commerce.infrastructure.order_consequences import Consequences
from ai_platform.commerce.infrastructure.order_repository import SqlOrders
from ai_platform.commerce.infrastructure.shelf import SqlShelf
from ai_platform.commerce.infrastructure.stock import SqlStock
from ai_platform.runtime.answers import ConnectionAnswers
from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import NO_KEYS, Keyring
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.sealed_answers import SealedAnswers
from ai_platform.runtime.telemetry import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlOrderWork:
    """Implements `order_ports.OrderWork`."""

    orders: SqlOrders
    stock: SqlStock
    shelf: SqlShelf
    confirmations: SqlConfirmations
    answers: ConnectionAnswers
    sealed: SealedAnswers
    consequences: Consequences


def order_work(connection: AsyncConnection, tenant_id: UUID, queue: str, keyring: Keyring = NO_KEYS) -> SqlOrderWork:
    """Orders in a transaction that somebody else has opened; he tells `consequences` after its commit."""
    consequences = Consequences(connection, queue)
    return SqlOrderWork(
        orders=SqlOrders(connection, tenant_id, consequences),
        stock=SqlStock(connection, tenant_id),
        shelf=SqlShelf(connection, tenant_id),
        confirmations=SqlConfirmations(connection, tenant_id),
        answers=ConnectionAnswers(connection, tenant_id),
        sealed=SealedAnswers(connection, tenant_id, keyring),
        consequences=consequences,
    )


@dataclass(frozen=True, slots=True)
class OrderTransactions:
    """Implements `Transactions[OrderWork]`, of one tenant each.

    `queue` takes the wake-ups; `keyring` seals answers that tell a token.
    """

    database: Database
    relay: Relay
    metrics: Metrics
    queue: str
    keyring: Keyring = NO_KEYS

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[SqlOrderWork]:
        if tenant_id is None:
            raise TypeError("an order is always one tenant's")
        async with self.database.transaction(tenant_id) as connection:
            work = order_work(connection, tenant_id, self.queue, self.keyring)
            yield work
        work.consequences.tell(self.relay, self.metrics)
