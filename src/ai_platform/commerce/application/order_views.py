"""An order as it is shown."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_line import OrderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaymentView:
    """The newest payment of an order; `amount` in minor units of the order's currency."""

    id: UUID
    provider: str
    status: str
    amount: int
    url: str | None
    method: str | None
    va_number: str | None
    qr: str | None
    expires_at: datetime | None
    paid_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """Amounts in minor units of `currency`."""

    id: UUID
    number: str
    tenant_id: UUID
    customer_id: UUID
    conversation_id: UUID | None
    status: str
    payment_status: str
    hold: str | None
    lines: tuple[OrderLine, ...]
    subtotal: int
    shipping_cost: int
    total: int
    currency: str
    shipping_address: Address | None
    notes: str | None
    tracking_number: str | None
    cancel_reason: str | None
    confirmed_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    payment: OrderPaymentView | None = None


def view_of(order: Order, payment: OrderPaymentView | None = None) -> OrderView:
    return OrderView(
        id=order.id,
        number=order.number,
        tenant_id=order.tenant_id,
        customer_id=order.customer_id,
        conversation_id=order.conversation_id,
        status=order.status.value,
        payment_status=order.payment_status.value,
        hold=order.hold.value if order.hold else None,
        lines=order.lines,
        subtotal=order.subtotal,
        shipping_cost=order.shipping_cost,
        total=order.total,
        currency=order.currency,
        shipping_address=order.shipping_address,
        notes=order.notes,
        tracking_number=order.tracking_number,
        cancel_reason=order.cancel_reason,
        confirmed_at=order.confirmed_at,
        expires_at=order.expires_at,
        created_at=order.created_at,
        updated_at=order.updated_at,
        version=order.version,
        payment=payment,
    )
