"""Change what is said about an order: where it goes, what that costs, notes, how it is tracked."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderWork
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.order_changes import OrderChanges
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrder:
    """The shipping cost only while it is PENDING; its address until it is sent."""

    transactions: Transactions[OrderWork]
    whose: WhoseOrder
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        order_id: UUID,
        changes: Callable[[str], OrderChanges],
        *,
        expected: frozenset[int] | None = None,
    ) -> None:
        """`changes` are read in the order's currency. Raises OrderNotFound, OrderNotEditable, OrderTooLarge."""
        async with self.transactions(await self.whose(by, order_id)) as work:
            order = await work.orders.find(order_id)
            require_version(order.version, expected)
            order.change(changes(order.currency), at=self.clock.now())
            await work.orders.save(order)
