"""Who may sign in to the console."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.access import TenantNotFound, require_owner
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import Principal, Role
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.auditing import record
from ai_platform.tenancy.application.once_only import Telling, Told
from ai_platform.tenancy.application.ports import Passwords, Work
from ai_platform.tenancy.application.scope import scope_of
from ai_platform.tenancy.domain.access import require_grant
from ai_platform.tenancy.domain.errors import MemberNotFound, StaffForGood
from ai_platform.tenancy.domain.member import Member, email_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    email: str
    name: str
    role: Role
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanges:
    """What is None stays as it is."""

    name: str | None = None
    role: Role | None = None
    is_active: bool | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class CreateMember:
    """An address signs in to one tenant; the platform's own staff is asked for under any tenant and belongs to none."""

    transactions: Transactions[Work]
    passwords: Passwords
    clock: Clock

    async def __call__(self, by: Principal, tenant_id: UUID, new: NewMember, telling: Telling[Member]) -> Told:
        require_owner(by, tenant_id)
        require_grant(by, new.role)
        now, email = self.clock.now(), email_of(new.email)
        member = Member(
            id=new_id(),
            tenant_id=None if new.role is Role.PLATFORM else tenant_id,
            email=email,
            name=new.name,
            role=new.role,
            password_hash=await self.passwords.hash(new.password),
            created_at=now,
            updated_at=now,
        )
        async with self.transactions(scope_of(by, tenant_id)) as work:
            if (told := await telling.earlier(work, by)) is not None:
                return told
            if await work.tenants.look(tenant_id) is None:
                raise TenantNotFound(tenant_id)
            work.people.members.add(member)
            await record(
                work.audit, self.clock, by=by, action="member.created", subject=member.id, tenant_id=member.tenant_id,
                role=new.role.value,
            )  # fmt: skip
            return await telling.tell(work, by, member)


@dataclass(frozen=True, slots=True)
class ChangeMember:
    """Whoever loses a role, the right to come in, or a password is signed out everywhere."""

    transactions: Transactions[Work]
    passwords: Passwords
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        tenant_id: UUID,
        member_id: UUID,
        changes: MemberChanges,
        *,
        expected: frozenset[int] | None = None,
    ) -> Member:
        require_owner(by, tenant_id)
        password_hash = await self.passwords.hash(changes.password) if changes.password is not None else None
        async with self.transactions(scope_of(by, tenant_id)) as work:
            member = await _found(work, by, tenant_id, member_id)
            if changes.role not in (None, member.role) and Role.PLATFORM in (changes.role, member.role):
                raise StaffForGood
            require_version(member.version, expected)
            now = self.clock.now()
            changed = member.change(now, name=changes.name, role=changes.role, is_active=changes.is_active)
            if password_hash is not None:
                member.take_password(password_hash, now)
                changed += ("password",)
            if set(changed) - {"name"}:
                await work.people.sessions.end_all_of(member_id)
            if changed:
                await record(
                    work.audit, self.clock, by=by, action="member.changed", subject=member_id,
                    tenant_id=member.tenant_id, fields=list(changed),
                )  # fmt: skip
        return member


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """A removed member is signed out everywhere; what he did stays in the audit log under his id."""

    transactions: Transactions[Work]
    clock: Clock

    async def __call__(
        self, by: Principal, tenant_id: UUID, member_id: UUID, *, expected: frozenset[int] | None = None
    ) -> None:
        require_owner(by, tenant_id)
        async with self.transactions(scope_of(by, tenant_id)) as work:
            member = await _found(work, by, tenant_id, member_id)
            require_version(member.version, expected)
            await work.people.members.remove(member)
            await record(
                work.audit, self.clock, by=by, action="member.removed", subject=member_id, tenant_id=member.tenant_id
            )


async def _found(work: Work, by: Principal, tenant_id: UUID, member_id: UUID) -> Member:
    member = await work.people.members.get(tenant_id, member_id)
    if member is None and by.role is Role.PLATFORM:
        member = await work.people.members.get(None, member_id)
    if member is None:
        raise MemberNotFound(member_id)
    return member
