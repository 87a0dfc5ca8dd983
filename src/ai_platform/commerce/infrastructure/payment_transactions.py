"""One transaction over payments and the orders that they pay, and what is told once it is committed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.fulfilling import Fulfilling
from ai_platform.commerce.application.payment_published import published
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.infrastructure.order_work import order_work
from ai_platform.commerce.infrastructure.payment_store import SqlPayments, SqlRefunds, SqlSchedule
from ai_platform.runtime import outbox, tracing
from ai_platform.runtime.answers import ConnectionAnswers
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry, fact
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlPaymentWork:
    """Implements `payment_work.PaymentWork`."""

    payments: SqlPayments
    schedule: SqlSchedule
    refunds: SqlRefunds
    orders: Fulfilling
    answers: ConnectionAnswers


@dataclass(frozen=True, slots=True)
class SqlPaymentTransactions:
    """Implements `payment_work.PaymentTransactions`."""

    database: Database
    relay: Relay
    metrics: Metrics
    queue: str

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID) -> AsyncIterator[SqlPaymentWork]:
        async with self.database.transaction(tenant_id) as connection:
            orders = order_work(connection, tenant_id, self.queue)
            payments = SqlPayments(connection, tenant_id)
            yield SqlPaymentWork(
                payments=payments,
                schedule=SqlSchedule(connection, tenant_id),
                refunds=SqlRefunds(connection, tenant_id),
                orders=Fulfilling(orders),
                answers=ConnectionAnswers(connection, tenant_id),
            )
            facts = _facts_of(payments.touched)
            await outbox.write(connection, facts)
        orders.consequences.tell(self.relay, self.metrics)
        self.relay.take(facts)
        for payment in {one.id: one for one in payments.touched}.values():
            self.metrics.payments.labels(payment.provider, payment.status.value).inc()


def _facts_of(touched: list[Payment]) -> list[Entry]:
    trace = tracing.current()
    told = [published(event) for payment in touched for event in payment.take_events()]
    return [fact(one, headers=trace.headers() if trace else {}) for one in told if one is not None]
