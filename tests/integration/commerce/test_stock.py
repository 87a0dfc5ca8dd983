"""Stock is the sum of its moves, and what is reserved stays on the shelf."""

import asyncio

from tests.integration.commerce.conftest import Shop


async def test_stock_is_the_sum_of_its_moves_however_many_move_it(shop: Shop) -> None:
    made = await shop.offer(variants=[{"sku": "K", "stock": 10}])
    path = f"{shop.products}/{made['id']}/variants/{made['variants'][0]['id']}/stock"
    answers = await asyncio.gather(
        *(shop.http.post(path, json={"delta": delta, "reason": "count"}) for delta in [3, -2] * 10)
    )
    assert {one.status_code for one in answers} == {200}
    assert await shop.rows("SELECT stock, (SELECT sum(delta) FROM stock_moves) FROM product_variants") == [(20, 20)]
    reasons = await shop.rows("SELECT kind, reason, actor <> '' FROM stock_moves ORDER BY id")
    assert (reasons[0], set(reasons[1:])) == (("initial", "", True), {("adjusted", "count", True)})


async def test_what_is_reserved_cannot_be_taken_off_the_shelf(shop: Shop) -> None:
    made = await shop.offer(variants=[{"sku": "K", "stock": 10}])
    await shop.rows("UPDATE product_variants SET reserved = 4 RETURNING 1")
    path = f"{shop.products}/{made['id']}/variants/{made['variants'][0]['id']}/stock"
    for delta in (-7, -(10**9)):
        answer = await shop.http.post(path, json={"delta": delta})
        assert (answer.status_code, answer.json()["code"]) == (409, "stock_too_low")
    answer = await shop.http.post(path, json={"delta": -6})
    assert (answer.json()["stock"], answer.json()["reserved"], answer.json()["available"]) == (4, 4, 0)
    assert (await shop.http.post(path, json={"delta": 10**9})).status_code == 422
