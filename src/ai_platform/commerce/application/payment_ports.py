"""What payments ask of the world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.payment import Method, PayLink
from ai_platform.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Credentials of a tenant at its provider. `secret` signs or authorises, `callback_token` is Xendit's."""

    provider: str
    secret: str = field(repr=False)
    callback_token: str | None = field(default=None, repr=False)
    is_production: bool = False


class Accounts(Protocol):
    async def of_tenant(self, tenant_id: UUID, provider: str) -> Account | None:
        """The tenant's own credentials, else the installation's. None: neither."""

    async def provider_of(self, tenant_id: UUID) -> str:
        """Whom the tenant is paid through."""

    def of_installation(self, provider: str) -> Account | None: ...


@dataclass(frozen=True, slots=True)
class PayLine:
    """`sku` names it to the provider; `unit_price` in minor units."""

    sku: str
    name: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayWish:
    """What the provider shall open. `is_repeat`: an earlier try may have reached it."""

    tenant_id: UUID
    reference: str
    amount: Money
    lines: tuple[PayLine, ...]
    payer: Payer
    method: Method | None
    begins_at: datetime
    expires_at: datetime
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A payment as the provider knows it."""

    tenant_id: UUID
    reference: str
    provider_id: str | None
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWish:
    asked: Asked
    key: str
    amount: Money
    reason: str
    transaction_id: str | None
    method: str | None


class PaymentProvider(Protocol):
    """Every method raises ProviderUnavailable when nobody knows what became of the call, and may be called again."""

    async def open(self, account: Account, wish: PayWish) -> PayLink:
        """Idempotent under the reference. Raises ProviderRefused, or ReferenceUsed when it was paid already."""

    async def state(self, account: Account, asked: Asked) -> tuple[Observation, ...]:
        """Everything the provider knows of it; nothing while the customer has chosen nothing."""

    async def end(self, account: Account, asked: Asked, how: Standing) -> None:
        """EXPIRED or CANCELLED: let nobody pay it any more. What cannot be ended is no error: `state` tells."""

    async def refund(self, account: Account, wish: RefundWish) -> None:
        """Idempotent under the key. Raises ProviderRefused, RefundByHand."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification as it came: header names in lower case, the body's very bytes."""

    headers: Mapping[str, str]
    body: bytes


class NoticeReader(Protocol):
    def reference_of(self, notice: Notice) -> str | None:
        """Whose payment it claims to be about. Not to be trusted."""

    def is_genuine(self, notice: Notice, account: Account) -> bool:
        """Whether whoever knows the account's secret has sent it. Compared in constant time."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One provider, both ways."""

    provider: PaymentProvider
    reader: NoticeReader


Gates = Mapping[str, Gate]
"""By the provider's name: midtrans, xendit, sandbox."""
