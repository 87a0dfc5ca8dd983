"""Reads of orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderFilter, OrderReads
from ai_platform.commerce.application.order_views import OrderView
from ai_platform.commerce.application.tenants import require_tenant
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.order_errors import OrderNotFound
from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True)
class GetOrder:
    reads: OrderReads
    whose: WhoseOrder

    async def __call__(self, by: Principal, order_id: UUID) -> OrderView:
        """Raises OrderNotFound."""
        view = await self.reads.get(await self.whose(by, order_id), order_id)
        if view is None:
            raise OrderNotFound(order_id)
        return view


@dataclass(frozen=True, slots=True)
class ListOrders:
    reads: OrderReads
    tenancy: TenancyApi

    async def __call__(
        self, by: Principal, tenant_id: UUID, where: OrderFilter, *, before: UUID | None, limit: int
    ) -> tuple[Sequence[OrderView], bool]:
        """Newest first, and whether there are more. Raises TenantNotFound."""
        await require_tenant(self.tenancy, by, tenant_id)
        views = await self.reads.page(tenant_id, where, before=before, limit=limit + 1)
        return views[:limit], len(views) > limit
