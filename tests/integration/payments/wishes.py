"""What is wished of a payment provider, whichever it is."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ai_platform.commerce.application.payment_ports import Asked, Payer, PayLine, PayWish
from ai_platform.kernel.money import Money

NOW = datetime.now(UTC)
TENANT = uuid4()
DUE = Money(165_000, "IDR")
ASKED = Asked(tenant_id=TENANT, reference="ORD-1-1", provider_id=None, amount=DUE)


def a_wish(**changes: Any) -> PayWish:
    given: dict[str, Any] = {
        "tenant_id": TENANT,
        "reference": "ORD-1-1",
        "amount": DUE,
        "lines": (PayLine("KOPI", "Kopi | Gayo 250g", 2, 75_000), PayLine("SHIPPING", "Shipping", 1, 15_000)),
        "payer": Payer(name="Budi", phone="+6281234567890"),
        "method": None,
        "begins_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
        **changes,
    }
    return PayWish(**given)
