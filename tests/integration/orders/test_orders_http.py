"""Orders over HTTP: shapes, refusals, roles, other people's orders, and requests that come twice."""

import asyncio
from typing import Any

from tests.integration.orders.counter import Counter, rupiah

NOBODY = "00000000-0000-7000-8000-00000000ffff"


async def test_an_order_is_told_with_its_lines_and_sums(counter: Counter) -> None:
    product = await counter.offer()
    order = await counter.order({"sku": "gayo", "quantity": 2}, notes="no sugar")
    [item] = order["items"]
    variant = product["variants"][0]
    assert (item["sku"], item["name"], item["quantity"]) == ("GAYO", "Kopi GAYO (250 g)", 2)
    assert (item["product_id"], item["variant_id"]) == (product["id"], variant["id"])
    assert (item["unit_price"], item["subtotal"]) == (rupiah(50_000), rupiah(100_000))
    assert (order["status"], order["payment_status"], order["payment"]) == ("PENDING", "PENDING", None)
    assert (order["subtotal"], order["shipping_cost"], order["total"]) == (rupiah(100_000), rupiah(0), rupiah(100_000))
    assert (order["item_count"], order["currency"], order["version"]) == (2, "IDR", 1)
    assert (order["notes"], order["shipping_address"], order["conversation_id"]) == ("no sugar", None, None)
    read = await counter.http.get(f"/v1/crm/orders/{order['id']}")
    assert (read.json(), read.headers["ETag"]) == (order, '"1"')


async def test_the_same_variant_twice_is_one_line_with_the_sum(counter: Counter) -> None:
    variant_id = (await counter.offer())["variants"][0]["id"]
    order = await counter.order({"sku": "GAYO", "quantity": 2}, {"variant_id": variant_id, "quantity": 3})
    assert [one["quantity"] for one in order["items"]] == [5]
    added = await counter.http.post(f"/v1/crm/orders/{order['id']}/items", json={"sku": "Gayo", "quantity": 1})
    assert (added.status_code, [one["quantity"] for one in added.json()["items"]]) == (201, [6])
    assert added.json()["items"][0]["id"] == order["items"][0]["id"]
    item = f"/v1/crm/orders/{order['id']}/items/{order['items'][0]['id']}"
    removed = await counter.http.delete(item)
    assert (removed.status_code, removed.json()["items"], removed.json()["total"]) == (200, [], rupiah(0))
    assert (await counter.http.delete(item)).status_code == 404


async def test_an_order_goes_its_way_to_the_door(counter: Counter) -> None:
    product = await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 2})
    path = f"/v1/crm/orders/{order['id']}"
    changed = await counter.http.patch(path, json={"shipping_cost": {"amount": "15000", "currency": "IDR"}})
    assert (changed.status_code, changed.json()["total"]) == (200, rupiah(115_000))
    address = {"street": "Jl. Braga 12", "city": "Bandung"}
    confirmed = await counter.http.post(f"{path}/confirm", json={"shipping_address": address})
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "CONFIRMED")
    assert confirmed.json()["shipping_address"] == {**address, "province": None, "postal_code": None, "country": None}
    shown = await counter.http.get(f"/v1/crm/tenants/{counter.tenant_id}/products/{product['id']}")
    assert {name: shown.json()["variants"][0][name] for name in ("stock", "reserved", "available")} == {
        "stock": 10,
        "reserved": 2,
        "available": 8,
    }
    for status in ("PROCESSING", "SHIPPED", "DELIVERED"):
        moved = await counter.http.put(f"{path}/status", json={"status": status})
        assert (moved.status_code, moved.json()["status"]) == (200, status)
    refused = await counter.http.put(f"{path}/status", json={"status": "CANCELLED"})
    assert (refused.status_code, refused.json()["code"], refused.json()["allowed"]) == (409, "invalid_transition", [])


async def test_confirming_needs_no_body(counter: Counter) -> None:
    await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 2})
    assert (await counter.http.post(f"/v1/crm/orders/{order['id']}/confirm")).json()["status"] == "CONFIRMED"
    cancelled = await counter.http.post(f"/v1/crm/orders/{order['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")


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


