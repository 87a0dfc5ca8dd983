"""Tenancy in memory: what a transaction changed is kept when it is left cleanly, and then only."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from ai_platform.kernel.errors import Conflict, InvalidInput
from ai_platform.kernel.once import Once
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.tenancy.application.ports import Page, People
from ai_platform.tenancy.domain.api_key import ApiKey
from ai_platform.tenancy.domain.audit import AuditEntry
from ai_platform.tenancy.domain.errors import EmailTaken, WaSessionTaken
from ai_platform.tenancy.domain.member import Member
from ai_platform.tenancy.domain.tenant import Tenant

ThingT = TypeVar("ThingT", Tenant, ApiKey, Member, AuditEntry)
EPOCH = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


@dataclass
class Rows:
    tenants: dict[UUID, Tenant] = field(default_factory=dict)
    secrets: dict[tuple[UUID, str], str] = field(default_factory=dict)
    keys: dict[UUID, ApiKey] = field(default_factory=dict)
    members: dict[UUID, Member] = field(default_factory=dict)
    sessions: dict[bytes, UUID] = field(default_factory=dict)
    audit: dict[UUID, AuditEntry] = field(default_factory=dict)
    answers: dict[tuple[UUID, str, str, str], tuple[bytes, str]] = field(default_factory=dict)

    def copied(self) -> "Rows":
        return Rows(
            {key: replace(one) for key, one in self.tenants.items()},
            dict(self.secrets),
            {key: replace(one) for key, one in self.keys.items()},
            {key: replace(one) for key, one in self.members.items()},
            dict(self.sessions),
            dict(self.audit),
            dict(self.answers),
        )


def _default() -> Rows:
    default = Tenant(id=DEFAULT_TENANT, name="default", created_at=EPOCH, updated_at=EPOCH)
    return Rows(tenants={DEFAULT_TENANT: default})


@dataclass
class FakeTransactions:
    """Implements the kernel's `Transactions`. `under_way` are the keys whose first request has not ended."""

    rows: Rows = field(default_factory=_default)
    under_way: set[tuple[UUID, str, str, str]] = field(default_factory=set)

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator["FakeWork"]:
        work = FakeWork(self.rows.copied(), tenant_id, self.under_way)
        try:
            yield work
            work.check()
            work.count_versions(self.rows)
            self.rows = work.rows
        finally:
            self.under_way -= work.begun


class FakeWork:
    """Implements `ports.Work`: every port in one, for they share their rows. A tenant's work sees its own alone."""

    def __init__(self, rows: Rows, scope: UUID | None, under_way: set[tuple[UUID, str, str, str]]) -> None:
        self.rows, self.scope, self.under_way = rows, scope, under_way
        self.begun: set[tuple[UUID, str, str, str]] = set()
        self.tenants = FakeTenants(self)
        self.secrets = FakeSecrets(self)
        self.keys = FakeKeys(self)
        self.people = People(FakeMembers(self), FakeSessions(self))
        self.audit = FakeAudit(self)
        self.answers = FakeAnswers(self)

    def sees(self, tenant_id: UUID | None) -> bool:
        return self.scope is None or self.scope == tenant_id

    def check(self) -> None:
        sessions = [one.wa_session for one in self.rows.tenants.values() if one.wa_session]
        if len(sessions) != len(set(sessions)):
            raise WaSessionTaken
        if len({one.email for one in self.rows.members.values()}) != len(self.rows.members):
            raise EmailTaken

    def count_versions(self, before: Rows) -> None:
        for id_, tenant in self.rows.tenants.items():
            if id_ in before.tenants and before.tenants[id_].updated_at != tenant.updated_at:
                tenant.version += 1
        for id_, member in self.rows.members.items():
            if id_ in before.members and before.members[id_].updated_at != member.updated_at:
                member.version += 1


def paged(found: Sequence[ThingT], page: Page) -> list[ThingT]:
    newest = sorted(found, key=lambda one: one.id, reverse=True)
    return [one for one in newest if page.before is None or one.id < page.before][: page.limit]


@dataclass
class FakeTenants:
    work: FakeWork

    def add(self, tenant: Tenant) -> None:
        self.work.rows.tenants[tenant.id] = tenant

    async def get(self, tenant_id: UUID) -> Tenant | None:
        return await self.look(tenant_id)

    async def look(self, tenant_id: UUID) -> Tenant | None:
        return self.work.rows.tenants.get(tenant_id) if self.work.sees(tenant_id) else None

    async def of_session(self, wa_session: str) -> Tenant | None:
        return next((one for one in self.work.rows.tenants.values() if one.wa_session == wa_session), None)

    async def page(self, page: Page, *, only: UUID | None, active: bool | None) -> Sequence[Tenant]:
        found = [one for one in self.work.rows.tenants.values() if only in (None, one.id)]
        return paged([one for one in found if active in (None, one.is_active)], page)


