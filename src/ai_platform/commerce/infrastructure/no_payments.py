"""Where no provider is connected yet, no payment lives and none can be given back."""

from uuid import UUID

from ai_platform.kernel.errors import Conflict


class NoPayments:
    """Implements `order_ports.PaymentDesk`."""

    async def end_live(self, tenant_id: UUID, order_id: UUID) -> None:
        del tenant_id, order_id

    async def refund_in_full(self, tenant_id: UUID, order_id: UUID, *, reason: str, actor: str) -> None:
        del tenant_id, reason, actor
        raise Conflict(f"No provider can refund order {order_id}.", code="refund_unavailable")
