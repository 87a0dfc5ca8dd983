"""Put something into an order."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderWork, Wanted
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.order import Order
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToOrder:
    """The same variant again makes one line with the sum, at today's price."""

    transactions: Transactions[OrderWork]
    whose: WhoseOrder
    clock: Clock

    async def __call__(self, by: Principal, order_id: UUID, wanted: Wanted, asking: Asking[Order]) -> Answer:
        """Raises OrderNotFound, OrderNotEditable, VariantUnknown, InvalidQuantity, OrderTooLarge, CurrencyDiffers."""
        async with self.transactions(await self.whose(by, order_id)) as work:
            if (earlier := await asking.earlier(work.answers)) is not None:
                return earlier
            order = await work.orders.find(order_id)
            offers = await work.shelf.offers([wanted])
            order.add(new_id(), offers[0], wanted.quantity, at=self.clock.now())
            await work.orders.save(order)
            return await asking.answer(work.answers, order)
