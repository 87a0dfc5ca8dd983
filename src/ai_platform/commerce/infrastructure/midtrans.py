"""Midtrans: Snap opens a payment, the Core API tells, ends and refunds it.

The Core API answers errors with HTTP 200 and a `status_code` in the body, a string. 404 there is no error: before the
customer has chosen how to pay, Midtrans knows of no transaction. 407 says that a payment expired, as it was asked to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from ai_platform.commerce.application.payment_ports import Account, Asked, PayWish, RefundWish
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.payment import Method, PayLink
from ai_platform.commerce.domain.payment_errors import (
    ProviderRefused,
    ProviderUnavailable,
    ReferenceUsed,
    RefundByHand,
)
from ai_platform.commerce.infrastructure.midtrans_wire import WIB, lines_of, observation_of, person_of
from ai_platform.commerce.infrastructure.provider_http import ProviderHttp

NAME: Final = "midtrans"

SANDBOX_SNAP: Final = "https://app.sandbox.midtrans.com/snap/v1"
SANDBOX_API: Final = "https://api.sandbox.midtrans.com"
PRODUCTION_SNAP: Final = "https://app.midtrans.com/snap/v1"
PRODUCTION_API: Final = "https://api.midtrans.com"

_METHODS: Final = {
    Method.BANK_TRANSFER: ("bca_va", "bni_va", "bri_va", "permata_va", "echannel", "other_va"),
    Method.EWALLET: ("gopay", "shopeepay", "dana"),
    Method.QRIS: ("other_qris", "gopay"),
    Method.CARD: ("credit_card",),
}
_REFUNDABLE: Final = frozenset(
    {"credit_card", "gopay", "shopeepay", "dana", "ovo", "qris", "kredivo", "akulaku"}
)  # fmt: skip
_SHORTEST: Final = timedelta(minutes=5)
_LONGEST: Final = timedelta(days=7)
_MAY_PASS: Final = frozenset({"408", "429"})


@dataclass(frozen=True, slots=True)
class MidtransAddresses:
    """`snap` and `api` stand in for Midtrans' own addresses, for simulators and proxies."""

    snap: str | None = None
    api: str | None = None

    def snap_of(self, account: Account) -> str:
        return (self.snap or (PRODUCTION_SNAP if account.is_production else SANDBOX_SNAP)).rstrip("/")

    def api_of(self, account: Account) -> str:
        return (self.api or (PRODUCTION_API if account.is_production else SANDBOX_API)).rstrip("/")


@dataclass(frozen=True, slots=True)
class Midtrans:
    """Implements `PaymentProvider`."""

    http: ProviderHttp
    addresses: MidtransAddresses = MidtransAddresses()

    async def open(self, account: Account, wish: PayWish) -> PayLink:
        """A second call under a reference that nobody has paid yet gives a link again."""
        if wish.amount.currency != "IDR":
            raise ProviderRefused(NAME, f"it takes IDR only, and this is {wish.amount.currency}")
        url = f"{self.addresses.snap_of(account)}/transactions"
        status, body = await self.http.call("POST", url, key=account.secret, body=_snap_request(wish))
        if status != 201:
            raise _snap_refusal(body, status)
        address = body.get("redirect_url") if isinstance(body, Mapping) else None
        if not isinstance(address, str) or not address:
            raise ProviderUnavailable(NAME, "an answer without redirect_url")
        return PayLink(url=address, provider_id=None, expires_at=wish.expires_at)

    async def state(self, account: Account, asked: Asked) -> tuple[Observation, ...]:
        code, body = await self._core(account, "GET", asked.reference, "status")
        if code == "404":
            return ()
        if "transaction_status" not in body:
            raise _core_refusal(code, body)
        return (observation_of(body),)

    async def end(self, account: Account, asked: Asked, how: Standing) -> None:
        verb = "expire" if how is Standing.EXPIRED else "cancel"
        code, body = await self._core(account, "POST", asked.reference, verb)
        if code not in ("200", "407", "404", "412"):
            raise _core_refusal(code, body)

    async def refund(self, account: Account, wish: RefundWish) -> None:
        if wish.method is not None and wish.method not in _REFUNDABLE:
            raise RefundByHand(wish.method)
        request = {"refund_key": wish.key, "amount": wish.amount.amount, "reason": wish.reason}
        # e-wallets over BI-SNAP and static QRIS know the transaction only by its own id
        subject = wish.transaction_id or wish.asked.reference
        code, body = await self._core(account, "POST", subject, "refund", request)
        if code in ("200", "406"):  # 406: this very refund was done before
            return
        raise _core_refusal(code, body)

    async def _core(
        self, account: Account, method: str, subject: str, verb: str, body: dict[str, object] | None = None
    ) -> tuple[str, Mapping[str, Any]]:
        """The body's own status code. Raises ProviderUnavailable."""
        url = f"{self.addresses.api_of(account)}/v2/{quote(subject, safe='')}/{verb}"
        status, answer = await self.http.call(method, url, key=account.secret, body=body)
        if not isinstance(answer, Mapping):
            raise ProviderUnavailable(NAME, "an answer of another shape")
        code = str(answer.get("status_code") or status)
        if code in _MAY_PASS or (code.startswith("5") and "transaction_status" not in answer):
            raise ProviderUnavailable(NAME, f"status_code {code}")
        return code, answer


def _snap_request(wish: PayWish) -> dict[str, object]:
    minutes = round(min(max(wish.expires_at - wish.begins_at, _SHORTEST), _LONGEST) / timedelta(minutes=1))
    begins = wish.begins_at.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S +0700")
    request: dict[str, object] = {
        "transaction_details": {"order_id": wish.reference, "gross_amount": wish.amount.amount},
        "item_details": lines_of(wish),
        "customer_details": person_of(wish.payer),
        # without start_time it would begin only when the customer chooses how to pay
        "expiry": {"start_time": begins, "unit": "minutes", "duration": minutes},
        "page_expiry": {"unit": "minutes", "duration": minutes},
    }
    if wish.method is not None:
        request["enabled_payments"] = list(_METHODS[wish.method])
    return request


def _snap_refusal(body: Any, status: int) -> ProviderRefused:
    messages = body.get("error_messages") if isinstance(body, Mapping) else None
    words = "; ".join(str(one) for one in messages) if isinstance(messages, list) else f"HTTP {status}"
    return (ReferenceUsed if "has been paid and utilized" in words else ProviderRefused)(NAME, words)


def _core_refusal(code: str, body: Mapping[str, Any]) -> ProviderRefused:
    return ProviderRefused(NAME, f"{_words(body)} ({code})")


def _words(body: Mapping[str, Any]) -> str:
    return str(body.get("status_message") or "no reason given")
