"""Ids that sort by time, aggregates that remember, facts as primitives."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import RFC_4122, UUID

from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.errors import Conflict, PlatformError
from ai_platform.kernel.events import ContractEvent, DomainEvent
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.bus import Topic
from ai_platform.runtime.outbox import fact

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(DomainEvent):
    number: int


@dataclass(eq=False, kw_only=True)
class Order(Aggregate):
    number: int

    def place(self) -> None:
        self.record(OrderPlaced(occurred_at=NOON, number=self.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlacedV1(ContractEvent):
    topic: ClassVar[str] = "orders.placed.v1"

    order_id: UUID
    total: Decimal
    lines: int
    note: str | None = None


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    identity = new_id()
    after = time.time_ns() // 1_000_000
    assert (identity.version, identity.variant) == (7, RFC_4122)
    assert before <= identity.int >> 80 <= after


def test_ids_are_in_the_order_of_their_milliseconds_and_never_the_same() -> None:
    ids = [new_id() for _ in range(5_000)]
    assert len(set(ids)) == len(ids)
    milliseconds = [identity.int >> 80 for identity in ids]
    assert milliseconds == sorted(milliseconds)


def test_an_aggregate_hands_over_what_happened_once_and_in_order() -> None:
    order = Order(number=1)
    order.place()
    order.place()
    assert order.take_events() == (OrderPlaced(occurred_at=NOON, number=1),) * 2
    assert order.take_events() == ()


def test_an_aggregate_that_was_loaded_without_init_remembers_too() -> None:
    order = Order.__new__(Order)
    order.number = 7
    assert order.take_events() == ()
    order.place()
    assert order.take_events() == (OrderPlaced(occurred_at=NOON, number=7),)


def test_two_aggregates_do_not_share_their_events() -> None:
    first, second = Order(number=1), Order(number=2)
    first.place()
    assert second.take_events() == ()


def test_a_fact_travels_as_primitives_to_its_topic() -> None:
    order_id = new_id()
    event = OrderPlacedV1(
        tenant_id=DEFAULT_TENANT, occurred_at=NOON, order_id=order_id, total=Decimal("12.50"), lines=2
    )
    entry = fact(event, headers={"x-request-id": "abc"})
    assert (entry.to, entry.type, entry.due) == (Topic("orders.placed.v1"), "orders.placed.v1", None)
    assert entry.headers == {"x-request-id": "abc"}
    assert entry.body == {
        "tenant_id": str(DEFAULT_TENANT),
        "occurred_at": "2026-03-01T12:00:00+00:00",
        "order_id": str(order_id),
        "total": "12.50",
        "lines": 2,
        "note": None,
    }


def test_an_error_has_the_code_of_its_kind_unless_it_says_otherwise() -> None:
    assert PlatformError("no").stable_code == "internal_error"
    assert Conflict("no").stable_code == "conflict"
    assert Conflict("no", code="out_of_stock").stable_code == "out_of_stock"
    assert str(Conflict("Sold out.")) == Conflict("Sold out.").detail == "Sold out."