@dataclass
class FakeSecrets:
    work: FakeWork

    async def put(self, tenant_id: UUID, name: str, value: str | None) -> None:
        self.work.rows.secrets.pop((tenant_id, name), None)
        if value is not None:
            self.work.rows.secrets[tenant_id, name] = value

    async def get(self, tenant_id: UUID, name: str) -> str | None:
        return self.work.rows.secrets.get((tenant_id, name))

    async def names(self, tenant_ids: Sequence[UUID]) -> Mapping[UUID, frozenset[str]]:
        stored = self.work.rows.secrets
        return {one: frozenset(name for owner, name in stored if owner == one) for one in tenant_ids}


@dataclass
class FakeKeys:
    work: FakeWork

    async def add(self, key: ApiKey) -> None:
        self.work.rows.keys[key.id] = key

    async def revoke(self, key_id: UUID, tenant_id: UUID | None, at: datetime) -> bool:
        key = self.work.rows.keys.get(key_id)
        if key is None or key.tenant_id != tenant_id or key.revoked_at is not None:
            return False
        key.revoked_at = at
        return True

    async def page(self, tenant_id: UUID, page: Page, *, with_platform: bool) -> Sequence[ApiKey]:
        shown = {tenant_id, None} if with_platform else {tenant_id}
        keys = self.work.rows.keys.values()
        return paged([one for one in keys if one.tenant_id in shown and one.revoked_at is None], page)

    async def of_hash(self, digest: bytes) -> ApiKey | None:
        return next((one for one in self.work.rows.keys.values() if one.hash == digest), None)


@dataclass
class FakeMembers:
    work: FakeWork

    def add(self, member: Member) -> None:
        self.work.rows.members[member.id] = member

    async def get(self, tenant_id: UUID | None, member_id: UUID) -> Member | None:
        found = self.work.rows.members.get(member_id)
        return found if found is not None and found.tenant_id == tenant_id else None

    async def of_email(self, email: str) -> Member | None:
        return next((one for one in self.work.rows.members.values() if one.email == email), None)

    async def page(self, tenant_id: UUID, page: Page, *, with_platform: bool) -> Sequence[Member]:
        shown = {tenant_id, None} if with_platform else {tenant_id}
        return paged([one for one in self.work.rows.members.values() if one.tenant_id in shown], page)

    async def remove(self, member: Member) -> None:
        del self.work.rows.members[member.id]
        await self.work.people.sessions.end_all_of(member.id)


@dataclass
class FakeSessions:
    work: FakeWork

    async def begin(self, token_hash: bytes, member: Member, *, at: datetime, until: datetime) -> None:  # noqa: ARG002
        self.work.rows.sessions[token_hash] = member.id

    async def end(self, token_hash: bytes) -> None:
        self.work.rows.sessions.pop(token_hash, None)

    async def end_all_of(self, member_id: UUID) -> None:
        kept = {token: whose for token, whose in self.work.rows.sessions.items() if whose != member_id}
        self.work.rows.sessions = kept


@dataclass
class FakeAudit:
    work: FakeWork

    async def record(self, entry: AuditEntry) -> None:
        self.work.rows.audit[entry.id] = entry

    async def page(self, tenant_id: UUID | None, page: Page) -> Sequence[AuditEntry]:
        entries = [one for one in self.work.rows.audit.values() if self.work.sees(one.tenant_id)]
        return paged([one for one in entries if tenant_id in (None, one.tenant_id)], page)


@dataclass
class FakeAnswers:
    work: FakeWork

    async def begin(self, tenant_id: UUID, once: Once) -> str | None:
        place = (tenant_id, once.actor, once.path, once.key)
        if place in self.work.under_way:
            raise Conflict("It is being worked on.", code="idempotency_in_progress")
        self.work.begun.add(place)
        self.work.under_way.add(place)
        kept = self.work.rows.answers.get(place)
        if kept is not None and kept[0] != once.fingerprint:
            raise InvalidInput("Another body.", code="idempotency_key_reused")
        return None if kept is None else kept[1]

    async def keep(self, tenant_id: UUID, once: Once, words: str) -> None:
        self.work.rows.answers[tenant_id, once.actor, once.path, once.key] = (once.fingerprint, words)
