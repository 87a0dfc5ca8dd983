"""The providers from outside: where a customer pays, what the provider tells the shop, and what its own books say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, Final, Protocol

from tests.twins.midtrans_server import MidtransTwin
from tests.twins.pay_server import Faults
from tests.twins.xendit_server import CALLBACK_TOKEN, XenditTwin

DECIMALS: Final = {"IDR": 0, "MYR": 2}


@dataclass(frozen=True)
class Notice:
    """`genuine` is what the provider itself sends; of what is not, the shop must not take a word."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    genuine: bool = True


@dataclass
class Page:
    """Where a customer was sent to pay, and what he and the provider made of it; amounts in minor units."""

    payment_id: str
    reference: str
    url: str
    amount: int
    status: str = "PENDING_PAYMENT"
    received: int = 0
    refunded: int = 0
    flags: frozenset[str] = frozenset()


class Till(Protocol):
    """What a customer does at a page, each with the notices that follow from it.

    `called_off`: how a page stands that the shop has closed.
    """

    name: str
    called_off: str
    gives_back: bool
    faults: Faults

    def pay(self, page: Page) -> Sequence[Notice]: ...

    def expire(self, page: Page) -> Sequence[Notice]: ...

    def forged(self, page: Page) -> Sequence[Notice]:
        """With another's signature, or changed after signing, about a page that was chosen at."""

    def took(self, page: Page) -> tuple[int, int]:
        """By the provider's books: received and given back."""

    def is_open(self, page: Page) -> bool:
        """Whether a chosen way to pay is still waiting for money."""

    @property
    def references(self) -> set[str]: ...


class Midtrans:
    """Sends refunds back by itself, and may take settled money back."""

    name: str = "midtrans"
    called_off: str = "CANCELLED"
    gives_back: bool = True

    def __init__(self, twin: MidtransTwin) -> None:
        self.books, self.faults = twin.books, twin.faults

    def pay(self, page: Page) -> Sequence[Notice]:
        return [Notice(self.books.choose(page.reference, "gopay")), Notice(self.books.pay(page.reference, "gopay"))]

    def expire(self, page: Page) -> Sequence[Notice]:
        return [Notice(self.books.choose(page.reference)), Notice(self.books.become(page.reference, "expire"))]

    def deny(self, page: Page) -> Sequence[Notice]:
        """A card that is refused, or settled money that is taken back."""
        return [Notice(self.books.become(page.reference, "deny"))]

    def forged(self, page: Page) -> Sequence[Notice]:
        if self.books.orders[page.reference].transaction is None:
            return []
        notice = self.books.notice(page.reference)
        lies = ({"signature_key": "0" * 128}, {"gross_amount": "1.00"}, {"order_id": f"{page.reference}9"})
        return [Notice({**notice, **lie}, genuine=False) for lie in lies]

    def took(self, page: Page) -> tuple[int, int]:
        book = self.books.orders[page.reference]
        paid = book.transaction is not None and book.transaction["transaction_status"] in _WITH_MONEY
        return book.gross_amount if paid else 0, sum(book.refunds.values())

    def is_open(self, page: Page) -> bool:
        transaction = self.books.orders[page.reference].transaction
        return transaction is not None and transaction["transaction_status"] == "pending"

    @property
    def references(self) -> set[str]:
        return set(self.books.orders)


class Xendit:
    """Knows no refund of invoices, and shows a token where others sign."""

    name: str = "xendit"
    called_off: str = "EXPIRED"
    gives_back: bool = False

    def __init__(self, twin: XenditTwin, currency: str) -> None:
        self.books, self.faults, self._currency = twin.books, twin.faults, currency

    def pay(self, page: Page) -> Sequence[Notice]:
        return [_shown(self.books.pay(page.reference, which=self._which(page)))]

    def pay_less(self, page: Page) -> Sequence[Notice]:
        return [_shown(self.books.pay(page.reference, which=self._which(page), paid_amount=1))]

    def expire(self, page: Page) -> Sequence[Notice]:
        """Also what it opened a second time when the first answer got lost."""
        invoices = self.books.of(page.reference)
        return [_shown(self.books.expire(page.reference, which)) for which in range(len(invoices))]

    def forged(self, page: Page) -> Sequence[Notice]:
        notice = self.books.callback(self.books.of(page.reference)[self._which(page)])
        return [Notice(notice, {"x-callback-token": "a guess"}, genuine=False), Notice(notice, genuine=False)]

    def took(self, page: Page) -> tuple[int, int]:
        paid = [one for one in self.books.of(page.reference) if one["status"] in ("PAID", "SETTLED")]
        whole = [one for one in paid if one["paid_amount"] == one["amount"]]
        return sum(self._minor(one["paid_amount"]) for one in whole), 0

    def is_open(self, page: Page) -> bool:
        return any(one["status"] == "PENDING" for one in self.books.of(page.reference))

    @property
    def references(self) -> set[str]:
        mine = self.books.invoices.values()
        return {one["external_id"] for one in mine if one["currency"] == self._currency}

    def _which(self, page: Page) -> int:
        """The invoice that the customer's link leads to."""
        return [one["invoice_url"] for one in self.books.of(page.reference)].index(page.url)

    def _minor(self, amount: float) -> int:
        return int(Decimal(str(amount)).scaleb(DECIMALS[self._currency]))


def garbled(notices: Sequence[Notice], random: Random) -> list[Notice]:
    """As they arrive: shuffled, several times, or not at all."""
    if random.random() < 0.12:
        return []
    many = list(notices) * random.choice((1, 1, 1, 2, 3))
    random.shuffle(many)
    return many


def _shown(body: Mapping[str, Any]) -> Notice:
    return Notice(body, {"x-callback-token": CALLBACK_TOKEN})


_WITH_MONEY: Final = ("settlement", "refund", "partial_refund")
