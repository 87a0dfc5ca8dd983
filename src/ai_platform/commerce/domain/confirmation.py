"""The second step of what has consequences: a summary was shown, and somebody says yes to exactly that."""

import hashlib
import hmac
import json
import secrets
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import ConfirmationRefused

LIVES_FOR: Final = timedelta(minutes=30)
TOKEN_MAX: Final = 100


class Action(StrEnum):
    CONFIRM = "confirm"
    CANCEL = "cancel"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Bound to what was shown by `digest`, and to the conversation in which it was. The token is kept as its hash."""

    id: UUID
    order_id: UUID
    action: Action
    token_hash: bytes
    digest: bytes
    conversation_id: UUID | None
    shipping_address: Address | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def require(self, order: Order, action: Action, *, said_at: datetime | None, now: datetime) -> None:
        """Works once, in time, for what was shown. In a conversation, only after the customer has said more.

        Raises ConfirmationRefused.
        """
        if self.order_id != order.id or self.action is not action:
            raise ConfirmationRefused("This token is for something else.")
        if self.used_at is not None:
            raise ConfirmationRefused("This token has been used.")
        if now >= self.expires_at:
            raise ConfirmationRefused("This token is too old.")
        if self.conversation_id is not None and (said_at is None or said_at <= self.created_at):
            raise ConfirmationRefused("The customer has not answered the summary yet.")
        if not hmac.compare_digest(self.digest, digest_of(order, action, self.shipping_address)):
            raise ConfirmationRefused("The order has changed since the summary was shown.")


def new_token() -> str:
    return f"cnf_{secrets.token_urlsafe(24)}"


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def digest_of(order: Order, action: Action, shipping_address: Address | None) -> bytes:
    """Of all that was agreed to: the lines with their prices, the total, the address, and what is to be done."""
    address = shipping_address or order.shipping_address
    agreed = [
        str(order.id),
        action.value,
        order.status.value,
        sorted((str(line.variant_id), line.quantity, line.unit_price) for line in order.lines),
        order.shipping_cost,
        order.total,
        order.currency,
        astuple(address) if address else None,
    ]
    return hashlib.sha256(json.dumps(agreed).encode("ascii")).digest()
