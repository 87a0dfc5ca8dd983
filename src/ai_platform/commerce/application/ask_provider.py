"""Notices are hints, the provider's own answer is the truth: ask, and record what it says."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.payment_ports import Account, Accounts, Asked, Gates, PaymentProvider
from ai_platform.commerce.application.payment_work import Look, PaymentReads
from ai_platform.commerce.application.record_provider_state import RecordProviderState
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.payment_errors import PaymentNotConfigured, PaymentNotFound, ProviderUnavailable

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Desks:
    """Each tenant's account, with the provider behind it."""

    gates: Gates
    accounts: Accounts

    async def of(self, tenant_id: UUID, provider: str) -> tuple[PaymentProvider, Account]:
        """Raises PaymentNotConfigured."""
        account = await self.accounts.of_tenant(tenant_id, provider)
        gate = self.gates.get(provider)
        if account is None or gate is None:
            raise PaymentNotConfigured(provider)
        return gate.provider, account


@dataclass(frozen=True, slots=True)
class AskProvider:
    """Raises ProviderUnavailable, ProviderRefused, PaymentNotConfigured; then nothing has changed."""

    desks: Desks
    reads: PaymentReads
    record: RecordProviderState

    async def __call__(self, tenant_id: UUID, payment_id: UUID, *, ending: Standing | None = None) -> Payment:
        for _ in range(_TRIES):
            look = await self.look(tenant_id, payment_id)
            provider, account = await self.desks.of(tenant_id, look.payment.provider)
            seen = await provider.state(account, asked_of(look.payment))
            recorded = await self.record(look, seen, ending=ending)
            if recorded is not None:
                return recorded
        raise ProviderUnavailable(look.payment.provider, "its news overtake each other")

    async def look(self, tenant_id: UUID, payment_id: UUID) -> Look:
        """Raises PaymentNotFound."""
        look = await self.reads.look(tenant_id, payment_id)
        if look is None:
            raise PaymentNotFound(payment_id)
        return look


def asked_of(payment: Payment) -> Asked:
    return Asked(
        tenant_id=payment.tenant_id,
        reference=payment.reference,
        provider_id=payment.provider_id,
        amount=payment.amount,
    )
