"""Tenancy as other contexts see it."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.ports import Work
from ai_platform.tenancy.contracts.api import Act, TenantRecord
from ai_platform.tenancy.domain.audit import AuditEntry
from ai_platform.tenancy.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class TenancyFacade:
    """Implements `contracts.api.TenancyApi`."""

    transactions: Transactions[Work]
    clock: Clock

    async def tenant(self, tenant_id: UUID) -> TenantRecord | None:
        async with self.transactions(tenant_id) as work:
            return _record_of(await work.tenants.look(tenant_id))

    async def tenant_of_session(self, wa_session: str) -> TenantRecord | None:
        async with self.transactions(None) as work:
            return _record_of(await work.tenants.of_session(wa_session))

    async def secret(self, tenant_id: UUID, name: str) -> str | None:
        async with self.transactions(tenant_id) as work:
            return await work.secrets.get(tenant_id, name)

    async def record(self, act: Act) -> None:
        entry = AuditEntry(
            id=new_id(),
            tenant_id=act.tenant_id,
            at=self.clock.now(),
            actor=act.actor,
            action=act.action,
            subject=act.subject,
            details=act.details,
        )
        async with self.transactions(act.tenant_id) as work:
            await work.audit.record(entry)


def _record_of(tenant: Tenant | None) -> TenantRecord | None:
    if tenant is None:
        return None
    return TenantRecord(
        id=tenant.id,
        name=tenant.name,
        wa_session=tenant.wa_session,
        llm_config_name=tenant.llm_config_name,
        agent_prompt=tenant.agent_prompt,
        agent_enabled=tenant.agent_enabled,
        payment_provider=tenant.payment_provider.value,
        payment_is_production=tenant.payment_options.is_production,
        currency=tenant.currency,
        timezone=tenant.timezone,
        business_hours=tenant.business_hours.stated(),
        is_active=tenant.is_active,
        version=tenant.version,
        order_expiry_hours=tenant.options.order_expiry_hours,
    )
