"""Midtrans' words and ours: amounts are strings with two decimals, times are GMT+7 without saying so."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ai_platform.commerce.application.payment_ports import Account, Notice, Payer, PayWish
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.payment_errors import ProviderUnavailable
from ai_platform.commerce.infrastructure.provider_words import body_of, text_in
from ai_platform.kernel.money import Money, NotMoney, money_of

WIB: Final = timezone(timedelta(hours=7))

_ENDS: Final = {
    "deny": Standing.DENIED,
    "expire": Standing.EXPIRED,
    "cancel": Standing.CANCELLED,
    "failure": Standing.FAILED,
}
_GIVEN_BACK: Final = frozenset({"refund", "partial_refund", "chargeback", "partial_chargeback"})
_NAME_MAX: Final = 50


def observation_of(body: Mapping[str, Any]) -> Observation:
    """One transaction as the status answer tells it. Raises ProviderUnavailable for what cannot be read."""
    amount = _amount(body)
    standing = standing_of(body)
    return Observation(
        transaction_id=text_in(body, "transaction_id") or "",
        standing=standing,
        amount=amount,
        refunded=_refunded(body, amount) if standing is Standing.REFUNDED else 0,
        occurred_at=_moment(text_in(body, "settlement_time") or text_in(body, "transaction_time")),
        method=text_in(body, "payment_type"),
        va_number=_va_number(body),
        qr=_qr(body),
    )


def standing_of(body: Mapping[str, Any]) -> Standing:
    """Paid is status_code 200 and capture or settlement, and a fraud check that is absent or accepts."""
    status = str(body.get("transaction_status", "")).lower()
    if status in _ENDS:
        return _ENDS[status]
    if status in _GIVEN_BACK:
        return Standing.REFUNDED
    accepted = str(body.get("fraud_status") or "accept").lower() == "accept"
    if status in ("capture", "settlement") and accepted and str(body.get("status_code")) == "200":
        return Standing.PAID
    if status == "capture" and str(body.get("fraud_status") or "").lower() == "deny":
        return Standing.DENIED
    return Standing.WAITING


@dataclass(frozen=True, slots=True)
class MidtransNotices:
    """Implements `NoticeReader`: `signature_key` is SHA-512 over order, status code, amount and server key.

    It covers neither the status nor the fraud check, so a genuine notice proves nothing but that there is news.
    """

    def reference_of(self, notice: Notice) -> str | None:
        return text_in(body_of(notice.body), "order_id")

    def is_genuine(self, notice: Notice, account: Account) -> bool:
        body = body_of(notice.body)
        if not body or not account.secret:
            return False
        signed = [text_in(body, name) for name in ("order_id", "status_code", "gross_amount")]
        shown = text_in(body, "signature_key")
        if shown is None or None in signed:
            return False
        expected = hashlib.sha512("".join([*map(str, signed), account.secret]).encode("utf-8", "replace")).hexdigest()
        return hmac.compare_digest(expected.encode(), shown.lower().encode("utf-8", "replace"))


def lines_of(wish: PayWish) -> list[dict[str, object]]:
    """Their sum is the amount to the last rupiah, or Snap refuses; `|` breaks the pay slip of convenience stores."""
    lines: list[dict[str, object]] = [
        {
            "id": line.sku[:_NAME_MAX],
            "name": line.name.replace("|", "/").strip()[:_NAME_MAX] or line.sku[:_NAME_MAX],
            "price": line.unit_price,
            "quantity": line.quantity,
        }
        for line in wish.lines
    ]
    if sum(line.unit_price * line.quantity for line in wish.lines) != wish.amount.amount:
        return [{"id": wish.reference, "name": wish.reference, "price": wish.amount.amount, "quantity": 1}]
    return lines


def person_of(payer: Payer) -> dict[str, str]:
    said = {"first_name": (payer.name or "")[:30], "email": payer.email or "", "phone": payer.phone or ""}
    return {name: value for name, value in said.items() if value}


def _amount(body: Mapping[str, Any]) -> Money:
    try:
        return money_of(str(body.get("gross_amount")), str(body.get("currency") or "IDR"), spare_zeros=True)
    except NotMoney:
        raise ProviderUnavailable("midtrans", "an answer without an amount") from None


def _refunded(body: Mapping[str, Any], amount: Money) -> int:
    """All that went back so far. A chargeback may not say how much it took: then all of it."""
    try:
        return money_of(str(body["refund_amount"]), amount.currency, spare_zeros=True).amount
    except (KeyError, NotMoney):
        return amount.amount


def _va_number(body: Mapping[str, Any]) -> str | None:
    numbers = body.get("va_numbers")
    if isinstance(numbers, list) and numbers and isinstance(numbers[0], Mapping):
        return text_in(numbers[0], "va_number")
    if text_in(body, "bill_key"):
        return f"{text_in(body, 'biller_code') or ''} {text_in(body, 'bill_key')}".strip()
    return text_in(body, "permata_va_number") or text_in(body, "payment_code")


def _qr(body: Mapping[str, Any]) -> str | None:
    if text_in(body, "qr_string"):
        return text_in(body, "qr_string")
    actions = body.get("actions")
    named = [one for one in actions if isinstance(one, Mapping)] if isinstance(actions, list) else []
    return next((text_in(one, "url") for one in named if one.get("name") == "generate-qr-code"), None)


def _moment(words: str | None) -> datetime | None:
    try:
        return datetime.strptime(words, "%Y-%m-%d %H:%M:%S").replace(tzinfo=WIB) if words else None
    except ValueError:
        return None
