"""Whoever has the link of a sandbox payment sees what is to be paid, to whom, and until when."""

from dataclasses import dataclass
from datetime import datetime

from ai_platform.commerce.application.sandbox_ports import SandboxBooks, SandboxPage
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import NotFound
from ai_platform.tenancy.contracts.api import TenancyApi


class NoSuchPage(NotFound):
    code = "payment_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such payment.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPage:
    """`timezone` is the shop's."""

    page: SandboxPage
    shop: str
    timezone: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ShowPayPage:
    books: SandboxBooks
    tenancy: TenancyApi
    clock: Clock

    async def __call__(self, token: str) -> ShownPage:
        """Raises NoSuchPage."""
        page = await self.books.page(token) if "\x00" not in token else None
        tenant = await self.tenancy.tenant(page.tenant_id) if page else None
        if page is None or tenant is None:
            raise NoSuchPage
        return ShownPage(page=page, shop=tenant.name, timezone=tenant.timezone, now=self.clock.now())
