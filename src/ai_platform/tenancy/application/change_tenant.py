"""Change a tenant's settings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from ai_platform.kernel.access import TenantNotFound, require_owner, require_platform
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.auditing import record
from ai_platform.tenancy.application.ports import Work
from ai_platform.tenancy.application.queries import TenantView
from ai_platform.tenancy.application.scope import scope_of
from ai_platform.tenancy.domain.options import TenantOptions
from ai_platform.tenancy.domain.payment import UNCHANGED, PaymentConfig, PaymentOptions
from ai_platform.tenancy.domain.tenant import TenantChanges


@dataclass(frozen=True, slots=True)
class ChangeTenant:
    """Its owner changes everything but whether it is active, which is the platform's to say.

    The audit log keeps the names of what changed, and no value.
    """

    transactions: Transactions[Work]
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        tenant_id: UUID,
        changes: TenantChanges,
        *,
        payment: PaymentConfig = UNCHANGED,
        options: Callable[[TenantOptions], TenantOptions] | None = None,
        expected: frozenset[int] | None = None,
    ) -> TenantView:
        require_owner(by, tenant_id)
        if changes.is_active is not None:
            require_platform(by)
        if payment.is_production is not None:
            changes = replace(changes, payment_options=PaymentOptions(payment.is_production))
        async with self.transactions(scope_of(by, tenant_id)) as work:
            tenant = await work.tenants.get(tenant_id)
            if tenant is None:
                raise TenantNotFound(tenant_id)
            require_version(tenant.version, expected)
            if options is not None:
                changes = replace(changes, options=options(tenant.options))
            changed = tenant.change(changes, self.clock.now())
            for name, value in payment.secrets.items():
                await work.secrets.put(tenant_id, name, value)
            if payment.secrets:
                tenant.touch(self.clock.now())
            changed += tuple(payment.secrets)
            if changed:
                await record(
                    work.audit, self.clock, by=by, action="tenant.changed", subject=tenant_id, tenant_id=tenant_id,
                    fields=list(changed),
                )  # fmt: skip
            names = await work.secrets.names([tenant_id])
        return TenantView(tenant, names.get(tenant_id, frozenset()))
