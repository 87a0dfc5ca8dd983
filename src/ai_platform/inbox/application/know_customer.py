"""Know a customer by whatever he is known by, or get to know him."""

from collections.abc import Collection
from uuid import UUID

from ai_platform.inbox.application.ports import Customers
from ai_platform.inbox.domain.customer import Customer, CustomerChanges
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id


async def know_customer(
    customers: Customers,
    clock: Clock,
    tenant_id: UUID,
    aliases: Collection[str],
    *,
    wa_chat_id: str | None = None,
    details: CustomerChanges | None = None,
) -> tuple[Customer, bool]:
    """The one, and whether he is new; within the transaction of what he did. `details` are of a new one.

    Two customers that turn out to be one are known as the older from now on; what the other ordered stays his.
    """
    now = clock.now()
    numbers = sorted(one for one in aliases if one.startswith("+"))
    found = await customers.of(aliases)
    if found:
        customer = found[0]
        if not customer.aliases.issuperset(aliases):
            customer.is_also(aliases, now)
            await customers.save(customer)
        return customer, False
    customer = Customer(
        id=new_id(),
        tenant_id=tenant_id,
        phone_number=numbers[0] if numbers else None,
        wa_chat_id=wa_chat_id,
        aliases=set(aliases),
        created_at=now,
        updated_at=now,
    )
    if details is not None:
        customer.change(details, now)
    await customers.save(customer)
    return customer, True
