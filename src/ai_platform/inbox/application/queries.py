"""Look customers up."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.inbox.application.ports import CustomerReads
from ai_platform.inbox.application.views import CustomerView, CustomerViews
from ai_platform.inbox.application.whose_customer import WhoseCustomer
from ai_platform.inbox.domain.errors import CustomerNotFound
from ai_platform.kernel.principal import Principal


@dataclass(frozen=True, slots=True)
class GetCustomer:
    reads: CustomerReads
    views: CustomerViews
    whose: WhoseCustomer

    async def __call__(self, by: Principal, customer_id: UUID) -> CustomerView:
        """Raises CustomerNotFound."""
        tenant = await self.views.tenant(by, await self.whose(by, customer_id))
        customer = await self.reads.customer(tenant.id, customer_id)
        if customer is None:
            raise CustomerNotFound(customer_id)
        return (await self.views.of(tenant, [customer]))[0]


@dataclass(frozen=True, slots=True)
class ListCustomers:
    reads: CustomerReads
    views: CustomerViews

    async def __call__(
        self, by: Principal, tenant_id: UUID, said: str | None, *, before: UUID | None, limit: int
    ) -> tuple[Sequence[CustomerView], bool]:
        """Newest first, and whether there are more. Raises TenantNotFound."""
        tenant = await self.views.tenant(by, tenant_id)
        found = await self.reads.page(tenant_id, said, before=before, limit=limit + 1)
        return await self.views.of(tenant, found[:limit]), len(found) > limit
