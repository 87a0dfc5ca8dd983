"""Several workers ask one provider about one payment, and their answers come back in any order."""

import asyncio
from copy import deepcopy
from datetime import datetime
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ai_platform.commerce.application.payment_work import Look
from ai_platform.commerce.application.record_provider_state import RecordProviderState
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import PayLink, Payment
from tests.unit.commerce.fake_payments import FakePaymentTransactions, NoOrders
from tests.unit.commerce.till import DUE, NOW, a_payment


class StillClock:
    def now(self) -> datetime:
        return NOW


class Ledger(NoOrders):
    """What the order was told: how often it was paid, and how often that was taken back."""

    def __init__(self) -> None:
        self.was_paid = self.was_reversed = 0

    async def paid(self, *_: object, **__: object) -> bool:
        self.was_paid += 1
        return True

    async def reversed(self, *_: object, **__: object) -> None:
        self.was_reversed += 1


class Book:
    """One open payment, and the order that it pays."""

    def __init__(self, payment: Payment) -> None:
        self.ledger, self._id = Ledger(), payment.id
        self.transactions = FakePaymentTransactions(self.ledger)
        self.transactions.keep(payment)
        self.record = RecordProviderState(self.transactions, StillClock())

    @property
    def payment(self) -> Payment:
        return self.transactions.rows.payments[self._id]

    def look(self) -> Look:
        return Look(deepcopy(self.payment), NOW, called_off=False)


def opened() -> Payment:
    payment = a_payment(uuid4())
    payment.open(PayLink(url="https://pay.example.test"), NOW)
    return payment


class AnswersInAnyOrder(RuleBasedStateMachine):
    """`hands` are questions that were asked: what was known when they were, and what the provider said."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(opened())
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
        self.hands.append((self.book.look(), (self.truth,) if self.truth else ()))

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def an_answer_comes_back(self, data: st.DataObject) -> None:
        look, seen = self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1)))
        recorded = asyncio.run(self.book.record(look, seen))
        if recorded is None:
            self.somebody_asks()
            look, seen = self.hands.pop()
            assert asyncio.run(self.book.record(look, seen)) is not None

    @invariant()
    def whoever_asks_now_learns_the_truth(self) -> None:
        """A last question, with nobody in between: what is recorded is what the provider says, whatever came before."""
        book = Book(deepcopy(self.book.payment))
        found = asyncio.run(book.record(book.look(), (self.truth,) if self.truth else ()))
        assert found is not None
        standing = self.truth.standing if self.truth else Standing.WAITING
        assert found.received == (DUE.amount if standing in (Standing.PAID, Standing.REFUNDED) else 0)
        assert found.refunded == (self.truth.refunded if self.truth else 0)
        assert (found.status is PaymentStatus.PENDING_PAYMENT) == (standing is Standing.WAITING)

    @invariant()
    def the_order_was_paid_once_and_no_more(self) -> None:
        told = self.book.ledger
        assert told.was_paid <= 1
        assert told.was_reversed <= told.was_paid
        has_money = self.book.payment.received > 0
        assert (told.was_paid - told.was_reversed == 1) == has_money


async def test_an_answer_from_before_the_reversal_does_not_pay_again() -> None:
    book = Book(opened())

    def asked(standing: Standing) -> tuple[Look, tuple[Observation, ...]]:
        return book.look(), (Observation(transaction_id="t1", standing=standing, amount=DUE),)

    early = asked(Standing.PAID)
    assert await book.record(*asked(Standing.PAID)) is not None
    assert await book.record(*asked(Standing.DENIED)) is not None
    assert await book.record(*early) is None
    assert (book.payment.status, book.ledger.was_paid) == (PaymentStatus.FAILED, 1)


AnswersInAnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnswersInAnyOrder = AnswersInAnyOrder.TestCase
