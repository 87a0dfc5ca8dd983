"""A forgotten condition shows nobody what is not his: the database asks a second time."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.tenancy.application.ports import Page
from ai_platform.tenancy.infrastructure.repositories import SqlApiKeys, SqlMembers, SqlTenants
from ai_platform.tenancy.infrastructure.tables import api_keys, audit_log, members, tenant_secrets, tenants
from tests.integration.tenancy.conftest import Installation

EVERYTHING = Page(None, 200)


async def two_tenants(platform: Installation) -> tuple[UUID, UUID]:
    """Each with a key, a secret, a member, a job and a line in the audit log."""
    found: list[UUID] = []
    for name in ("one", "two"):
        tenant = await platform.tenant(name, payment_config={"server_key": name})
        body = {"email": f"{name}@example.com", "name": name, "password": "twelve letters"}
        assert (await platform.http.post(f"/v1/crm/tenants/{tenant['id']}/members", json=body)).status_code == 201
        async with platform.caller(tenant["api_key"]) as owner:
            assert (await owner.post("/v1/jobs", json={"prompt": name})).status_code == 202
        found.append(UUID(tenant["id"]))
    return found[0], found[1]


async def test_repositories_without_their_conditions_see_their_own_tenants_rows_only(platform: Installation) -> None:
    one, two = await two_tenants(platform)

    class ForgetfulKeys(SqlApiKeys):
        """`page` as it is, but for its WHERE."""

        async def page(self, tenant_id: UUID, page: Page, *, with_platform: bool) -> list[Any]:
            del tenant_id, with_platform
            shown = [column for column in api_keys.c if column.name != "hash"]
            return list(await self.session.execute(select(*shown).order_by(api_keys.c.id.desc()).limit(page.limit)))

    class ForgetfulMembers(SqlMembers):
        async def page(self, tenant_id: UUID, page: Page, *, with_platform: bool) -> list[Any]:
            del tenant_id, with_platform
            return list(await self.session.execute(select(members).order_by(members.c.id.desc()).limit(page.limit)))

    for own, foreign in ((one, two), (two, one)):
        async with platform.database.session(own) as session:
            for repository in (ForgetfulKeys(session), ForgetfulMembers(session)):
                rows = await repository.page(foreign, EVERYTHING, with_platform=True)
                assert {row.tenant_id for row in rows} == {own}
            assert [tenant.id for tenant in await SqlTenants(session).page(EVERYTHING, only=None, active=None)] == [own]
            assert await SqlTenants(session).look(foreign) is None


@pytest.mark.parametrize("table", [tenant_secrets, audit_log, jobs, members], ids=lambda table: str(table.name))
async def test_a_bare_select_sees_its_own_tenants_rows_only(platform: Installation, table: Any) -> None:
    own, _ = await two_tenants(platform)
    async with platform.database.transaction(own) as connection:
        assert set(await connection.scalars(select(table.c.tenant_id))) == {own}
        assert list(await connection.scalars(select(tenants.c.id))) == [own]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT hash FROM api_keys",
        "UPDATE api_keys SET role = 'owner'",
        "UPDATE api_keys SET revoked_at = NULL, hash = hash",
        "DELETE FROM api_keys",
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
        "SELECT token_hash FROM member_sessions",
        "UPDATE tenants SET is_active = true",
        "UPDATE tenants SET id = id",
        "INSERT INTO tenants (id, name) VALUES (gen_random_uuid(), 'mine')",
    ],
)
async def test_a_tenant_may_not_do_what_is_not_its_to_do(platform: Installation, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with platform.database.transaction(DEFAULT_TENANT) as connection:
            await connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
async def test_nobody_rewrites_the_audit_log(platform: Installation, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with platform.database.transaction(None) as connection:
            await connection.execute(text(statement))


async def test_a_tenant_writes_no_row_for_another(platform: Installation) -> None:
    one, two = await two_tenants(platform)
    for statement in (
        "INSERT INTO audit_log (id, tenant_id, actor, action, subject) VALUES (gen_random_uuid(), :other, '', '', '')",
        "INSERT INTO tenant_secrets (tenant_id, name, sealed, key_id) VALUES (:other, 'x', '', '')",
        "UPDATE members SET tenant_id = :other",
    ):
        with pytest.raises(ProgrammingError, match="row-level security"):
            async with platform.database.transaction(one) as connection:
                await connection.execute(text(statement), {"other": two})


async def test_two_tenants_cannot_cross(platform: Installation) -> None:
    one, two = await platform.tenant("one"), await platform.tenant("two")
    async with platform.caller(one["api_key"]) as mine, platform.caller(two["api_key"]) as theirs:
        job = (await mine.post("/v1/jobs", json={"prompt": "Hello"})).json()["job_id"]
        assert (await mine.get(f"/v1/jobs/{job}")).status_code == 200
        assert (await theirs.get(f"/v1/jobs/{job}")).status_code == 404
        assert (await theirs.get("/v1/jobs")).json()["items"] == []
        assert (await theirs.get("/v1/jobs", headers={"X-Tenant-ID": one["id"]})).status_code == 404
        seen = (await theirs.get("/v1/ops/audit")).json()["items"]
        assert {entry["tenant_id"] for entry in seen} == {two["id"]}
