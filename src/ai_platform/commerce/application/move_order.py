"""Take an order one step further."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.cancel_order import CancelOrder
from ai_platform.commerce.application.confirm_order import ConfirmOrder
from ai_platform.commerce.application.order_ports import OrderWork
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import InvalidOrderStep
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.once import Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOrder:
    """Confirming and cancelling go through their own doors. What is sent has left the shelf, paid or not."""

    transactions: Transactions[OrderWork]
    confirm: ConfirmOrder
    cancel: CancelOrder
    whose: WhoseOrder
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        order_id: UUID,
        status: OrderStatus,
        *,
        reason: str,
        asking: Asking[Order],
        expected: frozenset[int] | None = None,
    ) -> None:
        """Raises OrderNotFound, InvalidOrderStep, OrderOnHold, PreconditionFailed, and what the doors raise."""
        if status is OrderStatus.CANCELLED:
            return await self.cancel(by, order_id, reason, expected=expected)
        if status is OrderStatus.CONFIRMED:
            await self.confirm(by, order_id, asking, expected=expected)
            return None
        async with self.transactions(await self.whose(by, order_id)) as work:
            order = await work.orders.find(order_id)
            require_version(order.version, expected)
            return await self._step(work, order, status)

    async def _step(self, work: OrderWork, order: Order, status: OrderStatus) -> None:
        now = self.clock.now()
        match status:
            case OrderStatus.PROCESSING:
                order.start(at=now)
            case OrderStatus.SHIPPED:
                order.ship(at=now)
            case OrderStatus.DELIVERED:
                order.deliver(at=now)
            case _:
                raise InvalidOrderStep(order.status, status)
        await work.orders.save(order)
        if status is OrderStatus.SHIPPED:
            await work.stock.consume(order, at=now)
