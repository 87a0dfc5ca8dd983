"""Whose payment somebody means, and how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.payment_work import PaymentReads
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.payment_errors import PaymentNotFound
from ai_platform.commerce.domain.refund import Refund
from ai_platform.kernel.access import RoleTooLow, tenant_meant
from ai_platform.kernel.principal import Principal, Role


@dataclass(frozen=True, slots=True)
class PaymentView:
    payment: Payment
    refunds: Sequence[Refund]


@dataclass(frozen=True, slots=True)
class WhosePayment:
    """The tenant that a payment is of, and that whoever means it works as."""

    reads: PaymentReads

    async def __call__(self, by: Principal, payment_id: UUID) -> UUID:
        """The tenant. Raises PaymentNotFound."""
        return await tenant_meant(by, payment_id, self.reads.tenant_of, PaymentNotFound)


@dataclass(frozen=True, slots=True)
class GetPayment:
    reads: PaymentReads
    whose: WhosePayment

    async def __call__(self, by: Principal, payment_id: UUID) -> PaymentView:
        tenant_id = await self.whose(by, payment_id)
        look = await self.reads.look(tenant_id, payment_id)
        if look is None:
            raise PaymentNotFound(payment_id)
        return PaymentView(look.payment, await self.reads.refunds_of(tenant_id, payment_id))


async def owners_payment(whose: WhosePayment, reads: PaymentReads, by: Principal, payment_id: UUID) -> UUID:
    """Giving money back is the owner's to decide; another's payment is not there at all."""
    tenant_id = await whose(by, payment_id)
    if await reads.look(tenant_id, payment_id) is None:
        raise PaymentNotFound(payment_id)
    if by.role is Role.AGENT:
        raise RoleTooLow(Role.OWNER)
    return tenant_id
