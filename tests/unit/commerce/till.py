"""A till with its payments, wherever they are kept, and what a provider says of them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from ai_platform.commerce.application.payment_ports import Notice
from ai_platform.commerce.application.payment_work import DuePayments, Notices, PaymentReads, PaymentTransactions
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.payment import Method, Payment
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money
from ai_platform.kernel.principal import DEFAULT_TENANT

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DUE = Money(150_000, "IDR")
ELSEWHERE = UUID(int=1)
NEWS = Notice({"content-type": "application/json"}, b"{}")


class Till(Protocol):
    """The default tenant's payments, wherever they are."""

    @property
    def transactions(self) -> PaymentTransactions: ...

    @property
    def reads(self) -> PaymentReads: ...

    @property
    def due(self) -> DuePayments: ...

    @property
    def notices(self) -> Notices: ...

    async def order(self) -> UUID:
        """Something that can be paid for."""


def a_payment(order_id: UUID, *, attempt: int = 1, **changes: Any) -> Payment:
    given: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": DEFAULT_TENANT,
        "order_id": order_id,
        "provider": "midtrans",
        "attempt": attempt,
        "reference": f"ORD-{order_id.hex[-12:]}-{attempt}",
        "amount": DUE,
        "wish": Method.QRIS,
        "expires_at": NOW + timedelta(hours=1),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Payment(**given | changes)


def observed(standing: Standing, **changes: Any) -> Observation:
    given: dict[str, Any] = {"transaction_id": "t1", "standing": standing, "amount": DUE, "occurred_at": NOW}
    return Observation(**given | changes)


async def begun(till: Till, **changes: Any) -> Payment:
    payment = a_payment(await till.order(), **changes)
    async with till.transactions(DEFAULT_TENANT) as work:
        await work.payments.add(payment)
    return payment


async def kept(till: Till, payment_id: UUID) -> Payment:
    async with till.transactions(DEFAULT_TENANT) as work:
        return await work.payments.look(payment_id)


async def is_due(till: Till, payment: Payment) -> bool:
    return (payment.tenant_id, payment.id) in await till.due.claim(100)
