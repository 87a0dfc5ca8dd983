"""A payment is what was observed of it, in whatever order."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.commerce.domain.observation import Observation, Source, Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.settlement import Flag, settle
from ai_platform.kernel.money import Money

DUE = Money(145_000, "IDR")


def seen(standing: Standing, **changes: Any) -> Observation:
    given: dict[str, Any] = {"transaction_id": "t1", "amount": DUE, **changes}
    return Observation(standing=standing, **given)


def status_of(*observations: Observation) -> PaymentStatus | None:
    return settle(observations, DUE).status


def test_nothing_observed_decides_nothing() -> None:
    assert status_of() is None


def test_a_settlement_before_its_pending_is_paid() -> None:
    assert status_of(seen(Standing.PAID), seen(Standing.WAITING)) is PaymentStatus.PAID


@pytest.mark.parametrize("end", [Standing.EXPIRED, Standing.CANCELLED, Standing.FAILED])
def test_no_end_overrides_money_and_money_overrides_every_end(end: Standing) -> None:
    for both in permutations([seen(Standing.PAID), seen(end)]):
        assert status_of(*both) is PaymentStatus.PAID


def test_a_denial_after_the_settlement_takes_it_back() -> None:
    reversal = settle([seen(Standing.PAID), seen(Standing.DENIED)], DUE)
    assert (reversal.status, reversal.received) == (PaymentStatus.FAILED, 0)
    assert reversal.flags == {Flag.REVERSED}


def test_a_denial_before_the_settlement_is_a_failed_try() -> None:
    assert status_of(seen(Standing.DENIED), seen(Standing.PAID)) is PaymentStatus.PAID


def test_an_expired_attempt_may_be_paid_by_another_transaction() -> None:
    assert status_of(seen(Standing.EXPIRED), seen(Standing.PAID, transaction_id="t2")) is PaymentStatus.PAID


@pytest.mark.parametrize("amount", [Money(144_999, "IDR"), Money(145_001, "IDR"), Money(145_000, "USD"), None])
def test_money_of_another_amount_or_currency_pays_nothing(amount: Money | None) -> None:
    found = settle([seen(Standing.PAID, amount=amount)], DUE)
    assert (found.status, found.received, found.flags) == (None, 0, frozenset({Flag.AMOUNT_DIFFERS}))


def test_a_wrong_amount_stands_in_no_right_ones_way() -> None:
    found = settle([seen(Standing.PAID, amount=Money(1, "IDR")), seen(Standing.PAID)], DUE)
    assert (found.status, found.flags) == (PaymentStatus.PAID, frozenset({Flag.AMOUNT_DIFFERS}))


@pytest.mark.parametrize(
    ("refunded", "status"), [(45_000, PaymentStatus.PARTIALLY_REFUNDED), (145_000, PaymentStatus.REFUNDED)]
)
def test_a_refund_is_part_or_all_of_it(refunded: int, status: PaymentStatus) -> None:
    for both in permutations([seen(Standing.PAID), seen(Standing.REFUNDED, refunded=refunded)]):
        found = settle(both, DUE)
        assert (found.status, found.refunded, found.received) == (status, refunded, 145_000)


def test_what_was_given_back_by_hand_counts() -> None:
    by_hand = Observation(transaction_id="R1", standing=Standing.REFUNDED, source=Source.HAND, refunded=145_000)
    assert status_of(seen(Standing.PAID), by_hand) is PaymentStatus.REFUNDED


def test_two_paid_transactions_are_twice_the_money() -> None:
    found = settle([seen(Standing.PAID), seen(Standing.PAID, transaction_id="t2")], DUE)
    assert (found.status, found.received, found.flags) == (PaymentStatus.PAID, 290_000, frozenset({Flag.PAID_TWICE}))


NEWS = st.one_of(
    st.builds(
        seen,
        st.sampled_from([Standing.WAITING, Standing.PAID, Standing.EXPIRED, Standing.CANCELLED, Standing.FAILED]),
        transaction_id=st.sampled_from(["t1", "t2"]),
        amount=st.sampled_from([DUE, DUE, Money(5, "IDR")]),
    ),
    st.builds(
        seen,
        st.just(Standing.REFUNDED),
        transaction_id=st.sampled_from(["t1", "t2"]),
        refunded=st.sampled_from([1, 145_000]),
    ),
)
ANY = st.lists(NEWS, max_size=6)


@given(ANY, st.randoms(use_true_random=False))
def test_without_a_reversal_the_order_of_the_news_is_nothing(news: list[Observation], chance: Any) -> None:
    shuffled = list(news)
    chance.shuffle(shuffled)
    one, other = settle(news, DUE), settle(shuffled, DUE)
    assert (one.status, one.received, one.refunded) == (other.status, other.received, other.refunded)


@given(ANY)
def test_hearing_it_twice_changes_nothing(news: list[Observation]) -> None:
    once, twice = settle(news, DUE), settle([*news, *news], DUE)
    assert (once, once.flags) == (twice, twice.flags)


@given(ANY)
def test_no_more_is_received_than_right_transactions_paid(news: list[Observation]) -> None:
    right = {one.transaction_id for one in news if one.amount == DUE}
    assert settle(news, DUE).received <= DUE.amount * len(right)


def test_what_the_provider_cancels_after_it_was_paid_is_flagged() -> None:
    found = settle([seen(Standing.PAID), seen(Standing.CANCELLED)], DUE)
    assert (found.status, found.flags) == (PaymentStatus.PAID, frozenset({Flag.REVERSED}))
    assert settle([seen(Standing.CANCELLED), seen(Standing.PAID)], DUE).flags == frozenset()
    ours = seen(Standing.CANCELLED, source=Source.SHOP)
    assert settle([seen(Standing.PAID), ours], DUE).flags == frozenset()
