"""Hand keys out and take them back."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.access import TenantNotFound, require_owner
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import Principal, Role
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.auditing import record
from ai_platform.tenancy.application.once_only import Telling, Told
from ai_platform.tenancy.application.ports import Work
from ai_platform.tenancy.application.scope import scope_of
from ai_platform.tenancy.domain.access import require_grant
from ai_platform.tenancy.domain.api_key import ApiKey, digest_of, new_key, prefix_of
from ai_platform.tenancy.domain.errors import KeyNotFound


@dataclass(frozen=True, slots=True)
class CreateKey:
    """A key is told once. A platform key is nobody's tenant's: it is only asked for under one."""

    transactions: Transactions[Work]
    clock: Clock

    async def __call__(
        self, by: Principal, tenant_id: UUID, *, name: str, role: Role, telling: Telling[tuple[ApiKey, str]]
    ) -> Told:
        """Tells the key's record and the key itself."""
        require_owner(by, tenant_id)
        require_grant(by, role)
        text = new_key()
        key = ApiKey(
            id=new_id(),
            tenant_id=None if role is Role.PLATFORM else tenant_id,
            role=role,
            name=name,
            prefix=prefix_of(text),
            hash=digest_of(text) or b"",
            created_at=self.clock.now(),
        )
        async with self.transactions(scope_of(by, tenant_id)) as work:
            if (told := await telling.earlier(work, by)) is not None:
                return told
            if await work.tenants.look(tenant_id) is None:
                raise TenantNotFound(tenant_id)
            await work.keys.add(key)
            await record(
                work.audit, self.clock, by=by, action="api_key.created", subject=key.id, tenant_id=key.tenant_id,
                name=name, role=role.value,
            )  # fmt: skip
            return await telling.tell(work, by, (key, text))


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """A revoked key opens nothing within two seconds, and never again."""

    transactions: Transactions[Work]
    clock: Clock

    async def __call__(self, by: Principal, tenant_id: UUID, key_id: UUID) -> None:
        require_owner(by, tenant_id)
        async with self.transactions(scope_of(by, tenant_id)) as work:
            owner: UUID | None = tenant_id
            revoked = await work.keys.revoke(key_id, tenant_id, self.clock.now())
            if not revoked and by.role is Role.PLATFORM:
                owner, revoked = None, await work.keys.revoke(key_id, None, self.clock.now())
            if not revoked:
                raise KeyNotFound(key_id)
            await record(work.audit, self.clock, by=by, action="api_key.revoked", subject=key_id, tenant_id=owner)
