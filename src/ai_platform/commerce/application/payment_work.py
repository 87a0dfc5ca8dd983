"""One transaction over payments, and the orders that they pay."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from ai_platform.commerce.application.fulfilling import Fulfilling
from ai_platform.commerce.application.payment_ports import Notice, Payer
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.refund import Refund
from ai_platform.kernel.once import Answers


class Payments(Protocol):
    """One tenant's payments in one transaction. Their rows are locked before their order's."""

    async def get(self, payment_id: UUID) -> Payment:
        """Locked until the transaction is left. Raises PaymentNotFound."""

    async def look(self, payment_id: UUID) -> Payment:
        """Only to be read. Raises PaymentNotFound."""

    async def of_order(self, order_id: UUID) -> Sequence[Payment]:
        """Only to be read, the newest first."""

    async def add(self, payment: Payment) -> None:
        """PENDING, and ours to open for as long as an opening may take."""

    async def save(self, payment: Payment) -> None: ...


class Schedule(Protocol):
    """When the provider is asked about a payment, in database time."""

    async def looked(self, payment_id: UUID, *, asked_at: datetime, next_at: datetime | None) -> None:
        """Asked. News that came after `asked_at` makes the next look now."""

    async def put_off(self, payment_id: UUID) -> None:
        """Not answered: later, and later still each time."""

    async def soon(self, payment_id: UUID) -> None:
        """Once whoever is at it should have ended."""

    async def call_off(self, payment_id: UUID) -> None:
        """Nobody needs it any more: have it ended, now."""

    async def take_opening(self, payment_id: UUID) -> bool:
        """Make it ours to open, unless somebody else is at it."""

    async def leave_opening(self, payment_id: UUID) -> None:
        """Somebody else may try."""


class Openings(Protocol):
    def held(self, tenant_id: UUID, payment_id: UUID) -> AbstractAsyncContextManager[None]:
        """An opening that is ours stays so for the block, however long the provider takes; a death lets it go."""


class Refunds(Protocol):
    async def add(self, refund: Refund) -> None: ...

    async def get(self, refund_id: UUID) -> Refund:
        """Locked."""

    async def of_payment(self, payment_id: UUID) -> Sequence[Refund]: ...

    async def save(self, refund: Refund) -> None: ...


class PaymentWork(Protocol):
    @property
    def payments(self) -> Payments: ...

    @property
    def schedule(self) -> Schedule: ...

    @property
    def refunds(self) -> Refunds: ...

    @property
    def orders(self) -> Fulfilling: ...

    @property
    def answers(self) -> Answers: ...


class PaymentTransactions(Protocol):
    def __call__(self, tenant_id: UUID) -> AbstractAsyncContextManager[PaymentWork]: ...


@dataclass(frozen=True, slots=True)
class Look:
    """A payment as it stood at a moment of the database's clock."""

    payment: Payment
    at: datetime
    called_off: bool


class PaymentReads(Protocol):
    """Outside of any work. Every method raises Unavailable without a database."""

    async def look(self, tenant_id: UUID, payment_id: UUID) -> Look | None: ...

    async def refunds_of(self, tenant_id: UUID, payment_id: UUID) -> Sequence[Refund]: ...

    async def tenant_of(self, payment_id: UUID) -> UUID | None:
        """Over all tenants, for the platform's own people."""

    async def payer_of(self, tenant_id: UUID, order_id: UUID) -> Payer: ...


class DuePayments(Protocol):
    async def claim(self, most: int) -> Sequence[tuple[UUID, UUID]]:
        """Tenant and payment of those that are due, the longest due first; ours for `LEASE`, then due again."""


LEASE: Final = timedelta(seconds=15)
"""A look whose worker died is taken up after this. Two looks at once harm nothing, so slow ones need no more."""

OPENING: Final = timedelta(seconds=5)
"""An opening whose asker died is taken up after this. Whoever is at it renews its lease; see `Openings`."""

IN_HAND: Final = timedelta(seconds=25)
"""Longer than a provider may take to answer one call. After it, a refund is carried out by somebody else."""


class Notices(Protocol):
    async def payment_of(self, provider: str, reference: str, tenant_id: UUID | None) -> tuple[UUID, UUID] | None:
        """Tenant and payment that the reference names; None as tenant looks over all of them."""

    async def store(
        self, provider: str, notice: Notice, *, tenant_id: UUID | None, reference: str | None, payment_id: UUID | None
    ) -> UUID:
        """Append it, and make its payment due now; without a payment it is quarantined."""
