"""A summary and its token over HTTP, also when it is asked for twice."""

import asyncio
from typing import Any

import httpx
from pydantic import SecretStr

from tests.integration.orders.counter import Counter, rupiah
from tests.integration.tenancy.conftest import Platform

KEY = {"Idempotency-Key": "summary-1"}
CONFIRM: dict[str, Any] = {"action": "confirm"}


async def test_a_summary_and_its_token_over_http(counter: Counter) -> None:
    await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 1})
    path = f"/v1/crm/orders/{order['id']}"
    summary = await counter.http.post(f"{path}/confirmation", json={"action": "confirm"})
    assert (summary.status_code, summary.json()["order"]["total"]) == (201, rupiah(50_000))
    wrong = await counter.http.post(f"{path}/confirm", json={"token": "cnf_made_up"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "confirmation_invalid")
    right = await counter.http.post(f"{path}/confirm", json={"token": summary.json()["token"]})
    assert right.json()["status"] == "CONFIRMED"


async def a_path(counter: Counter) -> str:
    await counter.offer()
    order = await counter.order({"sku": "GAYO", "quantity": 1})
    return f"/v1/crm/orders/{order['id']}"


async def summaries(counter: Counter) -> int:
    ((found,),) = await counter.platform.rows("SELECT count(*) FROM order_confirmations")
    return int(found)


async def test_asked_twice_under_one_key_there_is_one_token(counter: Counter) -> None:
    path = await a_path(counter)
    first, again = [await counter.http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY) for _ in range(2)]
    assert (again.status_code, again.json()) == (201, first.json())
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert await summaries(counter) == 1
    token = {"token": again.json()["token"]}
    codes = [(await counter.http.post(f"{path}/confirm", json=token)).status_code for _ in range(2)]
    assert codes == [200, 409]
    late = await counter.http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)
    assert late.json() == first.json()


async def test_twins_get_one_token_between_them(counter: Counter) -> None:
    path = await a_path(counter)

    async def ask() -> httpx.Response:
        return await counter.http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)

    answers = await asyncio.gather(*(ask() for _ in range(6)))
    told = {one.json()["token"] for one in answers if one.status_code == 201}
    refused = {one.json()["code"] for one in answers if one.status_code != 201}
    assert (len(told), await summaries(counter)) == (1, 1)
    assert refused <= {"idempotency_in_progress"}


async def test_under_one_key_another_summary_is_refused(counter: Counter) -> None:
    path = await a_path(counter)
    await counter.http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)
    other = await counter.http.post(f"{path}/confirmation", json={"action": "cancel"}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await summaries(counter) == 1


async def test_a_refused_summary_leaves_the_key_for_another_try(counter: Counter) -> None:
    await counter.offer(stock=1)
    path = f"/v1/crm/orders/{(await counter.order({'sku': 'GAYO', 'quantity': 2}))['id']}"
    short = await counter.http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)
    assert short.json()["code"] == "out_of_stock"
    await counter.platform.rows("WITH more AS (UPDATE product_variants SET stock = 5 RETURNING 1) SELECT 1 FROM more")
    assert (await counter.http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)).status_code == 201


async def test_the_token_is_kept_nowhere_in_clear(counter: Counter) -> None:
    path = await a_path(counter)
    token = (await counter.http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)).json()["token"]
    kept = await counter.platform.rows(
        "SELECT to_jsonb(idempotency_keys)::text FROM idempotency_keys WHERE path LIKE '%confirmation' "
        "UNION ALL SELECT to_jsonb(order_confirmations)::text FROM order_confirmations"
    )
    assert len(kept) == 2
    assert all(token not in words for (words,) in kept)


async def test_a_colleague_with_the_same_key_is_given_a_token_of_his_own(counter: Counter) -> None:
    path = await a_path(counter)
    first = await counter.http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)
    agent = await counter.platform.key(counter.tenant_id)
    async with counter.platform.caller(agent) as colleague:
        other = await colleague.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)
    assert other.status_code == 201
    assert other.json()["token"] != first.json()["token"]


async def test_without_a_key_to_seal_with_no_summary_is_promised_twice(install: Platform) -> None:
    tenant = await (await install()).tenant()
    bare = await install(secrets_key=SecretStr(""))
    async with bare.caller(tenant["api_key"]) as http:
        counter = Counter(bare, tenant["id"], http)
        path = await a_path(counter)
        sealed = await http.post(f"{path}/confirmation", json=CONFIRM, headers=KEY)
        assert (sealed.status_code, sealed.json()["code"]) == (503, "secrets_key_missing")
        assert await summaries(counter) == 0
        assert (await http.post(f"{path}/confirmation", json=CONFIRM)).status_code == 201
