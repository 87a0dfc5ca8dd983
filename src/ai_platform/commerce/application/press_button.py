"""Somebody pays in the sandbox, fails to, or lets it expire; as with any provider, we learn it by a notification."""

from collections.abc import Callable
from dataclasses import dataclass

from ai_platform.commerce.application.payment_ports import Notice
from ai_platform.commerce.application.receive_notice import ReceiveNotice
from ai_platform.commerce.application.sandbox_ports import SandboxBooks, SandboxPage
from ai_platform.commerce.application.show_pay_page import NoSuchPage
from ai_platform.commerce.domain.observation import Standing


@dataclass(frozen=True, slots=True)
class PressButton:
    """Only the first press counts. Dying after it loses no more than the notification: the worker asks by itself."""

    books: SandboxBooks
    receive: ReceiveNotice
    notice_of: Callable[[SandboxPage], Notice]

    async def __call__(self, token: str, standing: Standing) -> None:
        """Raises NoSuchPage."""
        page = await self.books.page(token) if "\x00" not in token else None
        if page is None:
            raise NoSuchPage
        if await self.books.press(token, standing):
            await self.receive("sandbox", page.tenant_id, self.notice_of(page))
