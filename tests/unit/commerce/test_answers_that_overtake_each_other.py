"""Several workers ask one provider about one payment, and their answers come back in any order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ai_platform.commerce.application.payment_work import Look, PaymentTransactions
from ai_platform.commerce.application.record_provider_state import RecordProviderState
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import PayLink, Payment
from ai_platform.kernel.money import Money

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
DUE = Money(150_000, "IDR")


class StillClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class Ledger:
    """What the order was told: the sum that it was paid with so far, less what was taken back."""

    paid: int = 0
    reversed: int = 0

    async def paid_(self, *_: UUID, **__: Any) -> bool:
        self.paid += 1
        return True

    async def reversed_(self, *_: UUID, **__: Any) -> None:
        self.reversed += 1

    async def nothing(self, *_: Any, **__: Any) -> None: ...


@dataclass
class OnePayment:
    """Implements as much of `PaymentTransactions` as recording needs, for one payment in memory."""

    stored: Payment
    ledger: Ledger = field(default_factory=Ledger)

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID) -> AsyncIterator[Any]:
        del tenant_id
        yield self

    @property
    def payments(self) -> Any:
        return self

    @property
    def schedule(self) -> Any:
        return self

    @property
    def orders(self) -> Any:
        return self

    async def get(self, payment_id: UUID) -> Payment:
        del payment_id
        return deepcopy(self.stored)

    async def of_order(self, order_id: UUID) -> list[Payment]:
        del order_id
        return [deepcopy(self.stored)]

    async def save(self, payment: Payment) -> None:
        payment.version += 1
        self.stored = deepcopy(payment)

    async def looked(self, payment_id: UUID, **_: Any) -> None:
        del payment_id

    async def paid(self, *_: UUID, **__: Any) -> bool:
        return await self.ledger.paid_()

    async def reversed(self, *_: UUID, **__: Any) -> None:
        await self.ledger.reversed_()

    async def payment_ended(self, *_: Any, **__: Any) -> None: ...

    async def refunded(self, *_: Any, **__: Any) -> None: ...


def opened() -> Payment:
    payment = Payment(
        id=uuid4(),
        tenant_id=uuid4(),
        order_id=uuid4(),
        provider="midtrans",
        attempt=1,
        reference="ORD-1-1",
        amount=DUE,
        expires_at=NOW + timedelta(hours=1),
        created_at=NOW,
        updated_at=NOW,
    )
    payment.open(PayLink(url="https://pay.example.test"), NOW)
    return payment


class AnswersInAnyOrder(RuleBasedStateMachine):
    """`hands` are questions that were asked: what was known when they were, and what the provider said."""

    def __init__(self) -> None:
        super().__init__()
        self.book = OnePayment(opened())
        self.record = RecordProviderState(cast("PaymentTransactions", self.book), StillClock())
        self.truth: Observation | None = None
        self.hands: list[tuple[Look, tuple[Observation, ...]]] = []
        self.was_paid = 0

    def _now(self, standing: Standing, refunded: int = 0) -> None:
        self.truth = Observation(transaction_id="t1", standing=standing, amount=DUE, refunded=refunded)

    @precondition(lambda self: self.truth is None)
    @rule()
    def the_customer_chooses(self) -> None:
        self._now(Standing.WAITING)

    @precondition(lambda self: self.truth is not None and self.truth.standing in (Standing.WAITING, Standing.EXPIRED))
    @rule()
    def the_customer_pays(self) -> None:
        """Also late."""
        self._now(Standing.PAID)

    @precondition(lambda self: self.truth is not None and self.truth.standing is Standing.WAITING)
    @rule()
    def its_time_is_over(self) -> None:
        self._now(Standing.EXPIRED)

    @precondition(lambda self: self.truth is not None and self.truth.standing is Standing.PAID)
    @rule(refunded=st.sampled_from([1, DUE.amount]))
    def money_goes_back(self, refunded: int) -> None:
        self._now(Standing.REFUNDED, refunded)

    @precondition(lambda self: self.truth is not None and self.truth.standing is Standing.PAID)
    @rule()
    def the_bank_takes_it_back(self) -> None:
        self._now(Standing.DENIED)

    @rule()
    def somebody_asks(self) -> None:
        look = Look(deepcopy(self.book.stored), NOW, called_off=False)
        self.hands.append((look, (self.truth,) if self.truth else ()))

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def an_answer_comes_back(self, data: st.DataObject) -> None:
        look, seen = self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1)))
        recorded = asyncio.run(self.record(look, seen))
        if recorded is None:
            self.somebody_asks()
            look, seen = self.hands.pop()
            assert asyncio.run(self.record(look, seen)) is not None

    @invariant()
    def whoever_asks_now_learns_the_truth(self) -> None:
        """A last question, with nobody in between: what is recorded is what the provider says, whatever came before."""
        book = OnePayment(deepcopy(self.book.stored))
        record = RecordProviderState(cast("PaymentTransactions", book), StillClock())
        look = Look(deepcopy(book.stored), NOW, called_off=False)
        found = asyncio.run(record(look, (self.truth,) if self.truth else ()))
        assert found is not None
        standing = self.truth.standing if self.truth else Standing.WAITING
        assert found.received == (DUE.amount if standing in (Standing.PAID, Standing.REFUNDED) else 0)
        assert found.refunded == (self.truth.refunded if self.truth else 0)
        assert (found.status is PaymentStatus.PENDING_PAYMENT) == (standing is Standing.WAITING)

    @invariant()
    def the_order_was_paid_once_and_no_more(self) -> None:
        told = self.book.ledger
        assert told.paid <= 1
        assert told.reversed <= told.paid
        has_money = self.book.stored.received > 0
        assert (told.paid - told.reversed == 1) == has_money


async def test_an_answer_from_before_the_reversal_does_not_pay_again() -> None:
    book = OnePayment(opened())
    record = RecordProviderState(cast("PaymentTransactions", book), StillClock())

    def asked(standing: Standing) -> tuple[Look, tuple[Observation, ...]]:
        look = Look(deepcopy(book.stored), NOW, called_off=False)
        return look, (Observation(transaction_id="t1", standing=standing, amount=DUE),)

    early = asked(Standing.PAID)
    assert await record(*asked(Standing.PAID)) is not None
    assert await record(*asked(Standing.DENIED)) is not None
    assert await record(*early) is None
    assert (book.stored.status, book.ledger.paid) == (PaymentStatus.FAILED, 1)


AnswersInAnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnswersInAnyOrder = AnswersInAnyOrder.TestCase
