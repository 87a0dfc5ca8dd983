"""A shopper with a mind of his own, and what he remembers of what he did."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.chaos.year.market import Goods, Market
from tests.chaos.year.street import Street
from tests.chaos.year.tills import Notice, Page, Till, garbled
from tests.chaos.year.watch import Memory, Watch


class SentAway(Exception):
    """What he wanted is sold out; there his story ends."""


@dataclass
class Shopper:
    """`number` decides what he wants and does: two runs with one number differ only in what the world does.

    Only so many come in at a time (`room`), until they have to wait for something.
    """

    number: int
    market: Market
    watch: Watch
    room: asyncio.Semaphore

    def __post_init__(self) -> None:
        self.random = Random(self.number)  # noqa: S311 - a mind, not a secret
        self.memory = Memory()
        self.order_number = ""
        self.is_inside = False

    @property
    def street(self) -> Street:
        return self.market.street

    @property
    def till(self) -> Till:
        return self.market.till

    @property
    def path(self) -> str:
        return f"/v1/crm/orders/{self.memory.order_id}"

    async def comes_in(self) -> None:
        await self.room.acquire()
        self.is_inside = True

    def goes_out(self) -> None:
        if self.is_inside:
            self.room.release()
        self.is_inside = False

    async def until_known(self) -> None:
        self.goes_out()
        await self.watch.known(self.memory)

    async def out_of_time(self) -> None:
        """What was confirmed and not paid expires, and its payment with it."""
        memory = self.memory
        memory.status = "CANCELLED"
        if memory.payment_status == "PENDING_PAYMENT":
            memory.payment_status = memory.pages[-1].status = "EXPIRED"
        self.goes_out()
        await self.watch.known(memory, over=True)

    async def puts_into_cart(self, goods: Sequence[Goods]) -> None:
        """One or several lines; some said twice, some added later; now and then with shipping."""
        chosen = self.random.sample(goods, min(len(goods), self.random.choice((1, 1, 2, 3))))
        lines = [(one, self.random.randint(1, 3)) for one in chosen]
        if self.random.random() < 0.15:
            lines.append((chosen[0], 1))
        items = [{"sku": one.sku, "quantity": quantity} for one, quantity in lines]
        body = {"customer_id": self.random.choice(self.market.customers), "items": items}
        order = await self.street.done("POST", f"{self.market.path}/orders", key=f"order-{self.number}", json=body)
        self.memory.order_id, self.order_number = order["id"], order["number"]
        if self.random.random() < 0.1:
            lines.append((chosen[-1], 2))
            item = {"sku": chosen[-1].sku.lower(), "quantity": 2}
            await self.street.done("POST", f"{self.path}/items", key=f"item-{self.number}", json=item)
        for one, quantity in lines:
            self.memory.goods[one.variant_id] = self.memory.goods.get(one.variant_id, 0) + quantity
        shipping = self.random.choice((0, 0, 9_000, 15_500))
        if shipping:
            await self.street.done("PATCH", self.path, json={"shipping_cost": self.market.words(shipping)})
        self.memory.total = shipping + sum(one.price * quantity for one, quantity in lines)

    async def confirms(self) -> None:
        """Raises SentAway: only what is scarce may be sold out."""
        answer = await self.street.ask("POST", f"{self.path}/confirm", key=f"confirm-{self.number}")
        if answer.status_code != 200:
            scarce = {one.variant_id for one in self.market.shelf if one.is_scarce}
            assert answer.json()["code"] == "out_of_stock", answer.text
            for line in answer.json()["lines"]:
                assert line["variant_id"] in scarce, answer.text
                assert line["available"] < line["requested"] == self.memory.goods[line["variant_id"]]
            raise SentAway
        self.memory.status = "CONFIRMED"

    async def is_told(self, old: int, new: int) -> None:
        """That it costs another price by now. Had the answer been lost, the repeat would have been taken for a yes."""
        refused = await self.street.ask("POST", f"{self.path}/confirm", key=f"confirm-{self.number}")
        if refused.status_code == 200:
            self.street.told["agreed unheard"] += 1
            return
        assert (refused.status_code, refused.json()["code"]) == (409, "price_changed"), refused.text
        said = refused.json()["old"]["amount"], refused.json()["new"]["amount"]
        assert said == (self.market.words(old), self.market.words(new)), refused.text

    async def opens_page(self) -> Page:
        attempt = len(self.memory.pages) + 1
        order = await self.street.done("POST", f"{self.path}/payment", key=f"pay-{self.number}-{attempt}")
        payment = order["payment"]
        reference = f"{self.order_number}-{attempt}"
        self.memory.pages.append(Page(payment["id"], reference, payment["url"], self.memory.total))
        self.memory.payment_status = "PENDING_PAYMENT"
        return self.memory.pages[-1]

    async def pays(self, page: Page) -> None:
        page.status, page.received = "PAID", page.amount
        self.memory.status, self.memory.payment_status = "PROCESSING", "PAID"
        notices = self.till.pay(page)
        await self.hears(page, notices if self.random.random() < 0.5 else notices[-1:])

    async def lets_expire(self, page: Page) -> None:
        """At the provider, before the order's own time is over."""
        page.status = self.memory.payment_status = "EXPIRED"
        await self.hears(page, self.till.expire(page))

    async def hears(self, page: Page, notices: Sequence[Notice]) -> None:
        """The provider tells the shop until it is taken; and somebody else tries his luck."""
        lies = self.till.forged(page) if self.random.random() < 0.12 else []
        arriving = garbled([*notices, *lies], self.random)
        self.street.told["notices lost"] += 0 if arriving else len(notices)
        self.street.told["notices again"] += sum(arriving.count(one) - 1 for one in notices if one in arriving)
        for one in arriving:
            everybodys = self.random.random() < 0.2
            path = f"/v1/crm/payments/callback/{self.till.name}" + ("" if everybodys else f"/{self.market.tenant_id}")
            answer = await self.street.ask("POST", path, json=one.body, headers=one.headers)
            assert answer.status_code == (200 if one.genuine else 401), answer.text
            self.street.told["notices" if one.genuine else "forged notices"] += 1

    async def cancels(self) -> None:
        """A repeat of a cancellation whose answer was lost says that it cannot be cancelled again."""
        await self._moves("POST", f"{self.path}/cancel", {"reason": "changed my mind"})
        self.memory.status = "CANCELLED"

    async def is_sent(self, status: str) -> None:
        await self._moves("PUT", f"{self.path}/status", {"status": status})
        self.memory.status = status

    async def gets_back(self, page: Page, amount: int) -> None:
        """Through the provider where it can; else from hand to hand, and recorded."""
        body: dict[str, Any] = {"reason": "damaged", "amount": self.market.words(amount)}
        path, key = f"/v1/crm/payments/{page.payment_id}/refund", f"refund-{self.number}-{page.refunded}"
        if not self.till.gives_back:
            refused = await self.street.ask("POST", path, key=f"{key}-refused", json=body)
            assert (refused.status_code, refused.json()["code"]) == (409, "refund_by_hand"), refused.text
            body["by_hand"] = True
        await self.street.done("POST", path, key=key, json=body)
        page.refunded += amount
        page.status = "REFUNDED" if page.refunded == page.received else "PARTIALLY_REFUNDED"

    async def _moves(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        answer = await self.street.ask(method, path, json=body)
        assert answer.is_success or answer.json()["code"] == "invalid_transition", answer.text
