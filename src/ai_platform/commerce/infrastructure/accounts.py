"""Whose credentials a payment is made with: the tenant's own, else the installation's."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.payment_ports import Account
from ai_platform.tenancy.contracts.api import TenancyApi

SANDBOX: Final = "sandbox"
_SECRETS: Final = {"midtrans": "server_key", "xendit": "secret_key"}


@dataclass(frozen=True, slots=True)
class TenantAccounts:
    """Implements `payment_ports.Accounts`. Where the sandbox is served, it stands in for a provider without a key."""

    tenancy: TenancyApi
    installation: Mapping[str, Account] = field(default_factory=dict)

    async def of_tenant(self, tenant_id: UUID, provider: str) -> Account | None:
        shared = self.installation.get(provider)
        name = _SECRETS.get(provider)
        if name is None:
            return shared
        own = await self.tenancy.secret(tenant_id, name)
        token = await self.tenancy.secret(tenant_id, "callback_token") if provider == "xendit" else None
        if own is None:
            return replace(shared, callback_token=token) if shared and token else shared
        tenant = await self.tenancy.tenant(tenant_id)
        return Account(
            provider=provider,
            secret=own,
            callback_token=token or (shared.callback_token if shared else None),
            is_production=bool(tenant and tenant.payment_is_production),
        )

    async def provider_of(self, tenant_id: UUID) -> str:
        tenant = await self.tenancy.tenant(tenant_id)
        wanted = tenant.payment_provider if tenant else SANDBOX
        if SANDBOX in self.installation and await self.of_tenant(tenant_id, wanted) is None:
            return SANDBOX
        return wanted

    def of_installation(self, provider: str) -> Account | None:
        return self.installation.get(provider)
