"""Orders as JSON."""

from dataclasses import asdict
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from ai_platform.commerce.application.ask_confirmation import Summary
from ai_platform.commerce.application.order_views import OrderPaymentView, OrderView, view_of
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_line import OrderLine
from ai_platform.commerce.domain.order_status import OrderStatus, PaymentStatus
from ai_platform.runtime.money_fields import MoneyShown


class ShippingAddress(BaseModel):
    street: str | None
    city: str | None
    province: str | None
    postal_code: str | None
    country: str | None


class ItemResource(BaseModel):
    id: UUID
    product_id: UUID
    variant_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: MoneyShown
    subtotal: MoneyShown

    @classmethod
    def of(cls, line: OrderLine, currency: str) -> Self:
        money = {name: MoneyShown.of(getattr(line, name), currency) for name in ("unit_price", "subtotal")}
        plain = {name: getattr(line, name) for name in cls.model_fields if name not in money}
        return cls(**plain, **money)


class OrderPaymentResource(BaseModel):
    """The newest payment of the order."""

    id: UUID
    provider: str
    status: str
    amount: MoneyShown
    url: str | None
    method: str | None
    va_number: str | None
    qr: str | None
    expires_at: datetime | None
    paid_at: datetime | None

    @classmethod
    def of(cls, view: OrderPaymentView, currency: str) -> Self:
        return cls(**{**asdict(view), "amount": MoneyShown.of(view.amount, currency)})


class OrderResource(BaseModel):
    """`hold` says why nothing is sent for now: cancelling, needs_refund or payment_reversed."""

    id: UUID
    number: str
    tenant_id: UUID
    customer_id: UUID
    conversation_id: UUID | None
    status: OrderStatus
    payment_status: PaymentStatus
    hold: str | None
    items: list[ItemResource]
    item_count: int
    subtotal: MoneyShown
    shipping_cost: MoneyShown
    total: MoneyShown
    currency: str
    shipping_address: ShippingAddress | None
    payment: OrderPaymentResource | None
    notes: str | None
    tracking_number: str | None
    cancel_reason: str | None
    confirmed_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, view: OrderView) -> Self:
        money = {
            name: MoneyShown.of(getattr(view, name), view.currency) for name in ("subtotal", "shipping_cost", "total")
        }
        special = {"items", "item_count", "shipping_address", "payment", *money}
        address = view.shipping_address
        return cls(
            **{name: getattr(view, name) for name in cls.model_fields if name not in special},
            **money,
            items=[ItemResource.of(line, view.currency) for line in view.lines],
            item_count=sum(line.quantity for line in view.lines),
            shipping_address=ShippingAddress(**asdict(address)) if address else None,
            payment=OrderPaymentResource.of(view.payment, view.currency) if view.payment else None,
        )

    @classmethod
    def worded(cls, order: Order) -> dict[str, object]:
        """As JSON, of an order that has no payment yet."""
        return cls.of(view_of(order)).model_dump(mode="json")


class OrderPage(BaseModel):
    items: list[OrderResource]
    next_cursor: str | None


class SummaryResource(BaseModel):
    """What would be done, and the token that says yes to exactly that, once, until it is too old."""

    token: str
    action: Action
    order: OrderResource
    shipping_address: ShippingAddress | None
    expires_at: datetime

    @classmethod
    def of(cls, summary: Summary) -> Self:
        address = summary.shipping_address
        return cls(
            token=summary.token,
            action=summary.action,
            order=OrderResource.of(summary.order),
            shipping_address=ShippingAddress(**asdict(address)) if address else None,
            expires_at=summary.expires_at,
        )

    @classmethod
    def worded(cls, summary: Summary) -> dict[str, object]:
        return cls.of(summary).model_dump(mode="json")
