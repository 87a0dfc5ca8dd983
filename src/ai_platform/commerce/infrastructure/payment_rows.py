"""Payments, observations and refunds as rows, and back."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row

from ai_platform.commerce.domain.observation import Observation, Source, Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import Method, Payment
from ai_platform.commerce.domain.refund import Refund, RefundStatus
from ai_platform.commerce.domain.settlement import Flag
from ai_platform.kernel.money import Money

_PLAIN: Final = (
    "id", "tenant_id", "order_id", "provider", "attempt", "reference", "url", "provider_id", "method", "va_number",
    "qr", "received", "refunded", "reason", "expires_at", "paid_at", "created_at", "updated_at", "version",
)  # fmt: skip
_REFUND: Final = (
    "id", "tenant_id", "payment_id", "key", "reason", "actor", "by_hand", "error", "created_at", "settled_at",
)  # fmt: skip
_SEEN: Final = ("transaction_id", "refunded", "occurred_at", "method", "va_number", "qr")


def payment_row(payment: Payment) -> dict[str, Any]:
    return {
        **{name: getattr(payment, name) for name in _PLAIN},
        "status": payment.status.value,
        "amount": payment.amount.amount,
        "currency": payment.amount.currency,
        "wish": payment.wish.value if payment.wish else None,
        "flags": sorted(flag.value for flag in payment.flags),
    }


def payment_of(row: Row[Any], events: Sequence[Row[Any]]) -> Payment:
    return Payment(
        **{name: getattr(row, name) for name in _PLAIN},
        status=PaymentStatus(row.status),
        amount=Money(row.amount, row.currency),
        wish=Method(row.wish) if row.wish else None,
        flags=frozenset(Flag(one) for one in row.flags),
        observations=[observation_of(event) for event in events],
    )


def event_row(payment: Payment, seq: int, seen: Observation) -> dict[str, Any]:
    return {
        **{name: getattr(seen, name) for name in _SEEN},
        "payment_id": payment.id,
        "tenant_id": payment.tenant_id,
        "seq": seq,
        "source": seen.source.value,
        "standing": seen.standing.value,
        "amount": seen.amount.amount if seen.amount else None,
        "currency": seen.amount.currency if seen.amount else None,
    }


def observation_of(row: Row[Any]) -> Observation:
    return Observation(
        **{name: getattr(row, name) for name in _SEEN},
        source=Source(row.source),
        standing=Standing(row.standing),
        amount=None if row.amount is None else Money(row.amount, row.currency),
    )


def refund_row(refund: Refund) -> dict[str, Any]:
    return {
        **{name: getattr(refund, name) for name in _REFUND},
        "amount": refund.amount.amount,
        "currency": refund.amount.currency,
        "status": refund.status.value,
    }


def refund_of(row: Row[Any]) -> Refund:
    return Refund(
        **{name: getattr(row, name) for name in _REFUND},
        amount=Money(row.amount, row.currency),
        status=RefundStatus(row.status),
    )
