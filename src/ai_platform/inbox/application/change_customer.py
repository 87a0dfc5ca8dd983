"""Correct what is known of a customer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from ai_platform.inbox.application.ports import CustomerWork
from ai_platform.inbox.application.views import CustomerView, CustomerViews
from ai_platform.inbox.application.whose_customer import WhoseCustomer
from ai_platform.inbox.domain.customer import Address, CustomerChanges
from ai_platform.inbox.domain.errors import CustomerNotFound, PhoneTaken
from ai_platform.inbox.domain.phone import country_of, phone_number
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions

NewAddress = Callable[[Address | None], Address]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCustomer:
    """A number that another customer has is refused: two people are not made one by a slip of the pen."""

    transactions: Transactions[CustomerWork]
    views: CustomerViews
    whose: WhoseCustomer
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        customer_id: UUID,
        changes: CustomerChanges,
        *,
        address: NewAddress | None = None,
        expected: frozenset[int] | None = None,
    ) -> CustomerView:
        """`changes.phone_number` as it was said.

        Raises CustomerNotFound, PreconditionFailed, NotAPhoneNumber, PhoneTaken, WrongField.
        """
        tenant = await self.views.tenant(by, await self.whose(by, customer_id))
        if changes.phone_number is not None:
            changes = replace(changes, phone_number=phone_number(changes.phone_number, country_of(tenant.currency)))
        async with self.transactions(tenant.id) as work:
            if changes.phone_number is not None:
                known = await work.customers.of({changes.phone_number})
                if any(one.id != customer_id for one in known):
                    raise PhoneTaken
            customer = await work.customers.get(customer_id)
            if customer is None:
                raise CustomerNotFound(customer_id)
            require_version(customer.version, expected)
            if address is not None:
                changes = replace(changes, address=address(customer.address))
            customer.change(changes, self.clock.now())
            await work.customers.save(customer)
        return (await self.views.of(tenant, [customer]))[0]
