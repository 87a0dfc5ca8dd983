"""Customers: one person is one customer, whatever he is called by, and forgotten when he asks for it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from ai_platform.inbox.application.know_customer import know_customer
from ai_platform.inbox.domain.customer import Customer
from ai_platform.inbox.infrastructure.customers import CustomerTransactions
from ai_platform.kernel.clock import SystemClock
from tests.integration.commerce.conftest import OpenShop, Shop

BUDI: dict[str, Any] = {
    "phone_number": "0812-3456-7890",
    "name": "Budi Santoso",
    "email": "budi@example.com",
    "address": {"street": "Jl. Melati 3", "city": "Bandung"},
    "tags": ["reseller"],
}


def customers_of(shop: Shop) -> str:
    return f"/v1/crm/tenants/{shop.id}/customers"


async def meet(shop: Shop, **more: Any) -> dict[str, Any]:
    answer = await shop.http.post(customers_of(shop), json={**BUDI, **more})
    assert answer.status_code == 201, answer.text
    customer: dict[str, Any] = answer.json()
    return customer


async def test_a_customer_is_answered_as_he_was_written_down(shop: Shop) -> None:
    made = await meet(shop)
    assert made | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "tenant_id": str(shop.id),
        "phone_number": "+6281234567890",
        "wa_chat_id": "6281234567890@c.us",
        "name": "Budi Santoso",
        "email": "budi@example.com",
        "address": {
            "street": "Jl. Melati 3", "city": "Bandung", "province": None, "postal_code": None, "country": None
        },
        "tags": ["reseller"],
        "total_orders": 0,
        "total_spent": {"amount": "0", "currency": "IDR"},
        "created_at": "",
        "updated_at": "",
        "version": 1,
    }  # fmt: skip
    read = await shop.http.get(f"/v1/crm/customers/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')


@pytest.mark.parametrize("again", ["+62 812 3456 7890", "6281234567890", "81234567890", "+62 (0)812-3456-7890"])
async def test_one_number_is_one_customer_however_it_is_written(shop: Shop, again: str) -> None:
    made = await meet(shop)
    answer = await shop.http.post(customers_of(shop), json={"phone_number": again, "name": "Somebody"})
    assert (answer.status_code, answer.json()) == (200, made)


async def test_many_who_write_one_number_at_once_make_one_customer(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.http.post(customers_of(shop), json=BUDI) for _ in range(10)))
    assert sorted(one.status_code for one in answers) == [200] * 9 + [201]
    assert len({one.json()["id"] for one in answers}) == 1


async def test_the_same_request_twice_is_answered_twice_the_same(shop: Shop) -> None:
    first, again = [
        await shop.http.post(customers_of(shop), json=BUDI, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")


@pytest.mark.parametrize(
    "wrong",
    [
        {"phone_number": "hello"},
        {"phone_number": "12"},
        {"phone_number": "+62812345678901234"},
        {"phone_number": "0812\x00345678"},
        {"email": "budi"},
        {"name": "x" * 256},
        {"tags": [" "]},
        {"tags": ["x"] * 51},
        {"address": {"planet": "Mars"}},
        {"address": {"street": "x" * 501}},
        {"unknown": 1},
    ],
)
async def test_bad_input_is_refused_and_changes_nothing(shop: Shop, wrong: dict[str, Any]) -> None:
    answer = await shop.http.post(customers_of(shop), json={**BUDI, **wrong})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert await shop.rows("SELECT 1 FROM customers") == []


async def test_a_change_leaves_what_it_does_not_name(shop: Shop) -> None:
    made = await meet(shop)
    path = f"/v1/crm/customers/{made['id']}"
    changed = await shop.http.patch(path, json={"address": {"city": "Garut"}, "email": None})
    assert changed.status_code == 200
    assert changed.json()["address"]["street"] == "Jl. Melati 3"
    assert (changed.json()["address"]["city"], changed.json()["email"]) == ("Garut", None)
    assert (changed.json()["name"], changed.json()["version"]) == ("Budi Santoso", 2)
    late = await shop.http.patch(path, json={"name": "x"}, headers={"If-Match": '"1"'})
    assert late.status_code == 412


async def test_a_new_number_is_his_and_under_the_old_one_he_is_known_still(shop: Shop) -> None:
    made = await meet(shop)
    changed = await shop.http.patch(f"/v1/crm/customers/{made['id']}", json={"phone_number": "0899 1111 2222"})
    assert changed.json()["phone_number"] == "+6289911112222"
    assert changed.json()["wa_chat_id"] == "6289911112222@c.us"
    for number in ("089911112222", BUDI["phone_number"]):
        assert (await shop.http.post(customers_of(shop), json={"phone_number": number})).json()["id"] == made["id"]


async def test_nobody_gets_the_number_of_somebody_else(shop: Shop) -> None:
    await meet(shop)
    other = await meet(shop, phone_number="0899 1111 2222")
    answer = await shop.http.patch(f"/v1/crm/customers/{other['id']}", json={"phone_number": BUDI["phone_number"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "phone_taken")


async def test_customers_are_looked_up_by_the_beginnings_of_what_is_known(shop: Shop) -> None:
    await meet(shop)
    await meet(shop, phone_number="0899 1111 2222", name="Siti Aminah", email="siti@example.com")
    for said, names in {
        "budi": ["Budi Santoso"],
        "SANT": ["Budi Santoso"],
        "bud san": ["Budi Santoso"],
        "budi aminah": [],
        "0812-34": ["Budi Santoso"],
        "+62 812": ["Budi Santoso"],
        "siti@exa": ["Siti Aminah"],
        "%": [],
        "": ["Siti Aminah", "Budi Santoso"],
    }.items():
        items = (await shop.http.get(customers_of(shop), params={"q": said})).json()["items"]
        assert [one["name"] for one in items] == names, said


async def test_customers_are_listed_page_by_page(shop: Shop) -> None:
    for at in range(3):
        await meet(shop, phone_number=f"0812000000{at}", name=f"Nama {at}")
    first = (await shop.http.get(customers_of(shop), params={"limit": 2})).json()
    rest = (await shop.http.get(customers_of(shop), params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["Nama 2", "Nama 1", "Nama 0"]
    assert rest["next_cursor"] is None


async def test_who_is_erased_is_not_there_and_writes_as_somebody_new(shop: Shop) -> None:
    made = await meet(shop)
    path = f"/v1/crm/customers/{made['id']}"
    export = (await shop.http.get(f"{path}/export")).json()
    assert export == {"customer": made, "known_by": ["+6281234567890"]}
    async with shop.platform.caller(await shop.platform.key(str(shop.id))) as agent:
        assert (await agent.get(path)).status_code == 200
        assert (await agent.delete(path)).status_code == 403
    assert (await shop.http.delete(path)).status_code == 204
    for gone in (
        await shop.http.get(path),
        await shop.http.get(f"{path}/export"),
        await shop.http.patch(path, json={"name": "x"}),
        await shop.http.delete(path),
    ):
        assert (gone.status_code, gone.json()["code"]) == (404, "customer_not_found")
    kept = await shop.rows("SELECT phone_number, wa_chat_id, name, email, address, tags FROM customers")
    assert kept == [(None, None, None, None, None, [])]
    assert await shop.rows("SELECT 1 FROM customer_aliases UNION ALL SELECT 1 FROM customer_words") == []
    assert (await meet(shop))["id"] != made["id"]


async def test_another_tenants_customers_are_not_there(shop: Shop, open_shop: OpenShop) -> None:
    made = await meet(shop)
    other = await open_shop("Toko Lain")
    path = f"/v1/crm/customers/{made['id']}"
    assert (await other.http.get(path)).status_code == 404
    assert (await other.http.patch(path, json={"name": "x"})).status_code == 404
    assert (await other.http.delete(path)).status_code == 404
    assert (await other.http.get(customers_of(shop))).status_code == 404
    assert (await other.http.post(customers_of(shop), json=BUDI)).status_code == 404
    assert (await meet(other))["id"] != made["id"]
    assert (await shop.platform.http.get(path)).json()["id"] == made["id"]
    assert (await shop.platform.http.get(f"/v1/crm/customers/{uuid4()}")).status_code == 404
    for table in ("customers", "customer_aliases", "customer_words"):
        async with shop.platform.database.transaction(other.id) as connection:
            owners = set(await connection.scalars(text(f"SELECT tenant_id FROM {table}")))  # noqa: S608 - one of three
        assert owners == {other.id}


async def known(shop: Shop, *aliases: str) -> tuple[UUID, bool]:
    transactions = CustomerTransactions(shop.platform.database)
    async with transactions(shop.id) as work:
        customer: Customer
        customer, is_new = await know_customer(work.customers, SystemClock(), shop.id, set(aliases))
    return customer.id, is_new


async def test_first_messages_that_come_together_make_one_customer(shop: Shop) -> None:
    met = await asyncio.gather(*(known(shop, "123@lid", "+6281234567890") for _ in range(10)))
    assert len({one for one, _ in met}) == 1
    assert sum(is_new for _, is_new in met) == 1


async def test_a_hidden_id_and_a_number_are_kept_together(shop: Shop) -> None:
    first, _ = await known(shop, "123@lid")
    assert await known(shop, "123@lid", "+6281234567890") == (first, False)
    assert await known(shop, "+6281234567890") == (first, False)
    shown = (await shop.http.get(f"/v1/crm/customers/{first}")).json()
    assert shown["phone_number"] == "+6281234567890"


async def test_two_who_turn_out_to_be_one_are_the_older_from_now_on(shop: Shop) -> None:
    older, _ = await known(shop, "+6281234567890")
    await known(shop, "123@lid")
    assert await known(shop, "123@lid", "+6281234567890") == (older, False)
    assert await known(shop, "123@lid") == (older, False)
