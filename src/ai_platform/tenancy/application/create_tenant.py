"""Take a new business on."""

import base64
import secrets
from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.access import require_platform
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import Principal, Role
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.auditing import record
from ai_platform.tenancy.application.once_only import Telling, Told
from ai_platform.tenancy.application.ports import Work
from ai_platform.tenancy.application.queries import TenantView
from ai_platform.tenancy.domain.api_key import ApiKey, digest_of, new_key, prefix_of
from ai_platform.tenancy.domain.payment import WEBHOOK_SECRET, PaymentConfig
from ai_platform.tenancy.domain.tenant import Tenant, TenantChanges


def new_webhook_secret() -> str:
    """As the Standard Webhooks specification writes one: `whsec_` and 24 to 64 bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedTenant:
    """The key and the secret are told this once."""

    view: TenantView
    api_key: str
    webhook_secret: str


@dataclass(frozen=True, slots=True)
class CreateTenant:
    """A tenant is born with an owner's key and a secret for its webhooks."""

    transactions: Transactions[Work]
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        *,
        name: str,
        settings: TenantChanges,
        payment: PaymentConfig,
        telling: Telling[CreatedTenant],
    ) -> Told:
        require_platform(by)
        now, key, webhook_secret = self.clock.now(), new_key(), new_webhook_secret()
        tenant = Tenant(id=new_id(), name=name, created_at=now, updated_at=now, **settings.named())  # type: ignore[arg-type]  # the fields are Tenant's own
        stored = {name: value for name, value in payment.secrets.items() if value is not None}
        async with self.transactions(None) as work:
            if (told := await telling.earlier(work, by)) is not None:
                return told
            work.tenants.add(tenant)
            for secret, value in {**stored, WEBHOOK_SECRET: webhook_secret}.items():
                await work.secrets.put(tenant.id, secret, value)
            await work.keys.add(owners_key(tenant.id, key, self.clock))
            await record(
                work.audit, self.clock, by=by, action="tenant.created", subject=tenant.id, tenant_id=tenant.id,
                name=name,
            )  # fmt: skip
            view = TenantView(tenant, frozenset(stored) | {WEBHOOK_SECRET})
            made = CreatedTenant(view=view, api_key=key, webhook_secret=webhook_secret)
            return await telling.tell(work, by, made)


def owners_key(tenant_id: UUID, key: str, clock: Clock) -> ApiKey:
    """The first key of a tenant."""
    digest = digest_of(key)
    assert digest is not None  # noqa: S101 - it was made by `new_key`
    return ApiKey(
        id=new_id(), tenant_id=tenant_id, role=Role.OWNER, name="owner", prefix=prefix_of(key), hash=digest,
        created_at=clock.now(),
    )  # fmt: skip
