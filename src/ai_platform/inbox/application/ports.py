"""What the inbox asks of the world."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from ai_platform.inbox.domain.customer import Customer
from ai_platform.kernel.once import Answers


class Customers(Protocol):
    """The customers of one tenant, in one transaction."""

    async def of(self, aliases: Collection[str]) -> Sequence[Customer]:
        """Oldest first. Whoever else asks for one of these aliases waits until the transaction is left."""

    async def get(self, customer_id: UUID) -> Customer | None:
        """Kept from others until the transaction is left. An erased one is not there."""

    async def save(self, customer: Customer) -> None:
        """As it is now; an alias that another customer had is this one's from now on."""


class CustomerWork(Protocol):
    """One tenant's transaction over its customers."""

    @property
    def customers(self) -> Customers: ...

    @property
    def answers(self) -> Answers: ...


class CustomerReads(Protocol):
    async def tenant_of(self, customer_id: UUID) -> UUID | None:
        """Among all tenants."""

    async def customer(self, tenant_id: UUID, customer_id: UUID) -> Customer | None:
        """An erased one is not there."""

    async def page(self, tenant_id: UUID, said: str | None, *, before: UUID | None, limit: int) -> Sequence[Customer]:
        """Newest first; those whose name, address or number begins with each word that was said."""