async def test_what_is_patched_and_what_is_not(counter: Counter) -> None:
    order = await counter.order(notes="one")
    path = f"/v1/crm/orders/{order['id']}"
    changed = (await counter.http.patch(path, json={"tracking_number": "JNE-1", "shipping_cost": 9000})).json()
    assert (changed["notes"], changed["tracking_number"], changed["version"]) == ("one", "JNE-1", 2)
    same = (await counter.http.patch(path, json={"tracking_number": "JNE-1"})).json()
    assert same == changed
    forgotten = (await counter.http.patch(path, json={"notes": None, "shipping_cost": None})).json()
    assert (forgotten["notes"], forgotten["shipping_cost"], forgotten["tracking_number"]) == (None, rupiah(0), "JNE-1")


async def test_if_match_keeps_a_stale_writer_out(counter: Counter) -> None:
    order = await counter.order()
    path = f"/v1/crm/orders/{order['id']}"
    stale = {"If-Match": '"7"'}
    assert (await counter.http.patch(path, json={"notes": "x"}, headers=stale)).status_code == 412
    assert (await counter.http.put(f"{path}/status", json={"status": "CONFIRMED"}, headers=stale)).status_code == 412
    assert (await counter.http.put(f"{path}/status", json={"status": "CANCELLED"}, headers=stale)).status_code == 412
    assert (await counter.http.delete(f"{path}/items/{NOBODY}", headers=stale)).status_code == 412
    good = await counter.http.patch(path, json={"notes": "x"}, headers={"If-Match": '"1"'})
    assert (good.status_code, good.headers["ETag"]) == (200, '"2"')


async def test_the_same_request_twice_makes_one_order_and_one_addition(counter: Counter) -> None:
    await counter.offer()
    body = {"customer_id": await counter.customer(), "items": [{"sku": "GAYO", "quantity": 1}]}
    key = {"Idempotency-Key": "k1"}
    first, *others = await asyncio.gather(
        *(counter.http.post(counter.orders, json=body, headers=key) for _ in range(4))
    )
    done = [one for one in (first, *others) if one.status_code == 201]
    assert {one.status_code for one in (first, *others)} <= {201, 409}
    again = await counter.http.post(counter.orders, json=body, headers=key)
    assert (again.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (201, done[0].json(), "true")
    assert len((await counter.http.get(counter.orders)).json()["items"]) == 1
    other = await counter.http.post(counter.orders, json={**body, "items": []}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    path = f"/v1/crm/orders/{again.json()['id']}/items"
    added = [await counter.http.post(path, json={"sku": "GAYO", "quantity": 2}, headers=key) for _ in range(2)]
    assert added[0].json() == added[1].json()
    assert (await counter.http.get(f"/v1/crm/orders/{again.json()['id']}")).json()["items"][0]["quantity"] == 3


async def test_a_customer_of_somebody_else_cannot_order_here(counter: Counter) -> None:
    other = await counter.platform.tenant("Toko Lain")
    for customer_id in (NOBODY, await Counter(counter.platform, other["id"], counter.http).customer()):
        answer = await counter.http.post(counter.orders, json={"customer_id": customer_id})
        assert (answer.status_code, answer.json()["code"]) == (422, "customer_not_found")
    assert (await counter.http.post(counter.orders, json={"customer_id": "nobody"})).status_code == 422


async def test_a_customer_who_was_erased_orders_no_more(counter: Counter) -> None:
    customer_id = await counter.customer()
    assert (await counter.http.delete(f"/v1/crm/customers/{customer_id}")).status_code == 204
    answer = await counter.http.post(counter.orders, json={"customer_id": str(customer_id)})
    assert (answer.status_code, answer.json()["code"]) == (422, "customer_not_found")


async def test_another_tenants_order_does_not_exist(counter: Counter) -> None:
    await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 1})
    path = f"/v1/crm/orders/{order['id']}"
    other = await counter.platform.tenant("Toko Lain")
    async with counter.platform.caller(other["api_key"]) as stranger:
        asked = [
            await stranger.get(path),
            await stranger.patch(path, json={"notes": "x"}),
            await stranger.put(f"{path}/status", json={"status": "CANCELLED"}),
            await stranger.post(f"{path}/items", json={"sku": "GAYO", "quantity": 1}),
            await stranger.delete(f"{path}/items/{order['items'][0]['id']}"),
            await stranger.post(f"{path}/confirm"),
            await stranger.post(f"{path}/cancel"),
            await stranger.post(f"{path}/confirmation", json={"action": "confirm"}),
            await stranger.get(counter.orders),
            await stranger.post(counter.orders, json={"customer_id": NOBODY}),
        ]
        assert [one.status_code for one in asked] == [404] * len(asked)
        mine = await stranger.post(
            f"/v1/crm/tenants/{other['id']}/orders",
            json={"customer_id": NOBODY, "items": [{"sku": "GAYO", "quantity": 1}]},
        )
        assert (mine.status_code, mine.json()["code"]) == (422, "variant_not_found")
    assert (await counter.http.get(path)).json() == order


