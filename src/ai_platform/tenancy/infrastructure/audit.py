"""The audit log in PostgreSQL: rows are added and read, nothing else."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.runtime import tracing
from ai_platform.tenancy.application.ports import Page
from ai_platform.tenancy.domain.audit import AuditEntry
from ai_platform.tenancy.infrastructure.tables import audit_log


@dataclass(frozen=True, slots=True)
class SqlAuditLog:
    """Implements `ports.AuditLog`; an entry carries the id of the request in which it was made."""

    session: AsyncSession

    async def record(self, entry: AuditEntry) -> None:
        trace = tracing.current()
        row = asdict(entry) | {"request_id": trace.request_id if trace else None}
        await self.session.execute(insert(audit_log).inline(), row)

    async def page(self, tenant_id: UUID | None, page: Page) -> Sequence[AuditEntry]:
        query = select(audit_log).order_by(audit_log.c.id.desc()).limit(page.limit)
        if tenant_id is not None:
            query = query.where(audit_log.c.tenant_id == tenant_id)
        if page.before is not None:
            query = query.where(audit_log.c.id < page.before)
        return [AuditEntry(**row._mapping) for row in await self.session.execute(query)]
