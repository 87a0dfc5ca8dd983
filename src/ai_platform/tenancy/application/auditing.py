"""How an act becomes an entry of the audit log."""

from uuid import UUID

from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.application.ports import AuditLog
from ai_platform.tenancy.domain.audit import AuditEntry


async def record(
    log: AuditLog,
    clock: Clock,
    *,
    by: Principal,
    action: str,
    subject: object,
    tenant_id: UUID | None,
    **details: object,
) -> None:
    """In the transaction of the act itself: both are kept, or neither."""
    await log.record(
        AuditEntry(
            id=new_id(),
            tenant_id=tenant_id,
            at=clock.now(),
            actor=by.actor,
            action=action,
            subject=str(subject),
            details=details,
        )
    )
