"""A year of three shops in a few minutes: orders, payments, cancellations and refunds in parallel, notices shuffled,
doubled, lost and forged, providers on bad days, and processes and services killed all the while. At its end every
total, every count and every payment is what the shoppers' own memory and the providers' books say, to the last rupiah.

`make year` lives a longer one: SHOP_LIFE_ORDERS says how many orders it has.
"""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Final

import httpx
import pytest

from tests.chaos.year.ledger import compare, customers, reports
from tests.chaos.year.lives import LIVES, Life, live
from tests.chaos.year.market import Market
from tests.chaos.year.mishaps import Mishaps
from tests.chaos.year.shopper import Shopper
from tests.chaos.year.street import Street
from tests.chaos.year.tills import Midtrans, Xendit
from tests.chaos.year.watch import Watch
from tests.e2e.programs import GatewayProcess
from tests.e2e.stage import KEY, Stage
from tests.http_clients import async_client
from tests.measured import MEASURED
from tests.services.stack import Services
from tests.twins.midtrans_server import MidtransTwin, midtrans_server
from tests.twins.xendit_server import XenditTwin, xendit_server

ORDERS: Final = int(os.environ.get("SHOP_LIFE_ORDERS", "600"))
WHERE: Final = (0, 0, 1, 0, 2)
"""To which shop the next five go."""
TOGETHER: Final = 28
ALIVE: Final = 120
"""Shoppers in the shops at a time, and those who wait for something besides."""
MOST: Final = 600
"""Orders among which all the world's mishaps happen: a year without them would prove little."""
EVERYTHING: Final = 1000
"""Orders among which each life is led by somebody; fewer may lack a rare one."""
HAPPENED: Final = ("repeated", "notices", "notices again", "notices lost", "forged notices", "sold out")
AMQP_READER: Final = "Cancelling cause reader exited abnormally"
"""What the AMQP library says of a broken connection, with a traceback, in a warning of its own."""


@pytest.fixture
def midtrans() -> Iterator[MidtransTwin]:
    with midtrans_server() as twin:
        yield twin


@pytest.fixture
def xendit() -> Iterator[XenditTwin]:
    with xendit_server() as twin:
        yield twin


@pytest.mark.timeout(300 + ORDERS)
def test_a_year_of_shop_life_adds_up_to_the_last_rupiah(
    stage: Stage, mortal: Services, midtrans: MidtransTwin, xendit: XenditTwin
) -> None:
    stage.forgiven = (AMQP_READER,)
    stage.variables |= {
        "MIDTRANS_SNAP_URL": midtrans.snap_url,
        "MIDTRANS_API_URL": midtrans.api_url,
        "XENDIT_API_URL": xendit.url,
        "PAYMENT_TIMEOUT_SECONDS": "3",
    }
    gateways = [stage.gateway().launch() for _ in range(2)]
    pairs = [(one, stage.agent().launch()) for one in gateways]
    mishaps = Mishaps(pairs, [midtrans.faults, xendit.faults])
    asyncio.run(a_year(stage, mortal, gateways, mishaps, (midtrans, xendit)))


async def a_year(
    stage: Stage,
    services: Services,
    gateways: Sequence[GatewayProcess],
    mishaps: Mishaps,
    twins: tuple[MidtransTwin, XenditTwin],
) -> None:
    await mishaps.revive()
    async with AsyncExitStack() as doors:
        headers, limits = {"Authorization": f"Bearer {KEY}"}, httpx.Limits(max_connections=None)
        made = [async_client(base_url=one.url, headers=headers, timeout=30, limits=limits) for one in gateways]
        street = Street([await doors.enter_async_context(one) for one in made])
        tills = ((Midtrans(twins[0]), "IDR"), (Xendit(twins[1], "IDR"), "IDR"), (Xendit(twins[1], "MYR"), "MYR"))
        markets = [Market(street, till, currency) for till, currency in tills]
        for number, market in enumerate(markets):
            await market.opens(number, ORDERS * WHERE.count(number) // len(WHERE))
        shoppers = await everybody_lives(stage, services, mishaps, markets)
        await customers(street, shoppers, markets, stage)
        await reports(street, shoppers)
    compare(stage, shoppers, markets)


async def everybody_lives(
    stage: Stage, services: Services, mishaps: Mishaps, markets: Sequence[Market]
) -> Sequence[Shopper]:
    since, watch, room = time.monotonic(), Watch(stage.database_url), asyncio.Semaphore(TOGETHER)
    whose = [markets[WHERE[number % len(WHERE)]] for number in range(ORDERS)]
    shoppers = [Shopper(number, market, watch, room) for number, market in enumerate(whose)]
    town = asyncio.Semaphore(ALIVE)

    async def lived(one: Shopper) -> Life:
        async with town:
            return await live(one)

    lives = [asyncio.create_task(lived(one)) for one in shoppers]
    year = asyncio.gather(*lives, seasons(services, mishaps, markets, lives))
    world = asyncio.gather(watch.run(), mishaps.deaths(), mishaps.bad_days())
    try:
        over, _ = await asyncio.wait((year, world), return_when=asyncio.FIRST_COMPLETED)
        over.pop().result()
    finally:
        year.cancel()
        world.cancel()
        await asyncio.gather(year, world, return_exceptions=True)
    await mishaps.are_over()
    tell(shoppers, mishaps, seconds=time.monotonic() - since)
    assert all(shoppers[0].street.told[one] for one in HAPPENED) or ORDERS < MOST
    assert {one.result() for one in lives} == set(LIVES) or ORDERS < EVERYTHING
    return shoppers


async def seasons(
    services: Services, mishaps: Mishaps, markets: Sequence[Market], lives: Sequence[asyncio.Task[Life]]
) -> None:
    """With each twelfth of the orders a month goes by: shelves are filled, and twice a service dies."""
    since = time.monotonic()
    for month in range(1, 13):
        while (over := sum(one.done() for one in lives)) < len(lives) * month // 13:  # noqa: ASYNC110 - lives end so
            await asyncio.sleep(0.2)
        sys.stderr.write(f"  month {month}: {over} of {len(lives)} orders, {time.monotonic() - since:.0f} s\n")
        if month == 4:
            await mishaps.dies("RabbitMQ", services.rabbitmq)
        if month == 8:
            await mishaps.dies("PostgreSQL", services.postgres)
        for market in markets:
            await market.is_delivered(month)


def tell(shoppers: Sequence[Shopper], mishaps: Mishaps, *, seconds: float) -> None:
    ends = Counter(f"{one.memory.status}/{one.memory.payment_status}" for one in shoppers)
    told = shoppers[0].street.told
    MEASURED.append(
        f"a year of shop life: {len(shoppers)} orders in {seconds:.0f} s; {dict(told)}; killed {dict(mishaps.told)}; "
        f"{dict(ends)}"
    )
