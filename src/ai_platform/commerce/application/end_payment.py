"""Let nobody pay any more: money first, then the provider, then us."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.ask_provider import AskProvider, asked_of
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.payment import Payment


@dataclass(frozen=True, slots=True)
class EndPayment:
    """Whoever paid in the meantime has paid. Raises what AskProvider raises; then the payment lives on."""

    ask: AskProvider

    async def __call__(self, tenant_id: UUID, payment_id: UUID, how: Standing) -> Payment:
        """EXPIRED or CANCELLED."""
        payment = await self.ask(tenant_id, payment_id)
        if not payment.is_live:
            return payment
        provider, account = await self.ask.desks.of(tenant_id, payment.provider)
        await provider.end(account, asked_of(payment), how)
        return await self.ask(tenant_id, payment_id, ending=how)
