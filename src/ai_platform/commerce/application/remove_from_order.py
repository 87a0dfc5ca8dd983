"""Take a line out of an order."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderWork
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFromOrder:
    """Only while it is PENDING."""

    transactions: Transactions[OrderWork]
    whose: WhoseOrder
    clock: Clock

    async def __call__(
        self, by: Principal, order_id: UUID, line_id: UUID, *, expected: frozenset[int] | None = None
    ) -> None:
        """Raises OrderNotFound, LineNotFound, OrderNotEditable, PreconditionFailed."""
        async with self.transactions(await self.whose(by, order_id)) as work:
            order = await work.orders.find(order_id)
            require_version(order.version, expected)
            order.remove(line_id, at=self.clock.now())
            await work.orders.save(order)
