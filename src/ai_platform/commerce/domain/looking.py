"""When a provider is asked about a payment without anybody having said that there is news.

Notifications get lost: an open payment is looked at ever more seldom, and once more when its time is over. One that is
paid or over is looked at once again, because money may be taken back, or come late.
"""

from datetime import datetime, timedelta
from typing import Final

from ai_platform.commerce.domain.order_status import HAS_MONEY
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.settlement import ENDED

GRACE: Final = timedelta(seconds=20)
"""After the expiry: what was paid in the last second is known to the provider by then."""

_SOONEST: Final = timedelta(minutes=1)
_LATEST: Final = timedelta(minutes=30)
_REVERSED_WITHIN: Final = timedelta(minutes=10)
_LATE_MONEY_WITHIN: Final = timedelta(hours=1)


def next_look(payment: Payment, now: datetime) -> datetime | None:
    if payment.is_live:
        pause = min(max((now - payment.created_at) / 2, _SOONEST), _LATEST)
        return min(now + pause, max(payment.expires_at + GRACE, now + GRACE / 2))
    if payment.status in HAS_MONEY:
        return _once(payment, _REVERSED_WITHIN, now)
    return _once(payment, _LATE_MONEY_WITHIN, now) if payment.status in ENDED else None


def _once(payment: Payment, after: timedelta, now: datetime) -> datetime | None:
    moment = payment.updated_at + after
    return moment if moment > now else None


def put_off(checks: int) -> timedelta:
    """How long a provider that does not answer is left alone: 2 s, doubled each time, at most 10 minutes."""
    return timedelta(seconds=min(600, 2 ** min(checks, 10)))
