"""What becomes of an order in a year: each life from its first step to its end, as whoever lives it would tell it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tests.chaos.year.shopper import SentAway, Shopper
from tests.chaos.year.tills import Midtrans, Page, Xendit

Life = Callable[[Shopper], Awaitable[None]]


async def comes_in(me: Shopper, *, for_sure: bool = False) -> None:
    """With a full cart, confirmed; `for_sure` of what never runs out."""
    await me.puts_into_cart(me.market.plenty if for_sure else me.market.shelf)
    await me.confirms()


async def buys(me: Shopper, *, for_sure: bool = False) -> Page:
    await comes_in(me, for_sure=for_sure)
    page = await me.opens_page()
    await me.pays(page)
    return page


async def pays(me: Shopper) -> None:
    await buys(me)
    await me.until_known()


async def pays_and_is_served(me: Shopper) -> None:
    await pays(me)
    await me.is_sent("SHIPPED")
    if me.random.random() < 0.5:
        await me.is_sent("DELIVERED")
    await me.until_known()


async def gives_all_back(me: Shopper, page: Page) -> None:
    """Before it was sent: the money, the goods and the order."""
    if me.till.gives_back and me.random.random() < 0.5:
        await me.cancels()
        page.refunded, page.status = page.received, "REFUNDED"
    else:
        await me.gets_back(page, page.received - page.refunded)
    me.memory.status, me.memory.payment_status, me.memory.given_back = "CANCELLED", "REFUNDED", page.received
    await me.until_known()


async def pays_and_sends_back(me: Shopper) -> None:
    page = await buys(me)
    await me.until_known()
    await gives_all_back(me, page)


async def pays_and_gets_some_back(me: Shopper) -> None:
    page = await buys(me)
    await me.until_known()
    for _ in range(me.random.choice((1, 1, 2))):
        await me.gets_back(page, page.amount // 4)
        me.memory.payment_status, me.memory.given_back = "PARTIALLY_REFUNDED", page.refunded
        await me.until_known()
    if me.random.random() < 0.3:
        await gives_all_back(me, page)


async def walks_away(me: Shopper) -> None:
    """From a cart, or from what he had confirmed."""
    await me.puts_into_cart(me.market.shelf)
    if me.random.random() < 0.3:
        await me.confirms()
        await me.out_of_time()


async def cancels_before_paying(me: Shopper) -> None:
    """Now and then with the page open before him."""
    await comes_in(me)
    if me.random.random() < 0.3:
        page = await me.opens_page()
        page.status = me.memory.payment_status = me.till.called_off
    await me.cancels()
    await me.until_known()


async def never_pays(me: Shopper) -> None:
    await comes_in(me)
    await me.opens_page()
    await me.out_of_time()


async def comes_too_late_to_the_page(me: Shopper) -> None:
    await comes_in(me)
    await me.lets_expire(await me.opens_page())
    await me.until_known()
    await me.cancels()
    await me.until_known()


async def tries_again(me: Shopper) -> None:
    """A card is refused, or a page runs out; the next one is paid."""
    await comes_in(me)
    page = await me.opens_page()
    if isinstance(me.till, Midtrans):
        page.status = me.memory.payment_status = "FAILED"
        await me.hears(page, me.till.deny(page))
    else:
        await me.lets_expire(page)
    await me.until_known()
    await me.pays(await me.opens_page())
    await me.until_known()


async def pays_late(me: Shopper) -> None:
    """After the end of his order, whose goods are still there."""
    await comes_in(me, for_sure=True)
    page = await me.opens_page()
    await me.out_of_time()
    await me.pays(page)
    await me.until_known()


async def pays_too_late(me: Shopper) -> None:
    """The only ones of their kind broke in the meantime: the money goes back."""
    odd = await me.market.oddity(f"last-{me.number}", 80_000, 6)
    await me.puts_into_cart([odd])
    await me.confirms()
    page = await me.opens_page()
    await me.out_of_time()
    await me.market.move(odd, -odd.stock, f"broken-{me.number}")
    await me.pays(page)
    me.memory.status = "CANCELLED"
    await me.until_known()
    await me.gets_back(page, page.received)
    me.memory.payment_status, me.memory.given_back = "REFUNDED", page.received
    await me.until_known()


async def pays_twice(me: Shopper) -> None:
    """On a page that had run out, after he has paid on the next one."""
    await comes_in(me)
    first = await me.opens_page()
    await me.lets_expire(first)
    await me.until_known()
    await me.pays(await me.opens_page())
    await me.until_known()
    await me.pays(first)
    await me.until_known()
    await me.gets_back(first, first.received)
    await me.until_known()


async def takes_money_back(me: Shopper) -> None:
    """A settlement that is denied: the order stops, and a person has to look."""
    page = await buys(me)
    await me.until_known()
    assert isinstance(me.till, Midtrans)
    page.status, page.received, page.flags = "FAILED", 0, frozenset({"reversed"})
    me.memory.payment_status = "FAILED"
    await me.hears(page, me.till.deny(page))
    await me.until_known()


async def pays_less(me: Shopper) -> None:
    """Which pays nothing, and a person has to look."""
    await comes_in(me)
    page = await me.opens_page()
    assert isinstance(me.till, Xendit)
    await me.hears(page, me.till.pay_less(page))
    page.flags = frozenset({"amount_differs"})
    await me.out_of_time()


async def finds_another_price(me: Shopper) -> None:
    """Between cart and confirmation; he is told, agrees, and pays the new one."""
    odd = await me.market.oddity(f"odd-{me.number}", 50_000, 10)
    await me.puts_into_cart([odd])
    old, new = odd.price, me.random.choice((45_000, 61_700))
    await me.market.reprice(odd, new)
    await me.is_told(old, new)
    me.memory.total += (new - old) * me.memory.goods[odd.variant_id]
    await me.confirms()
    await me.pays(await me.opens_page())
    await me.until_known()


LIVES: Final[Mapping[Life, int]] = {
    pays: 360,
    walks_away: 190,
    cancels_before_paying: 130,
    pays_and_is_served: 90,
    pays_and_sends_back: 60,
    pays_and_gets_some_back: 30,
    never_pays: 30,
    comes_too_late_to_the_page: 25,
    tries_again: 20,
    finds_another_price: 20,
    pays_late: 20,
    pays_too_late: 10,
    pays_twice: 5,
    takes_money_back: 5,
    pays_less: 5,
}
"""Of a thousand shoppers, as far as their provider knows such a thing."""


async def live(me: Shopper) -> Life:
    """One of the lives, to its end."""
    life: Life = me.random.choices(list(LIVES), list(LIVES.values()))[0]
    if isinstance(me.till, Xendit) and life is takes_money_back:
        life = pays_less
    if isinstance(me.till, Midtrans) and life is pays_less:
        life = takes_money_back
    await me.comes_in()
    try:
        await life(me)
    except SentAway:
        me.street.told["sold out"] += 1
    finally:
        me.goes_out()
    return life