async def test_an_agent_works_with_orders_and_the_platform_with_everybodys(counter: Counter) -> None:
    await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 1})
    async with counter.platform.caller(await counter.platform.key(counter.tenant_id)) as agent:
        assert (await agent.post(f"/v1/crm/orders/{order['id']}/confirm")).status_code == 200
    assert (await counter.platform.http.get(f"/v1/crm/orders/{order['id']}")).json()["status"] == "CONFIRMED"
    assert (await counter.platform.http.post(f"/v1/crm/orders/{order['id']}/cancel")).status_code == 200
    assert (await counter.platform.http.get(f"/v1/crm/orders/{NOBODY}")).status_code == 404
    assert (await counter.platform.http.get(f"/v1/crm/tenants/{NOBODY}/orders")).status_code == 404
    async with counter.platform.caller() as stranger:
        assert (await stranger.get(counter.orders)).status_code == 401


async def test_the_list_is_newest_first_page_by_page_and_can_be_narrowed(counter: Counter) -> None:
    made = [await counter.order() for _ in range(5)]
    await counter.http.post(f"/v1/crm/orders/{made[1]['id']}/cancel")
    first = (await counter.http.get(counter.orders, params={"limit": 3})).json()
    rest = (await counter.http.get(counter.orders, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [one["id"] for one in reversed(made)]
    assert rest["next_cursor"] is None
    narrowed = (await counter.http.get(counter.orders, params={"status": "CANCELLED"})).json()["items"]
    assert [one["id"] for one in narrowed] == [made[1]["id"]]
    theirs = (await counter.http.get(counter.orders, params={"customer_id": made[2]["customer_id"]})).json()["items"]
    assert [one["id"] for one in theirs] == [made[2]["id"]]
    for wrong in ({"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"status": "LOST"}, {"customer_id": "x"}):
        assert (await counter.http.get(counter.orders, params=wrong)).status_code == 422


async def test_orders_that_changed_are_counted(counter: Counter) -> None:
    await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 1})
    await counter.http.post(f"/v1/crm/orders/{order['id']}/confirm")
    counted = counter.platform.foundation.metrics.exposition().decode()
    assert 'orders_total{status="PENDING"} 1.0' in counted
    assert 'orders_total{status="CONFIRMED"} 1.0' in counted


async def test_who_names_a_version_confirms_and_cancels_what_he_has_read(counter: Counter) -> None:
    await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 1})
    at, read = f"/v1/crm/orders/{order['id']}", {"If-Match": f'"{order["version"]}"'}
    await counter.http.patch(at, json={"notes": "ring twice"})
    for step in ("confirm", "cancel"):
        answer = await counter.http.post(f"{at}/{step}", headers=read)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert (await counter.http.get(at)).json()["status"] == "PENDING"
    read = {"If-Match": (await counter.http.get(at)).headers["ETag"]}
    confirmed = await counter.http.post(f"{at}/confirm", headers=read)
    assert confirmed.json()["status"] == "CONFIRMED"
    cancelled = await counter.http.post(f"{at}/cancel", headers={"If-Match": confirmed.headers["ETag"]})
    assert cancelled.json()["status"] == "CANCELLED"
