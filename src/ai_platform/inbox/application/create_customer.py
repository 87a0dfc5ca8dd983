"""Write a customer down, unless his number is known."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.inbox.application.know_customer import know_customer
from ai_platform.inbox.application.ports import CustomerWork
from ai_platform.inbox.application.views import CustomerView, CustomerViews, view_of
from ai_platform.inbox.domain.customer import CustomerChanges
from ai_platform.inbox.domain.phone import country_of, phone_number
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True)
class CreateCustomer:
    """A customer whose number is known stays as he is: who asks twice, or too late, overwrites nothing."""

    transactions: Transactions[CustomerWork]
    views: CustomerViews
    clock: Clock

    async def __call__(
        self, by: Principal, tenant_id: UUID, said_number: str, details: CustomerChanges, asking: Asking[CustomerView]
    ) -> tuple[Answer | CustomerView, bool]:
        """What was answered, or the customer that was known; and whether he is new.

        Raises TenantNotFound, NotAPhoneNumber, WrongField.
        """
        tenant = await self.views.tenant(by, tenant_id)
        number = phone_number(said_number, country_of(tenant.currency))
        async with self.transactions(tenant_id) as work:
            if (earlier := await asking.earlier(work.answers)) is not None:
                return earlier, True
            customer, is_new = await know_customer(work.customers, self.clock, tenant_id, {number}, details=details)
            if is_new:
                return await asking.answer(work.answers, view_of(customer, tenant)), True
        return (await self.views.of(tenant, [customer]))[0], False
