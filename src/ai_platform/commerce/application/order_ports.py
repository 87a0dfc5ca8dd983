"""What orders ask of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.application.order_views import OrderView
from ai_platform.commerce.domain.confirmation import Confirmation
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_line import Offer
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.kernel.once import Answers


class Orders(Protocol):
    """The orders of one tenant in one transaction. A payment's row, where one is locked too, is locked first."""

    async def add(self, order: Order) -> None:
        """With its lines and what follows from it, under a number that is nobody else's.

        Raises OrderCustomerUnknown for a customer that is not the tenant's.
        """

    async def find(self, order_id: UUID) -> Order:
        """Nobody else changes it until the transaction is left. Raises OrderNotFound."""

    async def save(self, order: Order) -> None:
        """With its lines and what follows from it: facts for everybody, and its wake-up at the expiry."""


class Stock(Protocol):
    """The shelf, once its goods are reserved (`confirming_ports.Goods`).

    Each of these is the last statement of its transaction, since others queue behind its locks. Rows are locked in the
    order of their ids, so nobody waits in a circle.
    """

    async def consume(self, order: Order, *, at: datetime) -> None:
        """What is held leaves the shelf; what has left it already stays so."""

    async def give_back(self, order: Order, *, at: datetime) -> None:
        """What is held is free again, and what was consumed comes back; each once."""

    async def take_again(self, order: Order, *, at: datetime) -> bool:
        """All its lines leave the shelf at the price that was agreed; False and nothing when one is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for: by variant or by SKU, in any case of letters. `loc` is where it stood in the input."""

    quantity: int
    variant_id: UUID | None = None
    sku: str | None = None
    loc: tuple[str | int, ...] = ()


class Shelf(Protocol):
    """What is sold, to be read."""

    async def offers(self, wanted: Sequence[Wanted]) -> Sequence[Offer]:
        """One for each. Raises VariantUnknown for what is not sold here (any more)."""

    async def offered(self, order: Order) -> Sequence[Offer]:
        """Each line's variant as it is now, sold or not."""


class Confirmations(Protocol):
    async def add(self, confirmation: Confirmation) -> None: ...

    async def of_token(self, token_hash: bytes) -> Confirmation | None: ...

    async def use(self, confirmation: Confirmation, at: datetime) -> None: ...


class OrderWork(Protocol):
    """One transaction over one tenant's orders."""

    @property
    def orders(self) -> Orders: ...

    @property
    def stock(self) -> Stock: ...

    @property
    def shelf(self) -> Shelf: ...

    @property
    def confirmations(self) -> Confirmations: ...

    @property
    def answers(self) -> Answers: ...

    @property
    def sealed(self) -> Answers:
        """For answers that tell a token. Keeping one raises Unavailable without a key to seal it with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    status: OrderStatus | None = None
    customer_id: UUID | None = None
    conversation_id: UUID | None = None


class OrderReads(Protocol):
    async def get(self, tenant_id: UUID, order_id: UUID) -> OrderView | None: ...

    async def page(
        self, tenant_id: UUID, where: OrderFilter, *, before: UUID | None, limit: int
    ) -> Sequence[OrderView]:
        """Newest first, strictly older than the order `before`: ids are in order of time."""

    async def tenant_of(self, order_id: UUID) -> UUID | None:
        """Whose it is, over all tenants: for the platform's own people."""

    async def overdue(self, at: datetime, *, most: int) -> Sequence[tuple[UUID, UUID]]:
        """Tenant and order of those whose time ran out, the longest ago first."""


class PaymentDesk(Protocol):
    """The payments of an order, as far as the order has to do with them. Never called within a transaction."""

    async def end_live(self, tenant_id: UUID, order_id: UUID) -> None:
        """Have the provider end the payment under way, if there is one, and record what it says: ended, or paid.

        Raises Unavailable while the provider cannot say; then nothing has changed.
        """

    async def refund_in_full(self, tenant_id: UUID, order_id: UUID, *, reason: str, actor: str) -> None:
        """Give all the money back; recording it cancels the order. Raises Conflict when the provider will not."""
