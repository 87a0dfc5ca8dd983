"""The sandbox's pay page: pay, fail, or let it expire, with money that is nobody's."""

import html
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from ai_platform.commerce.application.payment_ports import Notice
from ai_platform.commerce.application.receive_notice import ReceiveNotice
from ai_platform.commerce.application.sandbox_ports import SandboxBooks, SandboxPage
from ai_platform.commerce.domain.observation import Standing
from ai_platform.kernel.errors import NotFound

_BUTTONS: Final = {
    "pay": (Standing.PAID, "Pay"),
    "fail": (Standing.DENIED, "Fail"),
    "expire": (Standing.EXPIRED, "Let it expire"),
}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
}
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}"
    "h1{font-size:1.1rem;color:#8a5a00}pre{font:inherit;white-space:pre-wrap}"
    ".sum{font-size:2rem;font-weight:600}button{display:block;width:100%;padding:.8rem;margin:.5rem 0;font:inherit;"
    "border:1px solid #999;border-radius:.5rem;background:#fff;cursor:pointer}"
    "button.pay{background:#146c43;border-color:#146c43;color:#fff}"
)


def sandbox_router(
    books: SandboxBooks, receive: ReceiveNotice, notice_of: Callable[[SandboxPage], Notice]
) -> APIRouter:
    router = APIRouter(prefix="/sandbox/pay", include_in_schema=False)

    @router.get("/{token}")
    async def show(token: str) -> Response:
        return HTMLResponse(_document(await _page(books.page, token)), headers=_HEADERS)

    @router.post("/{token}")
    async def press(token: str, request: Request) -> Response:
        """As with any provider, the platform learns it by a notification."""
        page = await _page(books.page, token)
        action = "".join(parse_qs((await request.body()).decode("utf-8", "replace")).get("action", []))
        if action not in _BUTTONS:
            raise NotFound("There is no such button.")
        if await books.press(token, _BUTTONS[action][0]):
            await receive("sandbox", page.tenant_id, notice_of(page))
        return RedirectResponse(f"/sandbox/pay/{token}", 303)

    return router


async def _page(find: Callable[[str], Awaitable[SandboxPage | None]], token: str) -> SandboxPage:
    page = await find(token) if "\x00" not in token else None
    if page is None:
        raise NotFound("There is no such payment.")
    return page


def _document(page: SandboxPage) -> str:
    buttons = "".join(
        f'<button class="{name}" name="action" value="{name}">{words}</button>'
        for name, (_, words) in _BUTTONS.items()
    )  # fmt: skip
    waiting = page.status == Standing.WAITING.value
    below = f'<form method="post">{buttons}</form>' if waiting else f"<p>This payment is <b>{page.status}</b>.</p>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Sandbox payment</title><style>{_STYLE}</style><h1>Sandbox: no real money</h1>"
        f"<p>{html.escape(page.reference)}</p><pre>{html.escape(page.description)}</pre>"
        f'<p class="sum">{html.escape(page.amount.currency)} {html.escape(str(page.amount))}</p>{below}</html>'
    )
