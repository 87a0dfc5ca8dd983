"""Xendit's words and ours: PAID and SETTLED are both paid, and PAID may follow EXPIRED."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ai_platform.commerce.application.payment_ports import Account, Notice
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.payment import PayLink
from ai_platform.commerce.domain.payment_errors import ProviderUnavailable
from ai_platform.commerce.infrastructure.provider_words import body_of, text_in
from ai_platform.kernel.money import Money, NotMoney, money_of

_STANDINGS: Final = {
    "PENDING": Standing.WAITING,
    "PAID": Standing.PAID,
    "SETTLED": Standing.PAID,
    "EXPIRED": Standing.EXPIRED,
}
_TOKEN: Final = "x-callback-token"  # noqa: S105 - a header's name


def invoice_of(answer: Any) -> Mapping[str, Any]:
    """An invoice with everything that we read of it. Raises ProviderUnavailable."""
    wanted = ("id", "external_id", "status", "amount")
    if not isinstance(answer, Mapping) or any(not answer.get(name) for name in wanted):
        raise ProviderUnavailable("xendit", "an invoice without its id, reference, status or amount")
    return answer


def observation_of(invoice: Mapping[str, Any]) -> Observation:
    """What was paid counts, where it says so; a status that is not known is no news."""
    standing = _STANDINGS.get(str(invoice["status"]), Standing.WAITING)
    told = invoice if standing is Standing.PAID else {}
    paid, method = told.get("paid_amount"), text_in(told, "payment_method")
    return Observation(
        transaction_id=str(invoice["id"]),
        standing=standing,
        amount=_money(paid if paid is not None else invoice["amount"], str(invoice.get("currency") or "IDR")),
        occurred_at=_moment(told.get("paid_at")),
        method=method.lower() if method else None,
        va_number=text_in(invoice, "payment_destination"),
    )


def link_of(invoice: Mapping[str, Any]) -> PayLink:
    address = invoice.get("invoice_url")
    if not isinstance(address, str) or not address:
        raise ProviderUnavailable("xendit", "an invoice without invoice_url")
    return PayLink(url=address, provider_id=str(invoice["id"]), expires_at=_moment(invoice.get("expiry_date")))


@dataclass(frozen=True, slots=True)
class XenditNotices:
    """Implements `NoticeReader`: a token that every notification of the account shows, and no signature."""

    def reference_of(self, notice: Notice) -> str | None:
        return text_in(body_of(notice.body), "external_id")

    def is_genuine(self, notice: Notice, account: Account) -> bool:
        shown = notice.headers.get(_TOKEN, "")
        if not account.callback_token or not shown:
            return False
        return hmac.compare_digest(account.callback_token.encode(), shown.encode("utf-8", "replace"))


def _money(said: object, currency: str) -> Money:
    try:
        if isinstance(said, int | str | Decimal):
            return money_of(said, currency, spare_zeros=True)
    except NotMoney:
        pass
    raise ProviderUnavailable("xendit", "an invoice with an amount that is none") from None


def _moment(said: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said.replace("Z", "+00:00")) if isinstance(said, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
