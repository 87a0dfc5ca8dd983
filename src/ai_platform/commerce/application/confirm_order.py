"""Confirm an order: from now on its goods are reserved."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.application.confirming import Outcome, Wish
from ai_platform.commerce.application.order_ports import OrderWork
from ai_platform.commerce.application.second_step import Yes
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import PriceChanged
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


class Together(Protocol):
    async def __call__(self, tenant_id: UUID, wish: Wish, /) -> Outcome:
        """With all others that are wished for this tenant at the same moment; None if that cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOrder:
    """All its lines are held, or none; at the prices that were agreed, or not at all.

    When prices have changed the order gets the new ones and stays PENDING: who still wants it confirms again.
    """

    transactions: Transactions[OrderWork]
    together: Together
    alone: Callable[[Wish], Awaitable[Outcome]]
    whose: WhoseOrder
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        order_id: UUID,
        asking: Asking[Order],
        *,
        shipping_address: Address | None = None,
        yes: Yes | None = None,
        expected: frozenset[int] | None = None,
    ) -> Answer:
        """Raises OrderNotFound, InvalidOrderStep, OrderEmpty, OutOfStock, PriceChanged, ConfirmationRefused."""
        wish = Wish(
            tenant_id=await self.whose(by, order_id),
            order_id=order_id,
            asking=asking,
            shipping_address=shipping_address,
            yes=yes,
            expected=expected,
        )
        outcome = await self.together(wish.tenant_id, wish)
        if outcome is None:
            outcome = await self.alone(wish)
        if isinstance(outcome, PriceChanged):
            await self._reprice(wish, outcome)
        if isinstance(outcome, Answer):
            return outcome
        raise outcome or RuntimeError("a wish was not decided")

    async def _reprice(self, wish: Wish, changed: PriceChanged) -> None:
        async with self.transactions(wish.tenant_id) as work:
            order = await work.orders.find(wish.order_id)
            order.reprice(changed.prices, at=self.clock.now())
            await work.orders.save(order)
