"""Orders and offers as tests want them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_line import Offer
from ai_platform.commerce.domain.order_number import new_number
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=24)


def an_offer(**changes: Any) -> Offer:
    given: dict[str, Any] = {
        "product_id": new_id(),
        "variant_id": new_id(),
        "sku": "GAYO",
        "name": "Kopi Gayo",
        "price": 10_000,
        "currency": "IDR",
        "is_sold": True,
        "available": 5,
    }
    return Offer(**given | changes)


def an_order(*chosen: tuple[Offer, int], **changes: Any) -> Order:
    given: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": DEFAULT_TENANT,
        "number": new_number(NOW),
        "customer_id": new_id(),
        "currency": "IDR",
        "created_at": NOW,
        "updated_at": NOW,
    }
    order = Order(**given | changes)
    order.create([(new_id(), offer, quantity) for offer, quantity in chosen])
    return order


def a_confirmed_order(*chosen: tuple[Offer, int]) -> Order:
    order = an_order(*(chosen or ((an_offer(), 1),)))
    order.confirm(at=NOW, expires_at=LATER)
    return order
