"""Confirm an order: from now on its goods are reserved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderWork, Shelved
from ai_platform.commerce.application.second_step import Yes, redeem
from ai_platform.commerce.application.tenants import tenant_of
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import OutOfStock, PriceChanged
from ai_platform.commerce.domain.order_line import ShortLine, price_changes
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.contracts.api import TenancyApi


class _NotHeld(Exception):
    """Leaves the transaction, so that nothing of it is kept."""

    def __init__(self, order: Order, shelved: Sequence[Shelved]) -> None:
        super().__init__()
        self.order = order
        self.shelved = shelved


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOrder:
    """All its lines are held, or none; at the prices that were agreed, or not at all.

    When prices have changed the order gets the new ones and stays PENDING: who still wants it confirms again.
    """

    transactions: Transactions[OrderWork]
    tenancy: TenancyApi
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
        tenant_id = await self.whose(by, order_id)
        lives = timedelta(hours=(await tenant_of(self.tenancy, by, tenant_id)).order_expiry_hours)
        now = self.clock.now()
        try:
            async with self.transactions(tenant_id) as work:
                if (earlier := await asking.earlier(work.answers)) is not None:
                    return earlier
                order = await work.orders.find(order_id)
                require_version(order.version, expected)
                address = await redeem(work, order, Action.CONFIRM, yes, address=shipping_address, at=now)
                order.confirm(at=now, expires_at=now + lives, shipping_address=address)
                await work.orders.save(order)
                answer = await asking.answer(work.answers, order)
                shelved = await work.stock.reserve(order, at=now)
                if not all(one.is_held for one in shelved):
                    raise _NotHeld(order, shelved)
                return answer
        except _NotHeld as refused:
            short = [ShortLine(line=one.line, available=one.available) for one in refused.shelved if _is_short(one)]
            if short:
                raise OutOfStock(short) from None
            raise await self._repriced(refused, now) from None

    async def _repriced(self, refused: _NotHeld, now: datetime) -> PriceChanged:
        prices = {one.line.variant_id: one.price for one in refused.shelved}
        async with self.transactions(refused.order.tenant_id) as work:
            order = await work.orders.find(refused.order.id)
            order.reprice(prices, at=now)
            await work.orders.save(order)
        return PriceChanged(price_changes(refused.order.lines, prices), refused.order.currency)


def _is_short(one: Shelved) -> bool:
    return not one.is_sold or one.available < one.line.quantity
