"""Tenants, keys, members and their sessions in PostgreSQL, within one transaction."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.kernel.errors import PlatformError
from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import Keyring
from ai_platform.tenancy.application.ports import Page, People
from ai_platform.tenancy.domain.api_key import ApiKey
from ai_platform.tenancy.domain.errors import EmailTaken, SignInRefused, UnknownConfig, WaSessionTaken
from ai_platform.tenancy.domain.member import Member
from ai_platform.tenancy.domain.tenant import Tenant
from ai_platform.tenancy.infrastructure.answers import SqlAnswers
from ai_platform.tenancy.infrastructure.audit import SqlAuditLog
from ai_platform.tenancy.infrastructure.secrets import SqlTenantSecrets
from ai_platform.tenancy.infrastructure.tables import api_keys, member_sessions, members, tenants

_REFUSALS: dict[str, type[PlatformError]] = {
    "uq_tenants_wa_session": WaSessionTaken,
    "uq_members_email": EmailTaken,
    "fk_tenants_llm_config_name": UnknownConfig,
    "fk_member_sessions_member_id": SignInRefused,
}

_SHOWN_OF_KEYS = [column for column in api_keys.c if column.name != "hash"]

QueryT = TypeVar("QueryT", bound=Select[Any])


@dataclass(frozen=True, slots=True)
class SqlTenants:
    """Implements `ports.Tenants`."""

    session: AsyncSession

    def add(self, tenant: Tenant) -> None:
        self.session.add(tenant)

    async def get(self, tenant_id: UUID) -> Tenant | None:
        return await self.session.get(Tenant, tenant_id, with_for_update=True)

    async def look(self, tenant_id: UUID) -> Tenant | None:
        return await self.session.get(Tenant, tenant_id)

    async def of_session(self, wa_session: str) -> Tenant | None:
        return (await self.session.scalars(select(Tenant).where(tenants.c.wa_session == wa_session))).one_or_none()

    async def page(self, page: Page, *, only: UUID | None, active: bool | None) -> Sequence[Tenant]:
        query = _paged(select(Tenant), tenants.c.id, page)
        if only is not None:
            query = query.where(tenants.c.id == only)
        if active is not None:
            query = query.where(tenants.c.is_active.is_(active))
        return (await self.session.scalars(query)).all()


@dataclass(frozen=True, slots=True)
class SqlApiKeys:
    """Implements `ports.ApiKeys`."""

    session: AsyncSession

    async def add(self, key: ApiKey) -> None:
        await self.session.flush()  # a new tenant's row comes first
        await self.session.execute(insert(api_keys).inline(), asdict(key))

    async def revoke(self, key_id: UUID, tenant_id: UUID | None, at: datetime) -> bool:
        mine = (api_keys.c.id == key_id, _of(api_keys.c.tenant_id, tenant_id), api_keys.c.revoked_at.is_(None))
        statement = update(api_keys).where(*mine).values(revoked_at=at).returning(api_keys.c.id)
        return (await self.session.execute(statement)).first() is not None

    async def page(self, tenant_id: UUID, page: Page, *, with_platform: bool) -> Sequence[ApiKey]:
        shown = _paged(select(*_SHOWN_OF_KEYS), api_keys.c.id, page)
        whose = _shared(api_keys.c.tenant_id, tenant_id, with_platform)
        rows = await self.session.execute(shown.where(whose, api_keys.c.revoked_at.is_(None)))
        return [ApiKey(hash=b"", **row._mapping) for row in rows]

    async def of_hash(self, digest: bytes) -> ApiKey | None:
        row = (await self.session.execute(select(api_keys).where(api_keys.c.hash == digest))).one_or_none()
        return None if row is None else ApiKey(**row._mapping)


@dataclass(frozen=True, slots=True)
class SqlMembers:
    """Implements `ports.Members`."""

    session: AsyncSession

    def add(self, member: Member) -> None:
        self.session.add(member)

    async def get(self, tenant_id: UUID | None, member_id: UUID) -> Member | None:
        mine = (members.c.id == member_id, _of(members.c.tenant_id, tenant_id))
        return (await self.session.scalars(select(Member).where(*mine).with_for_update())).one_or_none()

    async def of_email(self, email: str) -> Member | None:
        return (await self.session.scalars(select(Member).where(members.c.email == email))).one_or_none()

    async def page(self, tenant_id: UUID, page: Page, *, with_platform: bool) -> Sequence[Member]:
        whose = _shared(members.c.tenant_id, tenant_id, with_platform)
        return (await self.session.scalars(_paged(select(Member), members.c.id, page).where(whose))).all()

    async def remove(self, member: Member) -> None:
        await self.session.delete(member)


@dataclass(frozen=True, slots=True)
class SqlSessions:
    """Implements `ports.Sessions`."""

    session: AsyncSession

    async def begin(self, token_hash: bytes, member: Member, *, at: datetime, until: datetime) -> None:
        row = {"token_hash": token_hash, "tenant_id": member.tenant_id, "member_id": member.id, "expires_at": until}
        await self.session.execute(insert(member_sessions).inline(), {**row, "created_at": at, "last_used_at": at})
        signed_in = update(members).where(members.c.id == member.id).values(last_sign_in_at=at)
        await self.session.execute(signed_in, execution_options={"synchronize_session": False})

    async def end(self, token_hash: bytes) -> None:
        await self.session.execute(delete(member_sessions).where(member_sessions.c.token_hash == token_hash))

    async def end_all_of(self, member_id: UUID) -> None:
        await self.session.execute(delete(member_sessions).where(member_sessions.c.member_id == member_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class TenancyWork:
    """Implements `ports.Work`."""

    tenants: SqlTenants
    secrets: SqlTenantSecrets
    keys: SqlApiKeys
    people: People
    audit: SqlAuditLog
    answers: SqlAnswers


@dataclass(frozen=True, slots=True)
class TenancyTransactions:
    """Implements the kernel's `Transactions`; what the database's own rules refuse is said in our words."""

    database: Database
    keyring: Keyring

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[TenancyWork]:
        try:
            async with self.database.session(tenant_id) as session:
                yield TenancyWork(
                    tenants=SqlTenants(session),
                    secrets=SqlTenantSecrets(session, self.keyring),
                    keys=SqlApiKeys(session),
                    people=People(SqlMembers(session), SqlSessions(session)),
                    audit=SqlAuditLog(session),
                    answers=SqlAnswers(session, self.keyring),
                )
        except IntegrityError as error:
            rule = getattr(error.orig.__cause__, "constraint_name", None) if error.orig else None
            refusal = _REFUSALS.get(rule or "")
            if refusal is None:
                raise
            raise refusal() from error  # type: ignore[call-arg]  # each of them words itself


def _paged(query: QueryT, key: ColumnElement[UUID], page: Page) -> QueryT:
    query = query.order_by(key.desc()).limit(page.limit)
    return query if page.before is None else query.where(key < page.before)


def _of(column: ColumnElement[UUID], tenant_id: UUID | None) -> ColumnElement[bool]:
    return column.is_(None) if tenant_id is None else column == tenant_id


def _shared(column: ColumnElement[UUID], tenant_id: UUID, with_platform: bool) -> ColumnElement[bool]:
    return or_(column == tenant_id, column.is_(None)) if with_platform else column == tenant_id
