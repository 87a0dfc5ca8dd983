"""Begin an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderWork, Wanted
from ai_platform.commerce.application.tenants import tenant_of
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_number import new_number
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    customer_id: UUID
    conversation_id: UUID | None = None
    wanted: Sequence[Wanted] = ()
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrder:
    """For a customer of the tenant, at today's prices, in the tenant's currency. Nothing is reserved yet."""

    transactions: Transactions[OrderWork]
    tenancy: TenancyApi
    clock: Clock

    async def __call__(self, by: Principal, tenant_id: UUID, new: NewOrder, asking: Asking[Order]) -> Answer:
        """Raises TenantNotFound, OrderCustomerUnknown, VariantUnknown, InvalidQuantity, OrderTooLarge."""
        tenant = await tenant_of(self.tenancy, by, tenant_id)
        now = self.clock.now()
        order = Order(
            id=new_id(),
            tenant_id=tenant_id,
            number=new_number(now),
            customer_id=new.customer_id,
            conversation_id=new.conversation_id,
            currency=tenant.currency,
            notes=new.notes,
            created_at=now,
            updated_at=now,
        )
        async with self.transactions(tenant_id) as work:
            if (earlier := await asking.earlier(work.answers)) is not None:
                return earlier
            offers = await work.shelf.offers(new.wanted)
            order.create([(new_id(), offer, one.quantity) for offer, one in zip(offers, new.wanted, strict=True)])
            await work.orders.add(order)
            return await asking.answer(work.answers, order)
