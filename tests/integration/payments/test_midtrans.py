"""Our client of Midtrans against its twin, with the answers that surprise people."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from ai_platform.commerce.application.payment_ports import Account, RefundWish
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.payment import Method
from ai_platform.commerce.domain.payment_errors import (
    ProviderRefused,
    ProviderUnavailable,
    ReferenceUsed,
    RefundByHand,
)
from ai_platform.commerce.infrastructure.midtrans import Midtrans, MidtransAddresses
from ai_platform.commerce.infrastructure.provider_http import ProviderHttp
from ai_platform.kernel.money import Money
from tests.http_clients import async_client
from tests.integration.payments.wishes import ASKED, DUE, a_wish
from tests.twins.midtrans_books import SERVER_KEY
from tests.twins.midtrans_server import MidtransTwin, midtrans_server

ACCOUNT = Account(provider="midtrans", secret=SERVER_KEY)


def a_refund(**changes: Any) -> RefundWish:
    given: dict[str, Any] = {
        "asked": ASKED,
        "key": "R1",
        "amount": Money(45_000, "IDR"),
        "reason": "barang rusak",
        "transaction_id": None,
        "method": "gopay",
        **changes,
    }
    return RefundWish(**given)


@pytest.fixture
def twin() -> Iterator[MidtransTwin]:
    with midtrans_server() as running:
        yield running


@pytest_asyncio.fixture
async def midtrans(twin: MidtransTwin) -> AsyncIterator[Midtrans]:
    async with async_client() as client:
        http = ProviderHttp("midtrans", client, timeout=1.5)
        yield Midtrans(http, MidtransAddresses(snap=twin.snap_url, api=twin.api_url))


async def test_a_payment_is_opened_with_all_its_lines(midtrans: Midtrans, twin: MidtransTwin) -> None:
    begins = datetime(2026, 11, 21, 8, tzinfo=UTC)
    wish = a_wish(method=Method.EWALLET, begins_at=begins, expires_at=begins + timedelta(hours=1))
    link = await midtrans.open(ACCOUNT, wish)
    assert link.url.startswith("https://app.sandbox.midtrans.com/")
    asked = twin.books.orders["ORD-1-1"].request
    assert asked["transaction_details"] == {"order_id": "ORD-1-1", "gross_amount": 165_000}
    assert asked["item_details"][0]["name"] == "Kopi / Gayo 250g"
    assert asked["expiry"] == {"start_time": "2026-11-21 15:00:00 +0700", "unit": "minutes", "duration": 60}
    assert "gopay" in asked["enabled_payments"]


async def test_a_discount_that_lines_do_not_show_becomes_one_line(midtrans: Midtrans, twin: MidtransTwin) -> None:
    await midtrans.open(ACCOUNT, a_wish(amount=Money(150_000, "IDR")))
    assert [one["price"] for one in twin.books.orders["ORD-1-1"].request["item_details"]] == [150_000]


async def test_opening_again_gives_a_link_again(midtrans: Midtrans) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    assert (await midtrans.open(ACCOUNT, a_wish(is_repeat=True))).url


async def test_a_reference_that_was_paid_is_told_as_such(midtrans: Midtrans, twin: MidtransTwin) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    twin.books.pay("ORD-1-1")
    with pytest.raises(ReferenceUsed):
        await midtrans.open(ACCOUNT, a_wish(is_repeat=True))


async def test_a_wrong_key_is_a_refusal_everywhere(midtrans: Midtrans) -> None:
    wrong = Account(provider="midtrans", secret="wrong")
    for call in (midtrans.open(wrong, a_wish()), midtrans.state(wrong, ASKED), midtrans.refund(wrong, a_refund())):
        with pytest.raises(ProviderRefused):
            await call


async def test_other_currencies_are_refused_without_a_call(midtrans: Midtrans, twin: MidtransTwin) -> None:
    with pytest.raises(ProviderRefused, match="IDR only"):
        await midtrans.open(ACCOUNT, a_wish(amount=Money(100, "USD")))
    assert twin.faults.calls == []


@pytest.mark.parametrize("fault", ["error", "hang", "lost", "garbled", "deep"])
async def test_nobody_knows_what_became_of_a_broken_call(midtrans: Midtrans, twin: MidtransTwin, fault: str) -> None:
    twin.faults.next(fault)
    with pytest.raises(ProviderUnavailable):
        await midtrans.open(ACCOUNT, a_wish())
    assert ("ORD-1-1" in twin.books.orders) == (fault not in ("error", "hang"))


async def test_nothing_is_known_before_the_customer_chooses(midtrans: Midtrans) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    assert await midtrans.state(ACCOUNT, ASKED) == ()


async def test_what_the_customer_chose_is_told(midtrans: Midtrans, twin: MidtransTwin) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    twin.books.choose("ORD-1-1")
    (found,) = await midtrans.state(ACCOUNT, ASKED)
    assert (found.standing, found.method, found.va_number) == (Standing.WAITING, "bank_transfer", "812345678901234")


@pytest.mark.parametrize(
    ("status", "standing"),
    [("settlement", Standing.PAID), ("deny", Standing.DENIED), ("expire", Standing.EXPIRED)],
)
async def test_a_state_is_told(midtrans: Midtrans, twin: MidtransTwin, status: str, standing: Standing) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    twin.books.become("ORD-1-1", status)
    (found,) = await midtrans.state(ACCOUNT, ASKED)
    assert (found.standing, found.amount) == (standing, DUE)


async def test_a_card_under_review_is_not_paid(midtrans: Midtrans, twin: MidtransTwin) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    twin.books.become("ORD-1-1", "capture", fraud_status="challenge")
    assert [one.standing for one in await midtrans.state(ACCOUNT, ASKED)] == [Standing.WAITING]


@pytest.mark.parametrize("how", [Standing.EXPIRED, Standing.CANCELLED])
async def test_a_payment_is_ended_and_again(midtrans: Midtrans, twin: MidtransTwin, how: Standing) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    await midtrans.end(ACCOUNT, ASKED, how)
    twin.books.choose("ORD-1-1")
    await midtrans.end(ACCOUNT, ASKED, how)
    await midtrans.end(ACCOUNT, ASKED, how)
    assert [one.standing for one in await midtrans.state(ACCOUNT, ASKED)] == [how]


async def test_what_was_paid_is_not_ended(midtrans: Midtrans, twin: MidtransTwin) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    twin.books.pay("ORD-1-1")
    await midtrans.end(ACCOUNT, ASKED, Standing.EXPIRED)
    assert [one.standing for one in await midtrans.state(ACCOUNT, ASKED)] == [Standing.PAID]


async def test_the_same_refund_gives_nothing_back_twice(midtrans: Midtrans, twin: MidtransTwin) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    twin.books.pay("ORD-1-1", "gopay")
    for _ in range(2):
        await midtrans.refund(ACCOUNT, a_refund())
    (found,) = await midtrans.state(ACCOUNT, ASKED)
    assert (found.standing, found.refunded) == (Standing.REFUNDED, 45_000)


async def test_a_bank_transfer_goes_back_by_hand(midtrans: Midtrans) -> None:
    with pytest.raises(RefundByHand):
        await midtrans.refund(ACCOUNT, a_refund(method="bank_transfer"))


async def test_more_than_was_paid_is_refused(midtrans: Midtrans, twin: MidtransTwin) -> None:
    await midtrans.open(ACCOUNT, a_wish())
    twin.books.pay("ORD-1-1", "gopay")
    with pytest.raises(ProviderRefused, match="invalid amount"):
        await midtrans.refund(ACCOUNT, a_refund(amount=Money(165_001, "IDR")))
