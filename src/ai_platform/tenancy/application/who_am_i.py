"""What a caller is told of himself."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.access import TenantNotFound
from ai_platform.kernel.principal import Principal, Role
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.ports import Work
from ai_platform.tenancy.application.scope import scope_of
from ai_platform.tenancy.domain.member import Member
from ai_platform.tenancy.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """The tenant a caller acts for, and the member he is; a key and open mode are no member."""

    transactions: Transactions[Work]

    async def __call__(self, caller: Principal) -> tuple[Tenant, Member | None]:
        kind, _, member_id = caller.actor.partition(":")
        async with self.transactions(scope_of(caller, caller.tenant_id)) as work:
            tenant = await work.tenants.look(caller.tenant_id)
            if tenant is None:
                raise TenantNotFound(caller.tenant_id)
            if kind != "member":
                return tenant, None
            whose = None if caller.role is Role.PLATFORM else caller.tenant_id
            return tenant, await work.people.members.get(whose, UUID(member_id))
