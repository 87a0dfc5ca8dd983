"""Messages about orders."""

from uuid import UUID

from ai_platform.commerce.application.expire_order import ExpireOrder
from ai_platform.kernel.errors import InvalidInput
from ai_platform.runtime.bus import Message


async def on_order_expires(expire: ExpireOrder, message: Message) -> None:
    """Raises InvalidInput for a message that names no order."""
    try:
        tenant_id, order_id = UUID(message.body["tenant_id"]), UUID(message.body["order_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidInput(f"The message {message.id} names no order.") from None
    await expire(tenant_id, order_id)
