"""Show what is about to be done, and hand out the token that says yes to it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderWork
from ai_platform.commerce.application.order_views import OrderView, view_of
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.confirmation import LIVES_FOR, Action, Confirmation, digest_of, hash_of, new_token
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import InvalidOrderStep, OrderEmpty, OutOfStock
from ai_platform.commerce.domain.order_line import ShortLine
from ai_platform.commerce.domain.order_money import require_payable
from ai_platform.commerce.domain.order_status import STEPS, OrderStatus
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The token is told here, and kept as its hash. `shipping_address`: where it would go."""

    token: str
    action: Action
    order: OrderView
    shipping_address: Address | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AskConfirmation:
    """The summary has today's prices; what cannot be had is refused before anybody says yes to it.

    Asked again under one key it is the first summary and its token again, so that a lost answer leaves no second yes.
    """

    transactions: Transactions[OrderWork]
    whose: WhoseOrder
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        order_id: UUID,
        action: Action,
        *,
        shipping_address: Address | None = None,
        conversation_id: UUID | None = None,
        asking: Asking[Summary],
    ) -> Answer:
        """Raises OrderNotFound, InvalidOrderStep, OrderEmpty, OutOfStock, OrderIsPaid, OrderOnHold, OrderExpired."""
        now, token = self.clock.now(), new_token()
        async with self.transactions(await self.whose(by, order_id)) as work:
            if (earlier := await asking.earlier(work.sealed)) is not None:
                return earlier
            order = await work.orders.find(order_id)
            await _refuse_the_impossible(work, order, action, now)
            confirmation = Confirmation(
                id=new_id(),
                order_id=order.id,
                action=action,
                token_hash=hash_of(token),
                digest=digest_of(order, action, shipping_address),
                conversation_id=conversation_id,
                shipping_address=shipping_address,
                created_at=now,
                expires_at=now + LIVES_FOR,
            )
            await work.confirmations.add(confirmation)
            summary = Summary(
                token=token,
                action=action,
                order=view_of(order),
                shipping_address=shipping_address or order.shipping_address,
                expires_at=confirmation.expires_at,
            )
            return await asking.answer(work.sealed, summary)


async def _refuse_the_impossible(work: OrderWork, order: Order, action: Action, now: datetime) -> None:
    if action is Action.PAYMENT:
        return require_payable(order, at=now)
    wanted = OrderStatus.CONFIRMED if action is Action.CONFIRM else OrderStatus.CANCELLED
    if wanted not in STEPS[order.status]:
        raise InvalidOrderStep(order.status, wanted)
    if action is Action.CONFIRM:
        await _bring_up_to_date(work, order, now)
    return None


async def _bring_up_to_date(work: OrderWork, order: Order, now: datetime) -> None:
    if not order.lines:
        raise OrderEmpty
    offers = {offer.variant_id: offer for offer in await work.shelf.offered(order)}
    free = {key: offer.available if offer.is_sold else 0 for key, offer in offers.items()}
    short = [
        ShortLine(line=line, available=free.get(line.variant_id, 0))
        for line in order.lines
        if free.get(line.variant_id, 0) < line.quantity
    ]
    if short:
        raise OutOfStock(short)
    order.reprice({key: offer.price for key, offer in offers.items()}, at=now)
    await work.orders.save(order)
