"""A provider says that there is news: who says so is verified on the raw bytes, what he says is kept as it came."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.payment_ports import Account, Accounts, Gate, Gates, Notice
from ai_platform.commerce.application.payment_work import Notices
from ai_platform.commerce.domain.payment_errors import NoticeNotGenuine
from ai_platform.kernel.errors import NotFound
from ai_platform.tenancy.contracts.api import Act, TenancyApi

RECEIVED: Final = "received"
IGNORED: Final = "ignored"
_REFERENCE_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class ReceiveNotice:
    """Nothing of it is believed: it makes the payment due, and the worker asks the provider.

    At the address without a tenant, the reference tells whose secret to try; what nobody knows has to be genuine by the
    installation's own.
    """

    gates: Gates
    accounts: Accounts
    notices: Notices
    tenancy: TenancyApi

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
            reference=reference[:_REFERENCE_SHOWN] if reference else None,
            payment_id=known[1] if known else None,
        )
        return RECEIVED if is_active else IGNORED

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
        if account is not None and gate.reader.is_genuine(notice, account):
            return
        details = {"provider": provider, "reference": (reference or "")[:_REFERENCE_SHOWN]}
        act = Act(
            tenant_id=owner,
            actor=f"callback:{provider}",
            action="payment.signature_refused",
            subject=details["reference"] or provider,
            details=details,
        )
        await self.tenancy.record(act)
        raise NoticeNotGenuine
