"""Orders over HTTP: what cannot be is refused with what a program needs to know, and changes nothing."""

from typing import Any

from tests.integration.orders.counter import NOBODY, Counter, rupiah


async def test_refusals_say_what_a_program_needs(counter: Counter) -> None:
    await counter.offer(stock=1)
    order = await counter.order({"sku": "GAYO", "quantity": 2})
    path = f"/v1/crm/orders/{order['id']}"
    short = (await counter.http.post(f"{path}/confirm")).json()
    assert (short["code"], short["status"]) == ("out_of_stock", 409)
    assert (short["lines"][0]["requested"], short["lines"][0]["available"]) == (2, 1)
    illegal = (await counter.http.put(f"{path}/status", json={"status": "SHIPPED"})).json()
    assert (illegal["code"], illegal["allowed"]) == ("invalid_transition", ["CONFIRMED", "CANCELLED"])
    empty = await counter.order()
    assert (await counter.http.post(f"/v1/crm/orders/{empty['id']}/confirm")).json()["code"] == "order_empty"
    await counter.http.post(f"{path}/cancel", json={"reason": "no"})
    late = await counter.http.post(f"{path}/items", json={"sku": "GAYO", "quantity": 1})
    assert (late.status_code, late.json()["code"]) == (409, "order_not_editable")
    cost = await counter.http.patch(path, json={"shipping_cost": 1})
    assert (cost.status_code, cost.json()["code"]) == (409, "order_not_editable")


async def test_a_price_that_changed_is_told_old_and_new(counter: Counter) -> None:
    product = await counter.offer(price=50_000)
    order = await counter.order({"sku": "GAYO", "quantity": 2})
    variant = f"/v1/crm/tenants/{counter.tenant_id}/products/{product['id']}/variants/{product['variants'][0]['id']}"
    assert (await counter.http.patch(variant, json={"price": 60_000})).status_code == 200
    refused = (await counter.http.post(f"/v1/crm/orders/{order['id']}/confirm")).json()
    assert (refused["code"], refused["old"], refused["new"]) == ("price_changed", rupiah(50_000), rupiah(60_000))
    assert (await counter.http.post(f"/v1/crm/orders/{order['id']}/confirm")).json()["total"] == rupiah(120_000)


WRONG_ITEMS: list[dict[str, Any]] = [
    {"sku": "GAYO", "quantity": 0},
    {"sku": "GAYO", "quantity": -1},
    {"sku": "GAYO", "quantity": 1000},
    {"sku": "GAYO", "quantity": 10**30},
    {"sku": "GAYO", "quantity": 1.5},
    {"sku": "GAYO", "quantity": "1"},
    {"sku": "GAYO", "quantity": True},
    {"sku": "GAYO", "quantity": None},
    {"sku": "GAYO"},
    {"quantity": 1},
    {"sku": "NOT-THERE", "quantity": 1},
    {"sku": "", "quantity": 1},
    {"sku": "x" * 101, "quantity": 1},
    {"sku": "G\x00", "quantity": 1},
    {"variant_id": NOBODY, "quantity": 1},
    {"variant_id": "not-an-id", "quantity": 1},
    {"variant_id": NOBODY, "sku": "GAYO", "quantity": 1},
    {"sku": "GAYO", "quantity": 1, "unit_price": 1},
]


async def test_a_wrong_item_is_refused_and_changes_nothing(counter: Counter) -> None:
    await counter.offer()
    order = await counter.order()
    customer_id = await counter.customer()
    for item in WRONG_ITEMS:
        added = await counter.http.post(f"/v1/crm/orders/{order['id']}/items", json=item)
        begun = await counter.http.post(counter.orders, json={"customer_id": customer_id, "items": [item]})
        assert (added.status_code, begun.status_code) == (422, 422), item
        assert added.json()["errors"], item
    assert (await counter.http.get(counter.orders)).json()["items"] == [order]


async def test_more_than_999_of_one_thing_is_refused_however_it_comes_together(counter: Counter) -> None:
    await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 999})
    more = await counter.http.post(f"/v1/crm/orders/{order['id']}/items", json={"sku": "GAYO", "quantity": 1})
    assert (more.status_code, more.json()["code"]) == (422, "invalid_quantity")
    assert (await counter.http.get(f"/v1/crm/orders/{order['id']}")).json() == order


async def test_an_order_comes_to_a_trillion_at_most(counter: Counter) -> None:
    await counter.offer("DEAR", price=10**12)
    body = {"customer_id": await counter.customer(), "items": [{"sku": "DEAR", "quantity": 2}]}
    answer = await counter.http.post(counter.orders, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "order_too_large")
    order = await counter.order({"sku": "DEAR", "quantity": 1})
    cost = await counter.http.patch(f"/v1/crm/orders/{order['id']}", json={"shipping_cost": 1})
    assert (cost.status_code, cost.json()["code"]) == (422, "order_too_large")


WRONG_COSTS: list[Any] = [
    -1, 0.5, "15000.50", "1e5", "", "many", True, [], {"amount": "1", "currency": "USD"}, {}, 10**13, 1e300, "NaN"
]  # fmt: skip


async def test_a_wrong_shipping_cost_is_refused(counter: Counter) -> None:
    order = await counter.order()
    for cost in WRONG_COSTS:
        answer = await counter.http.patch(f"/v1/crm/orders/{order['id']}", json={"shipping_cost": cost})
        assert answer.status_code == 422, (cost, answer.text)
    assert (await counter.http.get(f"/v1/crm/orders/{order['id']}")).json() == order
