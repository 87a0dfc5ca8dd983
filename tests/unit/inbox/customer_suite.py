"""What the use cases of customers do, on whatever keeps their rows: the fakes and PostgreSQL pass the same suite."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from ai_platform.inbox.application.change_customer import ChangeCustomer
from ai_platform.inbox.application.create_customer import CreateCustomer
from ai_platform.inbox.application.erase_customer import EraseCustomer
from ai_platform.inbox.application.know_customer import know_customer
from ai_platform.inbox.application.ports import CustomerReads, CustomerWork
from ai_platform.inbox.application.queries import GetCustomer, ListCustomers
from ai_platform.inbox.application.views import CustomerView, CustomerViews
from ai_platform.inbox.application.whose_customer import WhoseCustomer
from ai_platform.inbox.domain.customer import Address, CustomerChanges
from ai_platform.inbox.domain.errors import CustomerNotFound, PhoneTaken
from ai_platform.kernel.access import RoleTooLow
from ai_platform.kernel.clock import SystemClock
from ai_platform.kernel.errors import PreconditionFailed
from ai_platform.kernel.once import Answer, Asking, Once
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.kernel.transactions import Transactions
from tests.unit.inbox.fake_customers import NothingBought
from tests.unit.memory import OneTenant

OWNER = Principal("owner", Role.OWNER, DEFAULT_TENANT)
AGENT = Principal("agent", Role.AGENT, DEFAULT_TENANT)
PLATFORM = Principal("platform", Role.PLATFORM, DEFAULT_TENANT)
STRANGER = Principal("owner", Role.OWNER, UUID(int=1))
BUDI, HIDDEN = "+6281234567890", "88@lid"
NOBODY_SAID = CustomerChanges()


@dataclass
class Counter:
    """The use cases over one store."""

    transactions: Transactions[CustomerWork]
    reads: CustomerReads

    def __post_init__(self) -> None:
        clock, views, whose = SystemClock(), CustomerViews(NothingBought(), OneTenant()), WhoseCustomer(self.reads)
        parts: dict[str, Any] = {"transactions": self.transactions, "whose": whose, "clock": clock}
        self.create = CreateCustomer(self.transactions, views, clock)
        self.change = ChangeCustomer(views=views, **parts)
        self.erase = EraseCustomer(**parts)
        self.get = GetCustomer(self.reads, views, whose)
        self.list_ = ListCustomers(self.reads, views)

    async def met(
        self, number: str = BUDI, details: CustomerChanges = NOBODY_SAID, once: Once | None = None
    ) -> tuple[UUID, bool]:
        asking: Asking[CustomerView] = Asking(lambda view: {"id": str(view.customer.id)}, once)
        found, is_new = await self.create(AGENT, DEFAULT_TENANT, number, details, asking)
        return (UUID(str(found.body["id"])) if isinstance(found, Answer) else found.customer.id), is_new

    async def known(self, *aliases: str) -> tuple[UUID, bool]:
        async with self.transactions(DEFAULT_TENANT) as work:
            customer, is_new = await know_customer(work.customers, SystemClock(), DEFAULT_TENANT, set(aliases))
            return customer.id, is_new

    async def listed(self) -> list[UUID]:
        found, _ = await self.list_(AGENT, DEFAULT_TENANT, None, before=None, limit=50)
        return [one.customer.id for one in found]


class CustomerSuite:
    async def test_a_customer_is_read_as_he_was_written_down(self, counter: Counter) -> None:
        home = Address(street="Jl. Melati 3", city="Bandung")
        details = CustomerChanges(name="Budi", email="budi@example.com", address=home, tags=("reseller",))
        customer_id, is_new = await counter.met("0812-3456-7890", details)
        customer = (await counter.get(AGENT, customer_id)).customer
        assert is_new
        assert (customer.phone_number, customer.wa_chat_id) == (BUDI, "6281234567890@c.us")
        assert (customer.name, customer.email, customer.address) == ("Budi", "budi@example.com", home)
        assert (customer.tags, customer.version) == (("reseller",), 1)

    async def test_a_known_number_is_the_customer_there_is(self, counter: Counter) -> None:
        first = await counter.met(details=CustomerChanges(name="Budi"))
        assert await counter.met("812 3456 7890", CustomerChanges(name="Somebody")) == (first[0], False)
        customer = (await counter.get(AGENT, first[0])).customer
        assert (customer.name, customer.version) == ("Budi", 1)

    async def test_the_same_key_again_is_the_same_answer(self, counter: Counter) -> None:
        once = Once(actor="agent", path="/customers", key="k", fingerprint=b"body")
        assert await counter.met(once=once) == await counter.met(once=once)

    async def test_parallel_first_messages_make_one_customer(self, counter: Counter) -> None:
        met = await asyncio.gather(*(counter.known(BUDI, HIDDEN) for _ in range(8)))
        assert len({customer_id for customer_id, _ in met}) == 1
        assert [is_new for _, is_new in met].count(True) == 1

    async def test_two_who_turn_out_to_be_one_are_the_older_from_then_on(self, counter: Counter) -> None:
        older, younger = sorted([(await counter.known(alias))[0] for alias in (BUDI, HIDDEN)])
        assert younger != older
        assert await counter.known(HIDDEN, BUDI) == (older, False)
        assert await counter.known(HIDDEN) == (older, False)
        assert (await counter.get(AGENT, younger)).customer.id == younger

    async def test_nobody_is_given_the_number_of_somebody_else(self, counter: Counter) -> None:
        await counter.met(BUDI)
        other, _ = await counter.met("+6281300000000")
        with pytest.raises(PhoneTaken):
            await counter.change(AGENT, other, CustomerChanges(phone_number="0812-3456-7890"))
        assert (await counter.get(AGENT, other)).customer.version == 1

    async def test_a_customer_is_still_known_by_a_former_number(self, counter: Counter) -> None:
        customer_id, _ = await counter.met(BUDI)
        await counter.change(AGENT, customer_id, CustomerChanges(phone_number="0813-1111-2222"))
        customer = (await counter.get(AGENT, customer_id)).customer
        assert (customer.phone_number, customer.version) == ("+6281311112222", 2)
        assert await counter.met(BUDI) == (customer_id, False)

    async def test_a_stale_change_changes_nothing(self, counter: Counter) -> None:
        customer_id, _ = await counter.met()
        await counter.change(AGENT, customer_id, CustomerChanges(name="Budi"), expected=frozenset({1}))
        with pytest.raises(PreconditionFailed):
            await counter.change(AGENT, customer_id, CustomerChanges(name="Late"), expected=frozenset({1}))
        assert (await counter.get(AGENT, customer_id)).customer.name == "Budi"

    async def test_an_erased_customer_is_not_there_and_who_writes_again_is_new(self, counter: Counter) -> None:
        customer_id, _ = await counter.met()
        with pytest.raises(RoleTooLow):
            await counter.erase(AGENT, customer_id)
        await counter.erase(OWNER, customer_id)
        for by in (OWNER, PLATFORM):
            with pytest.raises(CustomerNotFound):
                await counter.get(by, customer_id)
        assert await counter.listed() == []
        again, is_new = await counter.met()
        assert (again != customer_id, is_new) == (True, True)

    async def test_a_customer_is_his_tenants_and_the_platform_finds_him(self, counter: Counter) -> None:
        customer_id, _ = await counter.met()
        assert (await counter.get(PLATFORM, customer_id)).customer.id == customer_id
        for action in (counter.get(STRANGER, customer_id), counter.erase(STRANGER, customer_id)):
            with pytest.raises(CustomerNotFound):
                await action

    async def test_customers_are_listed_newest_first_a_page_at_a_time(self, counter: Counter) -> None:
        made = sorted([(await counter.met(f"+62812000000{number}"))[0] for number in range(3)], reverse=True)
        first, more = await counter.list_(AGENT, DEFAULT_TENANT, None, before=None, limit=2)
        rest, end = await counter.list_(AGENT, DEFAULT_TENANT, None, before=first[-1].customer.id, limit=2)
        assert ([one.customer.id for one in (*first, *rest)], more, end) == (made, True, False)
