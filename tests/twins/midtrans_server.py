"""A local server that behaves like Midtrans: `python -m tests.twins.midtrans_server --port 8097`.

Point MIDTRANS_SNAP_URL at `http://127.0.0.1:8097/snap/v1`, MIDTRANS_API_URL at `http://127.0.0.1:8097`, and use the
server key `SB-Mid-server-TEST`. `POST /_pay/{order_id}` pays; `POST /_become/{order_id}/{status}` does anything else.
Both answer the notification that Midtrans would send, and send it when `?notify=` names an address.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.http_clients import async_client
from tests.twins.midtrans_books import Body, MidtransBooks
from tests.twins.pay_server import Faults, run_forever, served

BROKEN = {"error_messages": ["Sorry, we encountered internal server error. We will fix this soon."], "locale": "en"}


@dataclass
class MidtransTwin:
    """`snap_url` and `api_url` as the settings take them."""

    books: MidtransBooks = field(default_factory=MidtransBooks)
    faults: Faults = field(default_factory=Faults)
    url: str = ""

    @property
    def snap_url(self) -> str:
        return f"{self.url}/snap/v1"

    @property
    def api_url(self) -> str:
        return self.url

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/snap/v1/transactions", self._snap, methods=["POST"]),
                Route("/v2/{subject}/{verb}", self._core, methods=["GET", "POST"]),
                Route("/_pay/{order_id}", self._pay, methods=["POST"]),
                Route("/_become/{order_id}/{status}", self._pay, methods=["POST"]),
            ]
        )

    async def _snap(self, request: Request) -> Response:
        return await self.faults.around(request, self._open, JSONResponse(BROKEN, 500))

    async def _core(self, request: Request) -> Response:
        return await self.faults.around(request, self._answer, JSONResponse({"status_code": "500"}, 500))

    async def _open(self, request: Request) -> Response:
        if not self.books.is_known(request.headers.get("authorization", "")):
            words = "Access denied due to unauthorized transaction, please check client or server key"
            return JSONResponse({"error_messages": [words]}, 401)
        status, body = self.books.snap(await request.json())
        return JSONResponse(body, status)

    async def _answer(self, request: Request) -> Response:
        """Whatever it says, it says with HTTP 200, but for a key that is wrong."""
        if not self.books.is_known(request.headers.get("authorization", "")):
            words = "Transaction cannot be authorized with the current client/server key."
            return JSONResponse({"status_code": "401", "status_message": words}, 401)
        subject, verb = request.path_params["subject"], request.path_params["verb"]
        if verb == "refund":
            return JSONResponse(self.books.refund(subject, await request.json()))
        if verb in ("expire", "cancel"):
            return JSONResponse(self.books.end(subject, verb))
        return JSONResponse(self.books.status(subject))

    async def _pay(self, request: Request) -> Response:
        order_id = request.path_params["order_id"]
        status = request.path_params.get("status")
        notice = self.books.become(order_id, status) if status else self.books.pay(order_id)
        if address := request.query_params.get("notify"):
            await _send(address, notice)
        return JSONResponse(notice)


async def _send(address: str, notice: Body) -> None:
    async with async_client() as client:
        await client.post(address, json=notice, headers={"User-Agent": "Veritrans"})


@contextmanager
def midtrans_server() -> Iterator[MidtransTwin]:
    """A twin in a thread of this process, on a free port."""
    twin = MidtransTwin()
    with served(twin.app()) as url:
        twin.url = url
        yield twin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.twins.midtrans_server", description=__doc__)
    parser.add_argument("--port", type=int, default=8097)
    run_forever(MidtransTwin().app(), parser.parse_args().port)


if __name__ == "__main__":
    main()
