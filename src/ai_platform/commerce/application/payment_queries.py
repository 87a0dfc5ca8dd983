"""Whose payment somebody means, and how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.application.payment_work import PaymentReads
from ai_platform.commerce.application.tenants import require_tenant
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.payment_errors import PaymentNotFound
from ai_platform.commerce.domain.refund import Refund
from ai_platform.kernel.access import RoleTooLow, tenant_meant
from ai_platform.kernel.principal import Principal, Role
from ai_platform.tenancy.contracts.api import TenancyApi


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


class PaymentPages(Protocol):
    async def page(
        self, tenant_id: UUID | None, *, flagged: bool, before: UUID | None, limit: int
    ) -> Sequence[PaymentView]:
        """Newest first, strictly older than the payment `before`: ids are in order of time. None: of all tenants."""


@dataclass(frozen=True, slots=True)
class ListPayments:
    """`flagged`: only those that a person has to look at."""

    pages: PaymentPages
    tenancy: TenancyApi

    async def __call__(
        self, by: Principal, tenant_id: UUID, *, flagged: bool, before: UUID | None, limit: int
    ) -> tuple[Sequence[PaymentView], bool]:
        """Newest first, and whether there are more. Raises TenantNotFound."""
        await require_tenant(self.tenancy, by, tenant_id)
        views = await self.pages.page(tenant_id, flagged=flagged, before=before, limit=limit + 1)
        return views[:limit], len(views) > limit


async def owners_payment(whose: WhosePayment, reads: PaymentReads, by: Principal, payment_id: UUID) -> UUID:
    """Giving money back is the owner's to decide; another's payment is not there at all."""
    tenant_id = await whose(by, payment_id)
    if await reads.look(tenant_id, payment_id) is None:
        raise PaymentNotFound(payment_id)
    if by.role is Role.AGENT:
        raise RoleTooLow(Role.OWNER)
    return tenant_id
