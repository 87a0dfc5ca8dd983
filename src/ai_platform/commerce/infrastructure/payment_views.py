"""The payment of an order, as it is shown with the order."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.application.order_views import OrderPaymentView
from ai_platform.commerce.infrastructure.order_tables import orders
from ai_platform.commerce.infrastructure.payment_tables import payments

_SHOWN: Final = ("id", "provider", "status", "amount", "url", "method", "va_number", "qr", "expires_at", "paid_at")
_OF_ORDERS: Final = (
    select(payments.c.order_id, *(payments.c[name] for name in _SHOWN))
    .join(orders, orders.c.payment_id == payments.c.id)
    .where(orders.c.id.in_(bindparam("orders", expanding=True)))
)
"""The one that the order's `payment_status` speaks of."""


async def payments_of(connection: AsyncConnection, order_ids: Sequence[UUID]) -> Mapping[UUID, OrderPaymentView]:
    rows = await connection.execute(_OF_ORDERS, {"orders": list(order_ids)})
    return {row.order_id: OrderPaymentView(**{name: getattr(row, name) for name in _SHOWN}) for row in rows}
