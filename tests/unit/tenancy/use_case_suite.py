"""What tenancy's use cases do, on whatever keeps their rows: the fakes and PostgreSQL pass the same suite."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ai_platform.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, PreconditionFailed
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.once import Once
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.api_keys import CreateKey, RevokeKey
from ai_platform.tenancy.application.change_tenant import ChangeTenant
from ai_platform.tenancy.application.create_tenant import CreatedTenant, CreateTenant
from ai_platform.tenancy.application.deactivate_tenant import DeactivateTenant
from ai_platform.tenancy.application.members import ChangeMember, CreateMember, MemberChanges, NewMember, RemoveMember
from ai_platform.tenancy.application.once_only import Telling
from ai_platform.tenancy.application.ports import Page, Work
from ai_platform.tenancy.application.queries import GetTenant, ListAudit, ListKeys, ListMembers, ListTenants
from ai_platform.tenancy.domain.api_key import ApiKey
from ai_platform.tenancy.domain.member import Member
from ai_platform.tenancy.domain.payment import PaymentConfig
from ai_platform.tenancy.domain.tenant import TenantChanges

PLATFORM = Principal("platform-key", Role.PLATFORM, DEFAULT_TENANT)
ALL = Page(None, 100)


@dataclass
class FixedClock:
    moment: datetime = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


class PlainPasswords:
    """Implements `ports.Passwords`, legibly."""

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def matches(self, password: str, password_hash: str | None) -> bool:
        return password_hash == f"hash of {password}"


@dataclass
class Office:
    """The use cases over one store."""

    transactions: Transactions[Work]

    async def tenant(self, *, once: Once | None = None, wa_session: str | None = None) -> UUID:
        create = CreateTenant(self.transactions, FixedClock())
        telling = Telling[CreatedTenant](lambda made: str(made.view.tenant.id), once)
        payment = PaymentConfig({"server_key": "SB-1"})
        settings = TenantChanges(wa_session=wa_session)
        told = await create(PLATFORM, name="Warung", settings=settings, payment=payment, telling=telling)
        return UUID(told.words)

    async def key(self, by: Principal, tenant_id: UUID, role: Role = Role.AGENT) -> UUID:
        create = CreateKey(self.transactions, FixedClock())
        telling = Telling[tuple[ApiKey, str]](lambda made: str(made[0].id))
        return UUID((await create(by, tenant_id, name="till", role=role, telling=telling)).words)

    async def member(self, by: Principal, tenant_id: UUID, email: str = "sri@example.com") -> UUID:
        create = CreateMember(self.transactions, PlainPasswords(), FixedClock())
        new = NewMember(email=email, name="Sri", role=Role.AGENT, password="correct horse")
        return UUID((await create(by, tenant_id, new, Telling[Member](lambda made: str(made.id)))).words)

    async def acts(self, by: Principal, tenant_id: UUID) -> list[str]:
        entries, _ = await ListAudit(self.transactions)(by, tenant_id, ALL)
        return [one.action for one in entries]


def owner_of(tenant_id: UUID, role: Role = Role.OWNER) -> Principal:
    return Principal("key-1", role, tenant_id)


def once(key: str = "k", body: str = "a") -> Once:
    return Once(actor="platform-key", path="/p", key=key, fingerprint=hashlib.sha256(body.encode()).digest())


class UseCaseSuite:
    async def test_a_tenant_is_born_with_a_key_its_secrets_and_an_entry(self, office: Office) -> None:
        tenant = await office.tenant(wa_session="sri")
        view = await GetTenant(office.transactions)(owner_of(tenant), tenant)
        assert view.tenant.wa_session == "sri"
        assert view.secrets == {"server_key", "webhook_secret"}
        keys, _ = await ListKeys(office.transactions)(owner_of(tenant), tenant, ALL)
        assert [one.role for one in keys] == [Role.OWNER]
        assert await office.acts(owner_of(tenant), tenant) == ["tenant.created"]

    async def test_a_session_belongs_to_one_tenant_and_the_loser_leaves_nothing(self, office: Office) -> None:
        await office.tenant(wa_session="sri")
        before, _ = await ListTenants(office.transactions)(PLATFORM, ALL, active=None)
        with pytest.raises(Conflict):
            await office.tenant(wa_session="sri")
        after, _ = await ListTenants(office.transactions)(PLATFORM, ALL, active=None)
        assert len(after) == len(before)

    async def test_asked_for_twice_it_is_one_tenant_and_another_body_is_refused(self, office: Office) -> None:
        assert await office.tenant(once=once()) == await office.tenant(once=once())
        assert await office.tenant(once=once("other")) != await office.tenant(once=once())
        with pytest.raises(InvalidInput):
            await office.tenant(once=once(body="b"))

    async def test_what_was_refused_leaves_its_key_free(self, office: Office) -> None:
        await office.tenant(wa_session="sri")
        with pytest.raises(Conflict):
            await office.tenant(once=once(), wa_session="sri")
        tenant = await office.tenant(once=once())
        assert (await GetTenant(office.transactions)(PLATFORM, tenant)).tenant.wa_session is None

    async def test_a_change_counts_and_a_stale_writer_is_told(self, office: Office) -> None:
        tenant = await office.tenant()
        change = ChangeTenant(office.transactions, FixedClock(datetime(2026, 4, 1, tzinfo=UTC)))
        await change(owner_of(tenant), tenant, TenantChanges(agent_prompt="Hello"), expected=frozenset({1}))
        view = await GetTenant(office.transactions)(owner_of(tenant), tenant)
        assert (view.tenant.version, view.tenant.agent_prompt) == (2, "Hello")
        with pytest.raises(PreconditionFailed):
            await change(owner_of(tenant), tenant, TenantChanges(agent_prompt="Bye"), expected=frozenset({1}))

    async def test_an_owner_neither_deactivates_nor_sees_another(self, office: Office) -> None:
        mine, theirs = await office.tenant(), await office.tenant()
        with pytest.raises(NotAllowed):
            await DeactivateTenant(office.transactions, FixedClock())(owner_of(mine), mine)
        with pytest.raises(NotFound):
            await GetTenant(office.transactions)(owner_of(mine), theirs)
        with pytest.raises(NotFound):
            await office.key(owner_of(mine), theirs)
        with pytest.raises(NotAllowed):
            await office.key(owner_of(mine, Role.AGENT), mine)

    async def test_deactivated_twice_is_deactivated_once(self, office: Office) -> None:
        tenant = await office.tenant()
        deactivate = DeactivateTenant(office.transactions, FixedClock(datetime(2026, 4, 1, tzinfo=UTC)))
        await deactivate(PLATFORM, tenant)
        await deactivate(PLATFORM, tenant)
        assert sorted(await office.acts(PLATFORM, tenant)) == ["tenant.created", "tenant.deactivated"]
        with pytest.raises(Conflict):
            await deactivate(PLATFORM, DEFAULT_TENANT)

    async def test_a_key_is_revoked_once_by_its_own_tenant(self, office: Office) -> None:
        mine, theirs = await office.tenant(), await office.tenant()
        key = await office.key(owner_of(mine), mine)
        revoke = RevokeKey(office.transactions, FixedClock())
        with pytest.raises(NotFound):
            await revoke(owner_of(theirs), theirs, key)
        await revoke(owner_of(mine), mine, key)
        with pytest.raises(NotFound):
            await revoke(owner_of(mine), mine, key)

    async def test_a_platform_key_is_the_platforms_to_give_and_to_take(self, office: Office) -> None:
        mine = await office.tenant()
        with pytest.raises(NotAllowed):
            await office.key(owner_of(mine), mine, Role.PLATFORM)
        key = await office.key(PLATFORM, mine, Role.PLATFORM)
        with pytest.raises(NotFound):
            await RevokeKey(office.transactions, FixedClock())(owner_of(mine), mine, key)
        await RevokeKey(office.transactions, FixedClock())(PLATFORM, mine, key)

    async def test_an_address_signs_in_to_one_tenant(self, office: Office) -> None:
        mine, theirs = await office.tenant(), await office.tenant()
        member = await office.member(owner_of(mine), mine)
        with pytest.raises(Conflict):
            await office.member(owner_of(theirs), theirs, " SRI@Example.com ")
        await RemoveMember(office.transactions, FixedClock())(owner_of(mine), mine, member)
        member = await office.member(owner_of(theirs), theirs)
        found, _ = await ListMembers(office.transactions)(owner_of(theirs), theirs, ALL)
        assert [one.id for one in found] == [member]

    async def test_a_member_is_changed_by_its_own_tenant(self, office: Office) -> None:
        mine, theirs = await office.tenant(), await office.tenant()
        member = await office.member(owner_of(mine), mine)
        later = FixedClock(datetime(2026, 4, 1, tzinfo=UTC))
        change = ChangeMember(office.transactions, PlainPasswords(), later)
        with pytest.raises(NotFound):
            await change(owner_of(theirs), theirs, member, MemberChanges(role=Role.OWNER))
        await change(owner_of(mine), mine, member, MemberChanges(role=Role.OWNER))
        found, _ = await ListMembers(office.transactions)(owner_of(mine, Role.AGENT), mine, ALL)
        assert [(one.role, one.version) for one in found] == [(Role.OWNER, 2)]

    async def test_what_is_under_no_tenant_is_not_found(self, office: Office) -> None:
        for ask in (office.key, office.member):
            with pytest.raises(NotFound):
                await ask(PLATFORM, new_id())
