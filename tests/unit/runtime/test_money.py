"""Money is whole minor units, and what is no amount is refused."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ai_platform.kernel.money import AMOUNT_MAX, Money, NotMoney, SaidMoney, decimal_of, money_of, spoken
from ai_platform.runtime.money_fields import MoneySaid

SAID: TypeAdapter[SaidMoney] = TypeAdapter(MoneySaid)


@pytest.mark.parametrize(
    ("said", "currency", "amount"),
    [
        ("125000", "IDR", 125_000),
        (125_000, "IDR", 125_000),
        ("0", "IDR", 0),
        ("12.5", "USD", 1_250),
        ("12.50", "USD", 1_250),
        (Decimal("12.50"), "USD", 1_250),
        ("1.234", "KWD", 1_234),
        ("007", "USD", 700),
    ],
)
def test_what_is_written_is_understood(said: str | int | Decimal, currency: str, amount: int) -> None:
    assert money_of(said, currency) == Money(amount, currency)


@pytest.mark.parametrize(
    ("said", "currency"),
    [
        ("125000.5", "IDR"),
        ("125000.00", "IDR"),
        ("12.345", "USD"),
        ("-1", "IDR"),
        ("+1", "IDR"),
        ("1e5", "IDR"),
        ("1,000", "IDR"),
        ("1.", "USD"),
        (".5", "USD"),
        ("", "IDR"),
        (" 1", "IDR"),
        ("NaN", "IDR"),
        ("Infinity", "IDR"),
        (Decimal("NaN"), "IDR"),
        (True, "IDR"),
        ("١٢", "IDR"),
        (AMOUNT_MAX + 1, "IDR"),
        ("9" * 40, "IDR"),
    ],
)
def test_what_is_no_amount_is_refused(said: Any, currency: str) -> None:
    with pytest.raises(NotMoney):
        money_of(said, currency)


def test_a_provider_may_write_spare_zeros() -> None:
    assert money_of("125000.00", "IDR", spare_zeros=True) == Money(125_000, "IDR")
    with pytest.raises(NotMoney):
        money_of("125000.01", "IDR", spare_zeros=True)


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (150_000, "IDR", "Rp 150.000"),
        (0, "IDR", "Rp 0"),
        (AMOUNT_MAX, "IDR", "Rp 1.000.000.000.000"),
        (125_050, "USD", "USD 1,250.50"),
        (999, "JPY", "JPY 999"),
    ],
)
def test_people_read_amounts_as_their_currency_writes_them(amount: int, currency: str, said: str) -> None:
    assert spoken(Money(amount, currency)) == said


@given(st.integers(0, AMOUNT_MAX), st.sampled_from(["IDR", "USD", "KWD", "JPY"]))
def test_what_is_shown_is_understood_again(amount: int, currency: str) -> None:
    assert money_of(decimal_of(amount, currency), currency) == Money(amount, currency)


@given(st.text(max_size=20) | st.integers() | st.decimals(), st.sampled_from(["IDR", "USD"]))
def test_whatever_is_said_it_is_an_amount_or_refused(said: Any, currency: str) -> None:
    with suppress(NotMoney):
        assert 0 <= money_of(said, currency).amount <= AMOUNT_MAX


@pytest.mark.parametrize(
    ("body", "words"), [(125_000, "125000"), (125_000.0, "125000"), (12.5, "12.5"), ("12.50", "12.50")]
)
def test_a_body_may_say_money_as_a_number_or_in_words(body: Any, words: str) -> None:
    assert SAID.validate_python(body) == SaidMoney(words)
    assert SAID.validate_python({"amount": body, "currency": "USD"}) == SaidMoney(words, "USD")


@pytest.mark.parametrize(
    "body",
    [
        None,
        True,
        [],
        {},
        {"amount": None},
        {"amount": 1, "currency": 3},
        {"amount": 1, "currency": None},
        {"amount": 1, "x": 1},
        float("nan"),
    ],
)
def test_a_body_that_says_no_money_is_refused(body: Any) -> None:
    with pytest.raises(ValidationError):
        SAID.validate_python(body)


def test_another_currency_than_the_shops_is_refused_where_it_stood() -> None:
    with pytest.raises(NotMoney) as refused:
        SaidMoney("1", "USD").within("IDR", "variants", 0, "price")
    assert refused.value.violations[0].loc == ("variants", 0, "price")
