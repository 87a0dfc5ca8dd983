"""Our client of Xendit against its twin: a reference may name several invoices, and any of them may be paid."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from ai_platform.commerce.application.payment_ports import Account
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.domain.payment import Method
from ai_platform.commerce.domain.payment_errors import ProviderRefused, ProviderUnavailable
from ai_platform.commerce.infrastructure.provider_http import ProviderHttp
from ai_platform.commerce.infrastructure.xendit import Xendit
from ai_platform.kernel.money import Money
from tests.http_clients import async_client
from tests.integration.payments.wishes import ASKED, DUE, a_wish
from tests.twins.xendit_server import CALLBACK_TOKEN, SECRET_KEY, XenditTwin, xendit_server

ACCOUNT = Account(provider="xendit", secret=SECRET_KEY, callback_token=CALLBACK_TOKEN)


@pytest.fixture
def twin() -> Iterator[XenditTwin]:
    with xendit_server() as running:
        yield running


@pytest_asyncio.fixture
async def xendit(twin: XenditTwin) -> AsyncIterator[Xendit]:
    async with async_client() as client:
        yield Xendit(ProviderHttp("xendit", client, timeout=1.5), twin.url)


async def test_an_invoice_is_opened(xendit: Xendit, twin: XenditTwin) -> None:
    link = await xendit.open(ACCOUNT, a_wish(method=Method.QRIS))
    (invoice,) = twin.books.of("ORD-1-1")
    assert (link.url, link.provider_id) == (invoice["invoice_url"], invoice["id"])
    assert invoice["amount"] == 165_000


async def test_an_answer_that_got_lost_is_found_again(xendit: Xendit, twin: XenditTwin) -> None:
    twin.faults.next("lost")
    with pytest.raises(ProviderUnavailable):
        await xendit.open(ACCOUNT, a_wish())
    await xendit.open(ACCOUNT, a_wish(is_repeat=True))
    assert len(twin.books.of("ORD-1-1")) == 1


async def test_a_call_that_never_arrived_is_made_again(xendit: Xendit, twin: XenditTwin) -> None:
    twin.faults.next("hang")
    with pytest.raises(ProviderUnavailable):
        await xendit.open(ACCOUNT, a_wish())
    await xendit.open(ACCOUNT, a_wish(is_repeat=True))
    assert len(twin.books.of("ORD-1-1")) == 1


async def test_every_invoice_of_the_reference_is_told(xendit: Xendit, twin: XenditTwin) -> None:
    await xendit.open(ACCOUNT, a_wish())
    await xendit.open(ACCOUNT, a_wish())
    twin.books.pay("ORD-1-1", which=0)
    assert [one.standing for one in await xendit.state(ACCOUNT, ASKED)] == [Standing.PAID, Standing.WAITING]
    await xendit.end(ACCOUNT, ASKED, Standing.EXPIRED)
    assert [one.standing for one in await xendit.state(ACCOUNT, ASKED)] == [Standing.PAID, Standing.EXPIRED]


async def test_settled_is_paid_too(xendit: Xendit, twin: XenditTwin) -> None:
    await xendit.open(ACCOUNT, a_wish())
    twin.books.pay("ORD-1-1", status="SETTLED")
    assert [(one.standing, one.amount) for one in await xendit.state(ACCOUNT, ASKED)] == [(Standing.PAID, DUE)]


async def test_what_was_paid_counts(xendit: Xendit, twin: XenditTwin) -> None:
    await xendit.open(ACCOUNT, a_wish())
    twin.books.pay("ORD-1-1", paid_amount=1)
    assert [one.amount for one in await xendit.state(ACCOUNT, ASKED)] == [Money(1, "IDR")]


async def test_dollars_have_cents(xendit: Xendit, twin: XenditTwin) -> None:
    due = Money(1_250, "USD")
    await xendit.open(ACCOUNT, a_wish(amount=due, lines=()))
    assert twin.books.of("ORD-1-1")[0]["amount"] == 12.5
    assert [one.amount for one in await xendit.state(ACCOUNT, ASKED)] == [due]


async def test_an_unknown_reference_is_no_error(xendit: Xendit) -> None:
    assert await xendit.state(ACCOUNT, ASKED) == ()
    await xendit.end(ACCOUNT, ASKED, Standing.EXPIRED)


async def test_a_wrong_key_is_a_refusal(xendit: Xendit) -> None:
    with pytest.raises(ProviderRefused, match="INVALID_API_KEY"):
        await xendit.open(Account(provider="xendit", secret="wrong"), a_wish())


@pytest.mark.parametrize("fault", ["error", "hang"])
async def test_a_broken_call_may_be_made_again(xendit: Xendit, twin: XenditTwin, fault: str) -> None:
    await xendit.open(ACCOUNT, a_wish())
    twin.faults.next(fault)
    with pytest.raises(ProviderUnavailable):
        await xendit.state(ACCOUNT, ASKED)
    assert len(await xendit.state(ACCOUNT, ASKED)) == 1
