"""A provider says that there is news: who says so is verified on the raw bytes, what he says is kept as it came."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.payment_ports import Account, Accounts, Gate, Gates, Notice
from ai_platform.commerce.application.payment_work import Notices
from ai_platform.commerce.application.refused_notices import REFERENCE_SHOWN, RefusedNotices
from ai_platform.commerce.domain.payment_errors import NoticeNotGenuine
from ai_platform.kernel.errors import NotFound
from ai_platform.tenancy.contracts.api import TenancyApi

RECEIVED: Final = "received"
IGNORED: Final = "ignored"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class ReceiveNotice:
    """Nothing of it is believed: it makes the payment due, and the worker asks the provider.

    At the address without a tenant, the reference tells whose secret to try; what nobody knows has to be genuine by the
    installation's own. `count` is told the provider and what became of the notice.
    """

    gates: Gates
    accounts: Accounts
    notices: Notices
    tenancy: TenancyApi
    refused: RefusedNotices
    count: Callable[[str, str], object]

    async def __call__(self, provider: str, tenant_id: UUID | None, notice: Notice) -> str:
        """Raises NotFound for an unknown provider or tenant, and NoticeNotGenuine, which is remembered."""
        gate = self.gates.get(provider)
        if gate is None:
            raise NotFound(f"There is no payment provider '{provider}'.", code="provider_not_found")
        is_active = await self._is_active(tenant_id)
        reference = gate.reader.reference_of(notice)
        known = await self.notices.payment_of(provider, reference, tenant_id) if reference else None
        owner = known[0] if known else tenant_id
        await self._verify(gate, provider, owner, notice, reference)
        await self.notices.store(
            provider,
            notice,
            tenant_id=owner,
            reference=reference[:REFERENCE_SHOWN] if reference else None,
            payment_id=known[1] if known else None,
        )
        became = RECEIVED if is_active else IGNORED
        self.count(provider, became)
        return became

    async def _is_active(self, tenant_id: UUID | None) -> bool:
        if tenant_id is None:
            return True
        tenant = await self.tenancy.tenant(tenant_id)
        if tenant is None:
            raise NotFound(f"There is no tenant {tenant_id}.", code="tenant_not_found")
        return tenant.is_active

    async def _verify(
        self, gate: Gate, provider: str, owner: UUID | None, notice: Notice, reference: str | None
    ) -> None:
        account: Account | None = (
            self.accounts.of_installation(provider)
            if owner is None
            else await self.accounts.of_tenant(owner, provider)
        )  # fmt: skip
        if account is None or not gate.reader.is_genuine(notice, account):
            self.count(provider, REFUSED)
            await self.refused.remember(provider, owner, reference)
            raise NoticeNotGenuine
