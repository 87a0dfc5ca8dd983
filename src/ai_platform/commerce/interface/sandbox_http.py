"""The sandbox's pay page over HTTP: pay, fail, or let it expire, with money that is nobody's."""

from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from ai_platform.commerce.application.press_button import PressButton
from ai_platform.commerce.application.show_pay_page import NoSuchPage, ShowPayPage
from ai_platform.commerce.interface.pay_page import BUTTONS, nowhere_page, pay_page
from ai_platform.commerce.interface.pay_page_style import POLICY
from ai_platform.kernel.errors import InvalidInput

PREFIX: Final = "/sandbox/pay"
_HEADERS: Final = {"Content-Security-Policy": POLICY}


def sandbox_router(show: ShowPayPage, press: PressButton) -> APIRouter:
    router = APIRouter(prefix=PREFIX, include_in_schema=False)

    @router.get("/{token}")
    async def show_page(token: str, request: Request) -> Response:
        try:
            return HTMLResponse(pay_page(await show(token)), headers=_HEADERS)
        except NoSuchPage:
            return _nowhere(request)

    @router.post("/{token}")
    async def press_button(token: str, request: Request) -> Response:
        """Answered by the way back to the page, so that a reload presses nothing."""
        action = "".join(parse_qs((await request.body()).decode("utf-8", "replace")).get("action", []))
        if action not in BUTTONS:
            raise InvalidInput("There is no such button.", code="button_unknown")
        try:
            await press(token, BUTTONS[action])
        except NoSuchPage:
            return _nowhere(request)
        return RedirectResponse(f"{PREFIX}/{token}", 303)

    return router


def _nowhere(request: Request) -> Response:
    """A person gets a page, a program the problem document."""
    if "text/html" not in request.headers.get("accept", ""):
        raise NoSuchPage
    return HTMLResponse(nowhere_page(), 404, _HEADERS)
