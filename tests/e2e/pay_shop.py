"""A shop in `dev` whose customers pay in a real browser."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Page, Request

from tests.e2e.dev_program import DevProcess
from tests.e2e.programs import until
from tests.e2e.stage import run_sql
from tests.http_clients import sync_client

PHONE: Final = {"width": 360, "height": 740}
NAME: Final = 'Kedai <b>Gayo</b> & "Anak"'
LINES: Final = (("GAYO-250", "Kopi Gayo 250 g", 70_000, 2), ("GULA", "Gula aren <script>", 10_000, 1))
TOTAL: Final = "Rp 150.000"

_CONTRASTS: Final = """
() => {
  const rgb = words => words.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = one => {
    for (let at = one; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("main *")]
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => {
      const pair = [light(rgb(getComputedStyle(one).color)), light(behind(one))].sort((a, b) => b - a);
      return [one.textContent.trim().slice(0, 40), (pair[0] + 0.05) / (pair[1] + 0.05)];
    });
}
"""


class Shop:
    """Of the sandbox's provider; calls in open mode, as the operator."""

    def __init__(self, dev: DevProcess, *, name: str = NAME) -> None:
        self.dev = dev
        self.http = sync_client(base_url=dev.ready["url"], timeout=20)
        self.id = self.call("POST", "tenants", name=name, payment_provider="sandbox")["id"]
        self.buyer = self.call("POST", f"tenants/{self.id}/customers", phone_number="0812-3456-7890")["id"]

    def close(self) -> None:
        self.http.close()

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = self.http.request(method, f"/v1/crm/{path}", json=body or None)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def stock(self, lines: tuple[tuple[str, str, int, int], ...] = LINES) -> None:
        for sku, name, price, _ in lines:
            variant = {"sku": sku, "name": name, "price": price, "stock": 1000}
            self.call("POST", f"tenants/{self.id}/products", name=name, variants=[variant])

    def payable(self, lines: tuple[tuple[str, str, int, int], ...] = LINES) -> dict[str, Any]:
        """A confirmed order with a link to pay at."""
        items = [{"sku": sku, "quantity": quantity} for sku, _, _, quantity in lines]
        order = self.call("POST", f"tenants/{self.id}/orders", customer_id=self.buyer, items=items)
        self.call("POST", f"orders/{order['id']}/confirm")
        return self.call("POST", f"orders/{order['id']}/payment")

    def becomes(self, order: dict[str, Any], payment_status: str, status: str) -> None:
        def standing() -> tuple[str, str]:
            seen = self.call("GET", f"orders/{order['id']}")
            return seen["payment_status"], seen["status"]

        until(lambda: standing() == (payment_status, status), what=f"an order {payment_status} and {status}")

    def time_is_over(self, order: dict[str, Any]) -> None:
        """At the sandbox."""
        overdue = "UPDATE sandbox_payments SET expires_at = now() - interval '1 second' WHERE token = $1"
        run_sql(self.dev.database_url, overdue, order["payment"]["url"].rpartition("/")[2])

    def notices(self, order: dict[str, Any]) -> int:
        told = "SELECT count(*) AS told FROM payment_notices WHERE payment_id = $1::text::uuid"
        return int(run_sql(self.dev.database_url, told, order["payment"]["id"])[0]["told"])


@dataclass
class Window:
    """A browser's window that remembers what went wrong behind the glass."""

    page: Page
    home: str
    troubles: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda said: self.troubles.append(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("request", self._look)

    async def text(self) -> str:
        return await self.page.locator("main").inner_text()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()
        await self.page.wait_for_load_state()

    async def buttons(self) -> list[str]:
        return await self.page.get_by_role("button").all_inner_texts()

    async def is_within_its_width(self) -> bool:
        root = "document.documentElement"
        return bool(await self.page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"))

    async def contrasts(self) -> dict[str, float]:
        """Of every text against what is behind it, 1 to 21."""
        return dict(await self.page.evaluate(_CONTRASTS))

    def _look(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:")):
            self.troubles.append(f"asked a stranger: {json.dumps(request.url)}")


@asynccontextmanager
async def window(browser: Browser, home: str, **options: Any) -> AsyncIterator[Window]:
    """Nothing may go wrong in it while it is open."""
    context: BrowserContext = await browser.new_context(viewport=options.pop("viewport", PHONE), **options)
    opened = Window(await context.new_page(), home)
    opened.watch()
    try:
        yield opened
        assert opened.troubles == []
    finally:
        await context.close()
