"""Forget who a customer was."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.inbox.application.ports import CustomerWork
from ai_platform.inbox.application.whose_customer import WhoseCustomer
from ai_platform.inbox.domain.errors import CustomerNotFound
from ai_platform.kernel.access import require_owner
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True)
class EraseCustomer:
    """Personal data goes and the books stay. Who writes again is somebody new."""

    transactions: Transactions[CustomerWork]
    whose: WhoseCustomer
    clock: Clock

    async def __call__(self, by: Principal, customer_id: UUID, *, expected: frozenset[int] | None = None) -> None:
        """Raises CustomerNotFound, RoleTooLow, PreconditionFailed."""
        async with self.transactions(await self.whose(by, customer_id)) as work:
            customer = await work.customers.get(customer_id)
            if customer is None:
                raise CustomerNotFound(customer_id)
            require_owner(by, customer.tenant_id)
            require_version(customer.version, expected)
            customer.erase(self.clock.now())
            await work.customers.save(customer)
