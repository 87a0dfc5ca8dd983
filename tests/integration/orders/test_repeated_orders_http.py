"""Orders over HTTP: requests that come twice, and writers who have read too early."""

import asyncio

from tests.integration.orders.counter import NOBODY, Counter


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
