"""Shoppers who live through a shop's year, each with a mind of his own, and what he remembers of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx

from tests.twins.midtrans_server import MidtransTwin

PASSING: Final = frozenset({"idempotency_in_progress", "refund_in_progress"})
PATIENCE: Final = 1_200


@dataclass(frozen=True)
class Goods:
    variant_id: str
    sku: str
    price: int
    stock: int


@dataclass
class Memory:
    """What a shopper knows of his order: what he asked for and was promised, never what the platform says later."""

    goods: dict[str, int] = field(default_factory=dict)
    total: int = 0
    order_id: str = ""
    reference: str = ""
    status: str = "PENDING"
    payment_status: str = "PENDING"
    given_back: int = 0

    @property
    def has_goods(self) -> bool:
        return self.status in ("PROCESSING", "SHIPPED", "DELIVERED")


@dataclass
class Street:
    """The way to a gateway that may be gone at any moment: whatever got no answer is asked again, with its key."""

    http: httpx.AsyncClient
    tenant_id: str
    repeated: int = 0

    async def ask(
        self, method: str, path: str, *, key: str | None = None, json: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        for _ in range(PATIENCE):
            try:
                answer = await self.http.request(method, path, json=json, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code != 503 and not _passes(answer):
                return answer
            self.repeated += 1
            await asyncio.sleep(0.1)
        raise AssertionError(f"{method} {path} was not answered")

    async def done(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = await self.ask(method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        body: dict[str, Any] = answer.json()
        return body

    async def tell(self, notices: Sequence[Mapping[str, Any]]) -> None:
        """As a provider does: until it is taken."""
        for notice in notices:
            answer = await self.ask("POST", f"/v1/crm/payments/callback/midtrans/{self.tenant_id}", json=notice)
            assert answer.status_code == 200, answer.text


def _passes(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json()["code"] in PASSING


@dataclass
class Shopper:
    """`number` decides what he wants and does; two runs with one number differ only in what the world does."""

    number: int
    customer_id: str
    goods: Sequence[Goods]
    street: Street
    twin: MidtransTwin

    def __post_init__(self) -> None:
        self.random = Random(self.number)  # noqa: S311 - a mind, not a secret
        self.memory = Memory()

    async def shop(self) -> Memory:
        await self._order()
        path, memory = f"/v1/crm/orders/{self.memory.order_id}", self.memory
        confirmed = await self.street.ask("POST", f"{path}/confirm", key=f"confirm-{self.number}")
        if confirmed.status_code != 200:
            assert confirmed.json()["code"] == "out_of_stock", confirmed.text
            return memory
        memory.status = "CONFIRMED"
        chance = self.random.random()
        if chance < 0.08:
            await self._cancel(path)
        elif chance < 0.95:
            await self._pay(path)
        return memory

    async def _order(self) -> None:
        chosen = self.random.sample(self.goods, self.random.randint(1, 3))
        items = [{"sku": one.sku, "quantity": self.random.randint(1, 3)} for one in chosen]
        body = {"customer_id": self.customer_id, "items": items}
        path = f"/v1/crm/tenants/{self.street.tenant_id}/orders"
        order = await self.street.done("POST", path, key=f"order-{self.number}", json=body)
        shipping = self.random.choice([0, 9_000, 15_000])
        if shipping:
            changed = {"shipping_cost": shipping}
            await self.street.done("PATCH", f"/v1/crm/orders/{order['id']}", json=changed)
        memory = self.memory
        memory.order_id, memory.reference = order["id"], f"{order['number']}-1"
        memory.goods = {one.variant_id: item["quantity"] for one, item in zip(chosen, items, strict=True)}
        prices = {one.variant_id: one.price for one in chosen}
        memory.total = shipping + sum(prices[which] * count for which, count in memory.goods.items())

    async def _cancel(self, path: str) -> None:
        """A repeat of a cancellation whose answer was lost says that it cannot be cancelled again."""
        answer = await self.street.ask("POST", f"{path}/cancel", json={"reason": "changed my mind"})
        assert answer.is_success or answer.json()["code"] == "invalid_transition", answer.text
        self.memory.status = "CANCELLED"

    async def _pay(self, path: str) -> None:
        await self.street.done("POST", f"{path}/payment", key=f"pay-{self.number}")
        memory, books, chance = self.memory, self.twin.books, self.random.random()
        memory.payment_status = "PENDING_PAYMENT"
        if chance < 0.70:
            notices = [books.choose(memory.reference, "gopay"), books.pay(memory.reference, "gopay")]
            memory.status, memory.payment_status = "PROCESSING", "PAID"
        elif chance < 0.85:
            notices = [books.choose(memory.reference), books.become(memory.reference, "expire")]
            memory.payment_status = "EXPIRED"
        else:
            return
        await self._news(notices)

    async def _news(self, notices: Sequence[Mapping[str, Any]]) -> None:
        """Shuffled, several times, or not at all."""
        if self.random.random() < 0.15:
            return
        many = list(notices) * self.random.randint(1, 3)
        self.random.shuffle(many)
        await self.street.tell(many)

    async def come_back(self, payment_id: str | None) -> None:
        """After a while: what was paid is sent, refunded or cancelled; who could not pay gives up."""
        path, memory, chance = f"/v1/crm/orders/{self.memory.order_id}", self.memory, self.random.random()
        if memory.payment_status == "EXPIRED":
            await self._cancel(path)
        elif memory.payment_status == "PAID" and chance < 0.3:
            answer = await self.street.ask("PUT", f"{path}/status", json={"status": "SHIPPED"})
            assert answer.is_success or answer.json()["code"] == "invalid_transition", answer.text
            memory.status = "SHIPPED"
        elif memory.payment_status == "PAID" and chance < 0.6:
            assert payment_id is not None
            await self._refund(path, payment_id, part=chance < 0.4)

    async def _refund(self, path: str, payment_id: str, *, part: bool) -> None:
        memory, whole = self.memory, self.random.random() < 0.5
        if part:
            memory.given_back, memory.payment_status = memory.total // 3, "PARTIALLY_REFUNDED"
        else:
            memory.given_back, memory.status, memory.payment_status = memory.total, "CANCELLED", "REFUNDED"
        if whole and not part:
            await self._cancel(path)
            return
        body = {"reason": "damaged"} | ({"amount": str(memory.given_back)} if part else {})
        refund = f"/v1/crm/payments/{payment_id}/refund"
        await self.street.done("POST", refund, key=f"refund-{self.number}", json=body)


async def all_at_once(shoppers: Sequence[Shopper], visit: Callable[[Shopper], Any], *, together: int) -> None:
    """At most `together` of them are in the shop at a time."""
    room = asyncio.Semaphore(together)

    async def one(shopper: Shopper) -> None:
        async with room:
            await visit(shopper)

    await asyncio.gather(*(one(shopper) for shopper in shoppers))
