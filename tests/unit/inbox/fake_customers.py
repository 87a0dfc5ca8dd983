"""Customers in memory."""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from uuid import UUID

from ai_platform.commerce.contracts.api import CustomerTotals
from ai_platform.inbox.domain.customer import Customer
from tests.unit.memory import FakeAnswers, Given, Memory


@dataclass
class CustomerRows:
    """`aliases` by tenant and alias: each is one customer's."""

    customers: dict[UUID, Customer] = field(default_factory=dict)
    aliases: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    answers: Given = field(default_factory=dict)

    def there(self, tenant_id: UUID) -> list[Customer]:
        """Those that were not erased, oldest first, to be changed without harm."""
        ours = [one for one in self.customers.values() if one.tenant_id == tenant_id and one.erased_at is None]
        return [deepcopy(one) for one in sorted(ours, key=lambda one: one.id)]


class FakeCustomerWork:
    """Implements `ports.CustomerWork`."""

    def __init__(self, rows: CustomerRows, tenant_id: UUID) -> None:
        self.customers = FakeCustomers(rows, tenant_id)
        self.answers = FakeAnswers(rows.answers, tenant_id)


CustomerMemory = Memory[CustomerRows, FakeCustomerWork]


def customer_memory() -> CustomerMemory:
    return Memory(CustomerRows(), FakeCustomerWork)


@dataclass
class FakeCustomers:
    """Implements `ports.Customers`."""

    rows: CustomerRows
    tenant_id: UUID

    async def of(self, aliases: Collection[str]) -> Sequence[Customer]:
        known = {self.rows.aliases.get((self.tenant_id, alias)) for alias in aliases}
        return [one for one in self.rows.there(self.tenant_id) if one.id in known]

    async def get(self, customer_id: UUID) -> Customer | None:
        return next((one for one in self.rows.there(self.tenant_id) if one.id == customer_id), None)

    async def save(self, customer: Customer) -> None:
        customer.version += customer.id in self.rows.customers
        self.rows.customers[customer.id] = deepcopy(customer)
        others = {key: whose for key, whose in self.rows.aliases.items() if whose != customer.id}
        self.rows.aliases = others | {(self.tenant_id, alias): customer.id for alias in customer.aliases}


@dataclass
class FakeCustomerReads:
    """Implements `ports.CustomerReads`; the words that customers are looked up by are the database's."""

    memory: CustomerMemory

    async def tenant_of(self, customer_id: UUID) -> UUID | None:
        customer = self.memory.rows.customers.get(customer_id)
        return customer.tenant_id if customer else None

    async def customer(self, tenant_id: UUID, customer_id: UUID) -> Customer | None:
        return await FakeCustomers(self.memory.rows, tenant_id).get(customer_id)

    async def page(self, tenant_id: UUID, said: str | None, *, before: UUID | None, limit: int) -> Sequence[Customer]:
        if said is not None:
            raise NotImplementedError
        found = [one for one in self.memory.rows.there(tenant_id) if before is None or one.id < before]
        return found[::-1][:limit]


class NothingBought:
    """Implements `CommerceApi`."""

    async def customer_totals(self, tenant_id: UUID, customer_ids: Sequence[UUID]) -> Mapping[UUID, CustomerTotals]:
        del tenant_id, customer_ids
        return {}
