"""Orders over HTTP: whose they are, who may work with them, and who may order."""

from tests.integration.orders.counter import NOBODY, Counter


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
