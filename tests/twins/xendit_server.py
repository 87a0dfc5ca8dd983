"""A local server that behaves like Xendit's invoices: `python -m tests.twins.xendit_server --port 8098`.

Point XENDIT_API_URL at `http://127.0.0.1:8098`, with the key `xnd_development_TEST` and the callback token
`xnd-callback-token-TEST`. `POST /_pay/{external_id}` pays, `POST /_expire/{external_id}` lets it expire; both answer
the callback that Xendit would send, and send it when `?notify=` names an address.
"""

import argparse
import base64
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.http_clients import async_client
from tests.twins.pay_server import Faults, run_forever, served

SECRET_KEY: Final = "xnd_development_TEST"
CALLBACK_TOKEN: Final = "xnd-callback-token-TEST"
_LEFT_OUT: Final = ("expiry_date", "invoice_url", "merchant_profile_picture_url")

Body = dict[str, Any]


@dataclass
class XenditBooks:
    """`external_id` is not unique: two calls make two invoices, and both can be paid."""

    invoices: dict[str, Body] = field(default_factory=dict)

    def create(self, request: Body) -> Body:
        now, name = datetime.now(UTC), uuid.uuid4().hex[:24]
        invoice: Body = {
            "id": name,
            "external_id": request["external_id"],
            "user_id": "5f0000000000000000000001",
            "status": "PENDING",
            "merchant_name": "Toko Sinar",
            "merchant_profile_picture_url": "https://xnd-merchant-logos.example.test/x.png",
            "amount": request["amount"],
            "currency": request.get("currency", "IDR"),
            "description": request.get("description"),
            "expiry_date": _iso(now + timedelta(seconds=request.get("invoice_duration", 86400))),
            "invoice_url": f"https://checkout-staging.xendit.co/web/{name}",
            **{f"available_{one}": [] for one in ("banks", "retail_outlets", "ewallets", "qr_codes", "direct_debits")},
            "available_paylaters": [],
            "should_send_email": False,
            "created": _iso(now),
            "updated": _iso(now),
        }
        self.invoices[name] = invoice
        return invoice

    def of(self, external_id: str) -> list[Body]:
        """Also asked by tests, while the server's thread adds to them."""
        return [one for one in list(self.invoices.values()) if one["external_id"] == external_id]

    def pay(self, external_id: str, *, which: int = -1, paid_amount: int | None = None, status: str = "PAID") -> Body:
        """PAID may follow EXPIRED, and what was paid may differ from what was asked."""
        invoice = self.of(external_id)[which]
        paid = invoice["amount"] if paid_amount is None else paid_amount
        how = {"payment_method": "BANK_TRANSFER", "bank_code": "MANDIRI", "payment_destination": "8860861087714"}
        invoice |= {"status": status, "paid_amount": paid, "paid_at": _iso(datetime.now(UTC)), **how}
        return self.callback(invoice)

    def expire(self, external_id: str, which: int = -1) -> Body:
        invoice = self.of(external_id)[which]
        invoice["status"] = "EXPIRED"
        return self.callback(invoice)

    def callback(self, invoice: Body) -> Body:
        """A flat invoice, with neither an event around it nor a signature in it."""
        invoice["updated"] = _iso(datetime.now(UTC))
        told = {name: value for name, value in invoice.items() if not name.startswith("available_")}
        return {name: value for name, value in told.items() if name not in _LEFT_OUT}


@dataclass
class XenditTwin:
    books: XenditBooks = field(default_factory=XenditBooks)
    faults: Faults = field(default_factory=Faults)
    url: str = ""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v2/invoices", self._serve, methods=["GET", "POST"]),
                Route("/v2/invoices/", self._serve, methods=["GET", "POST"]),
                Route("/v2/invoices/{invoice_id}", self._serve, methods=["GET"]),
                Route("/invoices/{invoice_id}/expire!", self._serve, methods=["POST"]),
                Route("/_pay/{external_id}", self._pay, methods=["POST"]),
                Route("/_expire/{external_id}", self._pay, methods=["POST"]),
            ]
        )

    async def _serve(self, request: Request) -> Response:
        broken = JSONResponse({"error_code": "SERVER_ERROR", "message": "Internal server error"}, 500)
        return await self.faults.around(request, self._answer, broken)

    async def _answer(self, request: Request) -> Response:
        expected = base64.b64encode(f"{SECRET_KEY}:".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return _error(401, "INVALID_API_KEY", "The API key provided is invalid.")
        name = request.path_params.get("invoice_id")
        if name is not None:
            return self._one(name, expire=request.method == "POST")
        if request.method == "GET":
            return JSONResponse(self.books.of(request.query_params.get("external_id", "")))
        body = await request.json()
        if not body.get("external_id") or not isinstance(body.get("amount"), int | float):
            return _error(400, "API_VALIDATION_ERROR", "Inputs are failing validation.")
        return JSONResponse(self.books.create(body))

    def _one(self, name: str, *, expire: bool) -> Response:
        invoice = self.books.invoices.get(name)
        if invoice is None:
            return _error(404, "INVOICE_NOT_FOUND_ERROR", "Invoice not found")
        if expire and invoice["status"] != "PENDING":
            return _error(400, "INVALID_INVOICE_STATUS", "Invoice cannot be expired")
        if expire:
            self.books.expire(invoice["external_id"], list(self.books.of(invoice["external_id"])).index(invoice))
        return JSONResponse(invoice)

    async def _pay(self, request: Request) -> Response:
        external_id = request.path_params["external_id"]
        pays = request.url.path.startswith("/_pay")
        told = self.books.pay(external_id) if pays else self.books.expire(external_id)
        if address := request.query_params.get("notify"):
            async with async_client() as client:
                await client.post(address, json=told, headers={"x-callback-token": CALLBACK_TOKEN})
        return JSONResponse(told)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error_code": code, "message": message}, status)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


@contextmanager
def xendit_server() -> Iterator[XenditTwin]:
    """A twin in a thread of this process, on a free port."""
    twin = XenditTwin()
    with served(twin.app()) as url:
        twin.url = url
        yield twin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.twins.xendit_server", description=__doc__)
    parser.add_argument("--port", type=int, default=8098)
    run_forever(XenditTwin().app(), parser.parse_args().port)


if __name__ == "__main__":
    main()
