"""Customers with what they have bought."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.contracts.api import CommerceApi, CustomerTotals
from ai_platform.inbox.domain.customer import Customer
from ai_platform.kernel.access import TenantNotFound, require_own
from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.contracts.api import TenancyApi, TenantRecord

NOTHING_YET = CustomerTotals(orders=0, spent=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """`spent` in minor units of `currency`."""

    customer: Customer
    orders: int
    spent: int
    currency: str


@dataclass(frozen=True, slots=True)
class CustomerViews:
    commerce: CommerceApi
    tenancy: TenancyApi

    async def tenant(self, by: Principal, tenant_id: UUID) -> TenantRecord:
        """Raises TenantNotFound."""
        require_own(by, tenant_id)
        tenant = await self.tenancy.tenant(tenant_id)
        if tenant is None:
            raise TenantNotFound(tenant_id)
        return tenant

    async def of(self, tenant: TenantRecord, customers: Sequence[Customer]) -> list[CustomerView]:
        totals = await self.commerce.customer_totals(tenant.id, [one.id for one in customers])
        return [view_of(one, tenant, totals.get(one.id, NOTHING_YET)) for one in customers]


def view_of(customer: Customer, tenant: TenantRecord, totals: CustomerTotals = NOTHING_YET) -> CustomerView:
    return CustomerView(customer=customer, orders=totals.orders, spent=totals.spent, currency=tenant.currency)
