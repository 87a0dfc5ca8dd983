"""Secrets of tenants in PostgreSQL: sealed before they leave this process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import KeyNotOurs, Keyring, Sealed, SecretsKeyMissing
from ai_platform.tenancy.infrastructure.tables import tenant_secrets


class SecretsLost(Exception):
    """There are secrets that no key of SECRETS_KEY opens."""


@dataclass(frozen=True, slots=True)
class SqlTenantSecrets:
    """Implements `ports.TenantSecrets`."""

    session: AsyncSession
    keyring: Keyring

    async def put(self, tenant_id: UUID, name: str, value: str | None) -> None:
        await self.session.flush()  # a new tenant's row comes first
        if value is None:
            mine = (tenant_secrets.c.tenant_id == tenant_id, tenant_secrets.c.name == name)
            await self.session.execute(delete(tenant_secrets).where(*mine))
            return
        if self.keyring.is_empty:
            raise SecretsKeyMissing
        sealed = self.keyring.seal(value, _place(tenant_id, name))
        row = {"sealed": sealed.box, "key_id": sealed.key_id, "updated_at": func.now()}
        statement = insert(tenant_secrets).values(tenant_id=tenant_id, name=name, **row)
        await self.session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "name"], set_=row))

    async def get(self, tenant_id: UUID, name: str) -> str | None:
        mine = (tenant_secrets.c.tenant_id == tenant_id, tenant_secrets.c.name == name)
        columns = (tenant_secrets.c.sealed, tenant_secrets.c.key_id)
        row = (await self.session.execute(select(*columns).where(*mine))).one_or_none()
        if row is None:
            return None
        try:
            return self.keyring.open(Sealed(row.sealed, row.key_id), _place(tenant_id, name))
        except KeyNotOurs:
            raise SecretsKeyMissing from None

    async def names(self, tenant_ids: Sequence[UUID]) -> Mapping[UUID, frozenset[str]]:
        query = select(tenant_secrets.c.tenant_id, tenant_secrets.c.name).where(
            tenant_secrets.c.tenant_id.in_(tenant_ids)
        )
        found: dict[UUID, frozenset[str]] = {}
        for tenant_id, name in await self.session.execute(query):
            found[tenant_id] = found.get(tenant_id, frozenset()) | {name}
        return found


async def require_readable_secrets(database: Database, keyring: Keyring) -> None:
    """Raises SecretsLost when something is stored that none of our keys opens, and Unavailable without a database."""
    query = select(tenant_secrets.c.key_id, func.count()).group_by(tenant_secrets.c.key_id)
    async with database.transaction(None) as connection:
        counts = {row[0]: row[1] for row in await connection.execute(query)}
    lost = sum(count for key_id, count in counts.items() if key_id not in keyring.key_ids)
    if lost:
        raise SecretsLost(f"SECRETS_KEY does not open {lost} stored secret{'s' if lost > 1 else ''}")


def _place(tenant_id: UUID, name: str) -> str:
    return f"tenant_secrets/{tenant_id}/{name}"
