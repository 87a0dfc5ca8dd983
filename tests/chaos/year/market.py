"""The shops of the year: what they sell, through whom they are paid, and what the merchant does to shelf and prices."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.chaos.year.street import Json, Street
from tests.chaos.year.tills import DECIMALS, Till
from tests.twins.midtrans_books import SERVER_KEY
from tests.twins.xendit_server import CALLBACK_TOKEN, SECRET_KEY

CREDENTIALS: Final[dict[str, Json]] = {
    "midtrans": {"server_key": SERVER_KEY},
    "xendit": {"secret_key": SECRET_KEY, "callback_token": CALLBACK_TOKEN},
}


@dataclass
class Goods:
    """`stock`: all that was ever put on the shelf, less what the merchant took off again."""

    product_id: str
    variant_id: str
    sku: str
    price: int
    stock: int
    is_scarce: bool = False


@dataclass
class Market:
    """One tenant. `shelf` is sold to everybody; `oddities` are made for one shopper each."""

    street: Street
    till: Till
    currency: str
    tenant_id: str = ""
    customers: list[str] = field(default_factory=list)
    shelf: list[Goods] = field(default_factory=list)
    oddities: list[Goods] = field(default_factory=list)
    odd_product_id: str = ""
    delivered: int = 0

    @property
    def path(self) -> str:
        return f"/v1/crm/tenants/{self.tenant_id}"

    @property
    def plenty(self) -> Sequence[Goods]:
        return [one for one in self.shelf if not one.is_scarce]

    def words(self, amount: int) -> str:
        """As JSON has it."""
        if (decimals := DECIMALS[self.currency]) == 0:
            return str(amount)
        whole, part = divmod(amount, 10**decimals)
        return f"{whole}.{part:0{decimals}}"

    async def opens(self, number: int, orders: int) -> None:
        """`orders` are expected in its year: a third of the goods will not do for all of them."""
        self.delivered = 1 + orders // 120
        body = {"name": f"Toko {number}", "currency": self.currency, "payment_provider": self.till.name}
        paid = {"payment_config": CREDENTIALS[self.till.name]}
        self.tenant_id = (await self.street.done("POST", "/v1/crm/tenants", json=body | paid))["id"]
        random = Random(number)  # noqa: S311 - any prices will do
        for one in range(9):
            scarce, price = one % 3 == 0, random.randrange(5_000, 250_000, 1 if self.currency == "MYR" else 500)
            stock = 2 + orders // 40 if scarce else orders * 10
            self.shelf.append(await self._product(f"S{number}-{one}", price, stock, is_scarce=scarce))
        self.odd_product_id = (await self._product(f"S{number}-odd", 10_000, 0)).product_id
        for one in range(12):
            body = {"phone_number": f"+62812{number:03}{one:05}", "name": f"Sri {one}"}
            self.customers.append((await self.street.done("POST", f"{self.path}/customers", json=body))["id"])

    async def oddity(self, name: str, price: int, stock: int) -> Goods:
        path = f"{self.path}/products/{self.odd_product_id}/variants"
        body = {"sku": name, "name": name, "price": self.words(price), "stock": stock}
        variant = await self.street.done("POST", path, key=f"odd-{name}", json=body)
        self.oddities.append(Goods(self.odd_product_id, variant["id"], name, price, stock))
        return self.oddities[-1]

    async def reprice(self, goods: Goods, price: int) -> None:
        path = f"{self.path}/products/{goods.product_id}/variants/{goods.variant_id}"
        await self.street.done("PATCH", path, json={"price": self.words(price)})
        goods.price = price

    async def is_delivered(self, month: int) -> None:
        """Of what is scarce, some more."""
        for one in self.shelf:
            if one.is_scarce:
                await self.move(one, self.delivered, f"delivery-{month}-{one.sku}")

    async def move(self, goods: Goods, delta: int, key: str) -> None:
        """A delivery, or what broke in the shop."""
        path = f"{self.path}/products/{goods.product_id}/variants/{goods.variant_id}/stock"
        await self.street.done("POST", path, key=key, json={"delta": delta, "reason": key})
        goods.stock += delta

    async def _product(self, sku: str, price: int, stock: int, *, is_scarce: bool = False) -> Goods:
        variant = {"sku": sku, "price": self.words(price), "stock": stock}
        body = {"name": f"Barang {sku}", "base_price": self.words(price), "variants": [variant]}
        product = await self.street.done("POST", f"{self.path}/products", json=body)
        return Goods(product["id"], product["variants"][0]["id"], sku, price, stock, is_scarce)
