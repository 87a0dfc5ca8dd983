"""One attempt to be paid, from the decision to the money."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from ai_platform.commerce.domain.observation import Observation, Source, Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import PayLink, Payment
from ai_platform.commerce.domain.payment_errors import NothingToRefund, PaymentNotOpen
from ai_platform.commerce.domain.settlement import Flag
from ai_platform.kernel.money import Money

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
LINK = PayLink(url="https://pay.example.test/x")


def a_payment(**changes: Any) -> Payment:
    given: dict[str, Any] = {
        "id": uuid4(),
        "tenant_id": uuid4(),
        "order_id": uuid4(),
        "provider": "midtrans",
        "attempt": 1,
        "reference": "ORD-1-1",
        "amount": Money(145_000, "IDR"),
        "expires_at": NOW + timedelta(hours=1),
        "created_at": NOW,
        "updated_at": NOW,
        **changes,
    }
    return Payment(**given)


def an_open_payment(**changes: Any) -> Payment:
    payment = a_payment(**changes)
    payment.open(LINK, NOW)
    return payment


def seen(standing: Standing, **changes: Any) -> list[Observation]:
    given: dict[str, Any] = {"transaction_id": "t1", "amount": Money(145_000, "IDR"), **changes}
    return [Observation(standing=standing, **given)]


def test_a_second_link_changes_nothing() -> None:
    payment = an_open_payment()
    payment.open(PayLink(url="https://pay.example.test/other"), NOW)
    assert (payment.status, payment.url) == (PaymentStatus.PENDING_PAYMENT, LINK.url)


def test_what_was_opened_is_not_refused() -> None:
    with pytest.raises(PaymentNotOpen):
        an_open_payment().refuse("no", NOW)


def test_a_second_notice_changes_nothing() -> None:
    payment = an_open_payment()
    assert payment.observe(seen(Standing.PAID), NOW).became_paid
    again = payment.observe(seen(Standing.PAID), NOW)
    assert not again.became_paid
    assert len(payment.observations) == 1


def test_money_after_the_end_is_recorded() -> None:
    payment = an_open_payment()
    assert payment.end(Standing.EXPIRED, Source.CLOCK, NOW).ended_unpaid
    change = payment.observe(seen(Standing.PAID), NOW)
    assert (change.before, change.after, change.received_more) == (
        PaymentStatus.EXPIRED,
        PaymentStatus.PAID,
        145_000,
    )


def test_a_page_that_is_still_open_does_not_revive_what_ended() -> None:
    payment = an_open_payment()
    payment.end(Standing.CANCELLED, Source.SHOP, NOW)
    payment.observe(seen(Standing.WAITING), NOW)
    assert payment.status is PaymentStatus.CANCELLED


def test_money_is_never_ended() -> None:
    payment = an_open_payment()
    payment.observe(seen(Standing.PAID), NOW)
    payment.end(Standing.EXPIRED, Source.CLOCK, NOW)
    assert payment.status is PaymentStatus.PAID


def test_a_reversal_is_told_as_one() -> None:
    payment = an_open_payment()
    payment.observe(seen(Standing.PAID), NOW)
    change = payment.observe(seen(Standing.DENIED), NOW)
    assert change.is_reversal
    assert (payment.status, payment.received) == (PaymentStatus.FAILED, 0)


def test_no_more_is_refunded_than_was_paid() -> None:
    payment = an_open_payment()
    payment.observe(seen(Standing.PAID), NOW)
    payment.refund_by_hand(45_000, "R1", NOW)
    assert payment.refundable == 100_000
    with pytest.raises(NothingToRefund):
        payment.refund_by_hand(100_001, "R2", NOW)
    assert payment.refund_by_hand(100_000, "R2", NOW).after is PaymentStatus.REFUNDED


def test_a_refund_settles_the_need_for_one() -> None:
    payment = an_open_payment()
    payment.observe(seen(Standing.PAID), NOW)
    payment.needs_refund(NOW)
    assert Flag.NEEDS_REFUND in payment.flags
    payment.observe(seen(Standing.REFUNDED, refunded=145_000), NOW)
    assert Flag.NEEDS_REFUND not in payment.flags


def test_the_customers_choice_at_the_page_is_remembered() -> None:
    payment = an_open_payment()
    payment.observe(seen(Standing.WAITING, method="bank_transfer", va_number="8123"), NOW)
    assert (payment.method, payment.va_number) == ("bank_transfer", "8123")


def test_what_a_person_has_looked_at_is_not_flagged_again_and_what_comes_after_is() -> None:
    payment, wrong = an_open_payment(), Money(1, "IDR")
    payment.observe(seen(Standing.PAID, amount=wrong, transaction_id="t1"), NOW)
    payment.review(NOW)
    payment.observe(seen(Standing.PAID, transaction_id="t2"), NOW)
    assert (payment.status, payment.flags) == (PaymentStatus.PAID, frozenset())
    payment.observe(seen(Standing.PAID, amount=wrong, transaction_id="t3"), NOW)
    assert payment.flags == {Flag.AMOUNT_DIFFERS}
