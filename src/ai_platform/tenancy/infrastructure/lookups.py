"""What the door asks the database: many questions of one moment in one statement."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update

from ai_platform.kernel.principal import DEFAULT_TENANT, Principal
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.db import Database
from ai_platform.tenancy.application.ports import KnownSession
from ai_platform.tenancy.infrastructure.tables import api_keys, member_sessions, members, tenants

_KEYS = (
    select(api_keys.c.hash, api_keys.c.id, api_keys.c.tenant_id, api_keys.c.role)
    .outerjoin(tenants, tenants.c.id == api_keys.c.tenant_id)
    .where(api_keys.c.revoked_at.is_(None), or_(api_keys.c.tenant_id.is_(None), tenants.c.is_active))
)
_SESSIONS = (
    select(member_sessions.c.token_hash, members.c.id, members.c.tenant_id, members.c.role)
    .join(members, members.c.id == member_sessions.c.member_id)
    .outerjoin(tenants, tenants.c.id == members.c.tenant_id)
    .where(
        members.c.is_active,
        member_sessions.c.expires_at > func.now(),
        or_(members.c.tenant_id.is_(None), tenants.c.is_active),
    )
)


class SqlLookups:
    """Implements `ports.Lookups`, as the worker role: nobody knows yet whose the key is."""

    def __init__(self, database: Database, *, idle: timedelta) -> None:
        self._database = database
        self._idle = idle
        self._keys = Batcher(self._find_keys)
        self._sessions = Batcher(self._find_sessions)
        self._tenants = Batcher(self._find_tenants)

    async def key(self, digest: bytes) -> Principal | None:
        return await self._keys(digest)

    async def session(self, token_hash: bytes) -> KnownSession | None:
        return await self._sessions(token_hash)

    async def tenant(self, tenant_id: UUID) -> bool:
        return await self._tenants(tenant_id)

    async def note_uses(self, keys: Sequence[UUID], sessions: Sequence[bytes]) -> None:
        """Both at once, and not waiting for the disk: a use that a crash forgets is seen at the next."""
        if not keys and not sessions:
            return
        async with self._database.transaction(None, durable=False) as connection:
            if keys:
                used = update(api_keys).where(api_keys.c.id.in_(keys))
                await connection.execute(used.values(last_used_at=func.now()))
            if sessions:
                seen = update(member_sessions).where(member_sessions.c.token_hash.in_(sessions))
                await connection.execute(seen.values(last_used_at=func.now()))

    async def forget_old_sessions(self) -> None:
        old = or_(member_sessions.c.expires_at <= func.now(), member_sessions.c.last_used_at <= func.now() - self._idle)
        async with self._database.transaction(None, durable=False) as connection:
            await connection.execute(delete(member_sessions).where(old))

    async def _find_keys(self, digests: Sequence[bytes]) -> Sequence[Principal | None]:
        async with self._database.transaction(None) as connection:
            rows = (await connection.execute(_KEYS.where(api_keys.c.hash.in_(digests)))).all()
        found = {row.hash: Principal(str(row.id), row.role, row.tenant_id or DEFAULT_TENANT) for row in rows}
        return [found.get(digest) for digest in digests]

    async def _find_sessions(self, hashes: Sequence[bytes]) -> Sequence[KnownSession | None]:
        fresh = and_(member_sessions.c.token_hash.in_(hashes), member_sessions.c.last_used_at > func.now() - self._idle)
        async with self._database.transaction(None) as connection:
            rows = (await connection.execute(_SESSIONS.where(fresh))).all()
        found: Mapping[bytes, KnownSession] = {
            row.token_hash: KnownSession(
                row.id, Principal(f"member:{row.id}", row.role, row.tenant_id or DEFAULT_TENANT)
            )
            for row in rows
        }
        return [found.get(one) for one in hashes]

    async def _find_tenants(self, ids: Sequence[UUID]) -> Sequence[bool]:
        async with self._database.transaction(None) as connection:
            there = set((await connection.scalars(select(tenants.c.id).where(tenants.c.id.in_(ids)))).all())
        return [one in there for one in ids]
