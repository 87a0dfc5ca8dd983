"""The second step: a token that was given with a summary, brought back with a yes."""

from dataclasses import dataclass
from datetime import datetime

from ai_platform.commerce.application.order_ports import OrderWork
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.confirmation import Action, Confirmation, hash_of
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import ConfirmationRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes:
    """`said_at`: when the customer last said something; a summary shown in a conversation needs an answer after it."""

    token: str
    said_at: datetime | None = None


async def redeem(
    work: OrderWork, order: Order, action: Action, yes: Yes | None, *, address: Address | None = None, at: datetime
) -> Address | None:
    """Use the token up, in the transaction of what it allows; the address that was shown. Raises ConfirmationRefused.

    Without a token it is one step: the caller stands for having asked.
    """
    if yes is None:
        return address
    confirmation = require(
        await work.confirmations.of_token(hash_of(yes.token)), order, action, yes, address=address, at=at
    )
    await work.confirmations.use(confirmation, at)
    return confirmation.shipping_address


def require(
    confirmation: Confirmation | None,
    order: Order,
    action: Action,
    yes: Yes,
    *,
    address: Address | None = None,
    at: datetime,
) -> Confirmation:
    """The token's confirmation, if it is to exactly this. Raises ConfirmationRefused."""
    if confirmation is None:
        raise ConfirmationRefused("There is no such token.")
    confirmation.require(order, action, said_at=yes.said_at, now=at)
    if address is not None and address != (confirmation.shipping_address or order.shipping_address):
        raise ConfirmationRefused("The summary showed another address.")
    return confirmation
