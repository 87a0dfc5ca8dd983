"""Let a business go."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.access import TenantNotFound, require_own, require_platform
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.auditing import record
from ai_platform.tenancy.application.ports import Work
from ai_platform.tenancy.domain.tenant import TenantChanges


@dataclass(frozen=True, slots=True)
class DeactivateTenant:
    """Nothing of it is lost, and it can be activated again; to deactivate it twice is to do it once."""

    transactions: Transactions[Work]
    clock: Clock

    async def __call__(self, by: Principal, tenant_id: UUID, *, expected: frozenset[int] | None = None) -> None:
        require_own(by, tenant_id)
        require_platform(by)
        async with self.transactions(None) as work:
            tenant = await work.tenants.get(tenant_id)
            if tenant is None:
                raise TenantNotFound(tenant_id)
            require_version(tenant.version, expected)
            if tenant.change(TenantChanges(is_active=False), self.clock.now()):
                await record(
                    work.audit, self.clock, by=by, action="tenant.deactivated", subject=tenant_id, tenant_id=tenant_id
                )
