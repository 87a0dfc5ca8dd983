"""Xendit: an invoice is opened, found, expired. It has no idempotency and no refund of invoices.

An `external_id` is not unique there, so whoever may have opened an invoice before looks for it first; and what is asked
about a payment is asked of all invoices under its reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from ai_platform.commerce.application.payment_ports import Account, Asked, PayWish, RefundWish
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.payment import Method, PayLink
from ai_platform.commerce.domain.payment_errors import ProviderRefused, ProviderUnavailable, RefundByHand
from ai_platform.commerce.infrastructure.provider_http import ProviderHttp
from ai_platform.commerce.infrastructure.xendit_wire import invoice_of, link_of, observation_of
from ai_platform.kernel.money import decimals_of

NAME: Final = "xendit"
ADDRESS: Final = "https://api.xendit.co"
CURRENCIES: Final = frozenset({"IDR", "USD", "THB", "VND", "PHP", "MYR"})

_METHODS: Final = {
    Method.BANK_TRANSFER: ("BCA", "BNI", "BRI", "MANDIRI", "PERMATA"),
    Method.EWALLET: ("OVO", "DANA", "SHOPEEPAY", "LINKAJA"),
    Method.QRIS: ("QRIS",),
    Method.CARD: ("CREDIT_CARD",),
}
_NEWEST: Final = 20

Invoice = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Xendit:
    """Implements `PaymentProvider`."""

    http: ProviderHttp
    address: str = ADDRESS

    async def open(self, account: Account, wish: PayWish) -> PayLink:
        if wish.amount.currency not in CURRENCIES:
            raise ProviderRefused(NAME, f"it does not take {wish.amount.currency}")
        if wish.is_repeat and (before := await self._adoptable(account, wish)) is not None:
            return before
        invoice = await self._call(account, "POST", "/v2/invoices/", _request(wish))
        return link_of(invoice_of(invoice))

    async def state(self, account: Account, asked: Asked) -> tuple[Observation, ...]:
        return tuple(observation_of(one) for one in await self._invoices(account, asked.reference))

    async def end(self, account: Account, asked: Asked, how: Standing) -> None:  # noqa: ARG002 - it knows one way only
        for invoice in await self._invoices(account, asked.reference):
            if invoice["status"] == "PENDING":
                await self._expire(account, str(invoice["id"]))

    async def refund(self, account: Account, wish: RefundWish) -> None:  # noqa: ARG002 - the port's shape
        raise RefundByHand("invoices have no refund")

    async def _adoptable(self, account: Account, wish: PayWish) -> PayLink | None:
        """What an earlier try opened although its answer never came."""
        for invoice in await self._invoices(account, wish.reference):
            if observation_of(invoice).amount == wish.amount and invoice["status"] != "EXPIRED":
                return link_of(invoice)
        return None

    async def _invoices(self, account: Account, reference: str) -> list[Invoice]:
        path = f"/v2/invoices?external_id={quote(reference, safe='')}&limit={_NEWEST}"
        found = await self._call(account, "GET", path)
        if not isinstance(found, list):
            raise ProviderUnavailable(NAME, "an answer of another shape")
        return [one for one in map(invoice_of, found) if one["external_id"] == reference]

    async def _expire(self, account: Account, invoice_id: str) -> None:
        """One that was paid or expired meanwhile cannot be; `state` tells."""
        try:
            await self._call(account, "POST", f"/invoices/{quote(invoice_id, safe='')}/expire!")
        except ProviderRefused as refusal:
            if any(word in refusal.why for word in ("INVALID_API_KEY", "REQUEST_FORBIDDEN_ERROR")):
                raise

    async def _call(self, account: Account, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        status, answer = await self.http.call(
            method, self.address.rstrip("/") + path, key=account.secret, body=dict(body) if body else None
        )
        if status < 400:
            return answer
        told = answer if isinstance(answer, Mapping) else {}
        raise ProviderRefused(NAME, f"{told.get('message') or f'HTTP {status}'} ({told.get('error_code') or status})")


def _request(wish: PayWish) -> dict[str, object]:
    seconds = max(60, round((wish.expires_at - wish.begins_at) / timedelta(seconds=1)))
    request: dict[str, object] = {
        "external_id": wish.reference,
        "amount": _number(wish.amount.amount, wish.amount.currency),
        "currency": wish.amount.currency,
        "description": f"Order {wish.reference}",
        "invoice_duration": seconds,
        "items": [
            {"name": one.name[:255], "quantity": one.quantity, "price": _number(one.unit_price, wish.amount.currency)}
            for one in wish.lines
        ],
        "should_send_email": False,
    }
    customer = {"given_names": wish.payer.name, "email": wish.payer.email, "mobile_number": wish.payer.phone}
    if said := {name: value for name, value in customer.items() if value}:
        request["customer"] = said
    if wish.method is not None:
        request["payment_methods"] = list(_METHODS[wish.method])
    return request


def _number(amount: int, currency: str) -> int | float:
    """JSON has one kind of number. Within 10¹² minor units a double writes every amount as it is."""
    decimals = decimals_of(currency)
    return amount if decimals == 0 else amount / 10**decimals
