"""The sandbox's pay page, in a real browser: what a customer sees, presses, and comes back to."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.pay_shop import NAME, TOTAL, Shop, Window, window
from tests.e2e.stage import Stage, empty_stage
from tests.services.browser import chromium

# the first may have to wait for the browser's installation
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

SHOTS = os.environ.get("PAY_PAGE_SHOTS")
"""A folder for pictures of every state, for whoever changes how the page looks."""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with empty_stage() as stage:
        opened = Shop(stage.dev().start())
        opened.stock()
        yield opened
        opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def seen(browser: Browser, shop: Shop) -> AsyncIterator[Window]:
    async with window(browser, shop.dev.ready["url"]) as opened:
        yield opened


async def picture(seen: Window, name: str) -> None:
    if SHOTS:
        await seen.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def test_the_page_says_what_is_paid_to_whom_and_until_when(shop: Shop, seen: Window) -> None:
    order = shop.payable()
    await seen.page.goto(order["payment"]["url"])
    text = await seen.text()
    for words in (
        NAME,
        TOTAL,
        "no real money",
        "Kopi Gayo 250 g",
        "2 \u00d7 Rp 70.000",
        "Rp 140.000",
        "Gula aren <script>",
    ):
        assert words in text
    assert "WIB" in text
    assert "(23 h 5" in text
    assert f"{order['number']}-1" in text
    assert await seen.page.title() == f"Pay {TOTAL} to {NAME} · Sandbox"
    assert await seen.buttons() == ["Pay", "Fail", "Let it expire"]
    await picture(seen, "waiting")


@pytest.mark.parametrize(
    ("button", "told", "payment_status", "status"),
    [
        ("Pay", "Paid", "PAID", "PROCESSING"),
        ("Fail", "Payment failed", "FAILED", "CONFIRMED"),
        ("Let it expire", "Expired", "EXPIRED", "CONFIRMED"),
    ],
)
async def test_each_button_ends_the_payment(
    shop: Shop, seen: Window, button: str, told: str, payment_status: str, status: str
) -> None:
    order = shop.payable()
    await seen.page.goto(order["payment"]["url"])
    await seen.press(button)
    assert await seen.page.get_by_role("status").get_by_role("heading").inner_text() == told
    assert await seen.buttons() == []
    assert seen.page.url == order["payment"]["url"]
    await picture(seen, told)
    shop.becomes(order, payment_status, status)
    await seen.page.reload()
    assert await seen.buttons() == []


async def test_pressing_twice_is_pressing_once(shop: Shop, seen: Window) -> None:
    order = shop.payable()
    await seen.page.goto(order["payment"]["url"])
    await seen.page.get_by_role("button", name="Pay", exact=True).dblclick()
    await seen.page.get_by_text("The shop has been notified").wait_for()
    shop.becomes(order, "PAID", "PROCESSING")
    assert shop.notices(order) == 1


async def test_going_back_and_pressing_another_button_changes_nothing(
    shop: Shop, seen: Window, browser: Browser
) -> None:
    order = shop.payable()
    url = order["payment"]["url"]
    await seen.page.goto(url)
    async with window(browser, seen.home) as stale:
        await stale.page.goto(url)
        await seen.press("Pay")
        await seen.page.go_back()
        await seen.page.goto(url)
        assert await seen.buttons() == []
        await stale.press("Fail")
        assert "Paid" in await stale.text()
    shop.becomes(order, "PAID", "PROCESSING")
    assert shop.notices(order) == 1


async def test_a_page_whose_time_is_over_says_so_and_takes_no_money(shop: Shop, seen: Window) -> None:
    order = shop.payable()
    await seen.page.goto(order["payment"]["url"])
    shop.time_is_over(order)
    await seen.press("Pay")
    assert "Expired" in await seen.text()
    assert await seen.buttons() == []
    assert shop.notices(order) == 0


async def test_a_page_turns_over_by_itself_when_its_time_is_over(shop: Shop, seen: Window) -> None:
    order = shop.payable()
    await seen.page.goto(order["payment"]["url"])
    refresh = await seen.page.locator('meta[http-equiv="refresh"]').get_attribute("content")
    assert 0 < int(refresh or "0") <= 24 * 3600 + 2


async def test_a_cancelled_order_and_a_refund_show_on_the_page(shop: Shop, seen: Window) -> None:
    order = shop.payable()
    await seen.page.goto(order["payment"]["url"])
    shop.call("POST", f"orders/{order['id']}/cancel")
    await seen.page.reload()
    assert "Cancelled" in await seen.text()
    await picture(seen, "Cancelled")

    order = shop.payable()
    await seen.page.goto(order["payment"]["url"])
    await seen.press("Pay")
    shop.becomes(order, "PAID", "PROCESSING")
    shop.call("POST", f"payments/{order['payment']['id']}/refund", amount=50_000, reason="one packet was torn")
    shop.becomes(order, "PARTIALLY_REFUNDED", "PROCESSING")
    await seen.page.reload()
    assert "given Rp 50.000 of it back" in await seen.text()
    await picture(seen, "Refunded")


@pytest.mark.parametrize("token", ["unknown", "%00", "%F0%9F%92%A9", "a%0Ab", "x" * 2000, "%C3%28"])
async def test_a_link_that_leads_nowhere_says_so(shop: Shop, browser: Browser, token: str) -> None:
    url = f"{shop.dev.ready['url']}/sandbox/pay/{token}"
    async with window(browser, shop.dev.ready["url"]) as seen:
        answer = await seen.page.goto(url)
        assert answer is not None
        assert answer.status == 404
        assert "There is no such payment" in await seen.text()
        await picture(seen, "nowhere")
        assert [one for one in seen.troubles if "404" not in one] == []
        seen.troubles.clear()  # the browser itself notes every 404
    assert shop.http.get(url).json()["code"] == "payment_not_found"


async def test_a_button_that_there_is_not_changes_nothing(shop: Shop, seen: Window) -> None:
    order = shop.payable()
    url = order["payment"]["url"]
    for body in (b"", b"action=steal", b"\xff\x00", b"action=pay&action=fail"):
        answer = shop.http.post(url, content=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "button_unknown")
    await seen.page.goto(url)
    assert len(await seen.buttons()) == 3


async def test_it_works_without_a_script_and_by_the_keyboard_alone(shop: Shop, browser: Browser) -> None:
    order = shop.payable()
    async with window(browser, shop.dev.ready["url"], java_script_enabled=False) as seen:
        await seen.page.goto(order["payment"]["url"])
        for _ in range(3):
            await seen.page.keyboard.press("Tab")
        assert await seen.page.locator("button:focus-visible").inner_text() == "Let it expire"
        await picture(seen, "focus")
        await seen.page.keyboard.press("Shift+Tab")
        await seen.page.keyboard.press("Shift+Tab")
        await seen.page.keyboard.press("Enter")
        await seen.page.get_by_text("The shop has been notified").wait_for()
    shop.becomes(order, "PAID", "PROCESSING")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
async def test_it_is_legible_at_any_width_by_day_and_by_night(
    shop: Shop, browser: Browser, scheme: str, width: int
) -> None:
    order = shop.payable()
    size = {"width": width, "height": 740}
    async with window(browser, shop.dev.ready["url"], viewport=size, color_scheme=scheme) as seen:
        await seen.page.goto(order["payment"]["url"])
        for state in ("waiting", "paid"):
            assert await seen.is_within_its_width()
            faint = {text: seen for text, seen in (await seen.contrasts()).items() if seen < 4.5}
            assert faint == {}
            await picture(seen, f"{scheme}-{width}-{state}")
            if state == "waiting":
                await seen.press("Pay")


async def test_names_of_any_length_stay_within_a_phone(shop: Shop, browser: Browser) -> None:
    wide = Shop(shop.dev, name="Toko" + "PanjangSekali" * 18)
    lines = tuple((f"SKU{number}", f"{number}" + "W" * 99, 999_999_999, 1) for number in range(5))
    wide.stock(lines)
    order = wide.payable(lines)
    async with window(browser, shop.dev.ready["url"]) as seen:
        await seen.page.goto(order["payment"]["url"])
        assert await seen.is_within_its_width()
        assert "Rp 4.999.999.995" in await seen.text()
        await picture(seen, "wide")
    wide.close()


async def test_the_page_forbids_scripts_frames_and_strangers(shop: Shop) -> None:
    answer = shop.http.get(shop.payable()["payment"]["url"])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text


async def test_without_the_sandbox_there_is_no_page(stage: Stage) -> None:
    dev = stage.dev(SANDBOX_PAYMENTS="false").start()
    for call in (httpx.get, httpx.post):
        answer = call(f"{dev.ready['url']}/sandbox/pay/anything", trust_env=False, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
