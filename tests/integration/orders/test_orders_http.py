"""Orders over HTTP: what they look like, what can be done with them, and how they are found again."""

from tests.integration.orders.counter import Counter, rupiah


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


async def test_what_is_patched_and_what_is_not(counter: Counter) -> None:
    order = await counter.order(notes="one")
    path = f"/v1/crm/orders/{order['id']}"
    changed = (await counter.http.patch(path, json={"tracking_number": "JNE-1", "shipping_cost": 9000})).json()
    assert (changed["notes"], changed["tracking_number"], changed["version"]) == ("one", "JNE-1", 2)
    same = (await counter.http.patch(path, json={"tracking_number": "JNE-1"})).json()
    assert same == changed
    forgotten = (await counter.http.patch(path, json={"notes": None, "shipping_cost": None})).json()
    assert (forgotten["notes"], forgotten["shipping_cost"], forgotten["tracking_number"]) == (None, rupiah(0), "JNE-1")


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
