"""What the commerce agent's queue brings: each message wakes the use case that it is for."""

from dataclasses import dataclass

from ai_platform.commerce.application.expire_order import ExpireOrder
from ai_platform.commerce.application.order_published import ORDER_EXPIRES
from ai_platform.commerce.application.wake_ups import PAYMENT_DUE
from ai_platform.commerce.interface.order_wake_ups import on_order_expires
from ai_platform.commerce.interface.payment_worker import PaymentWorker
from ai_platform.kernel.errors import InvalidInput
from ai_platform.runtime.bus import Message


@dataclass(frozen=True, slots=True)
class Messages:
    """A payment's wake-up is done once hands are on it, or nothing is due: the database remembers the rest."""

    expire_order: ExpireOrder
    payments: PaymentWorker

    async def __call__(self, message: Message) -> None:
        """Raises InvalidInput for what is for nobody here."""
        if message.type == ORDER_EXPIRES:
            await on_order_expires(self.expire_order, message)
        elif message.type == PAYMENT_DUE:
            await self.payments.work_off()
        else:
            raise InvalidInput(f"Nobody knows what to do with a message of type {message.type}.")
