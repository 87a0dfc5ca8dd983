"""A phone number is one, however it is written."""

import pytest

from ai_platform.inbox.domain.errors import NotAPhoneNumber
from ai_platform.inbox.domain.phone import alias_of_chat, chat_of, phone_number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("081234567890", "+6281234567890"),
        ("81234567890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("+62 812-3456-7890", "+6281234567890"),
        ("0062 812 3456 7890", "+6281234567890"),
        ("+62 (0)812 3456 7890", "+6281234567890"),
        ("620812 3456 7890", "+6281234567890"),
        ("\u202a+62 812\u20113456\u20117890\u202c", "+6281234567890"),
        ("(021) 555-1234", "+62215551234"),
        ("+1 415 555 2671", "+14155552671"),
        ("+65 8123 4567", "+6581234567"),
    ],
)
def test_a_number_is_understood_in_indonesia(said: str, number: str) -> None:
    assert phone_number(said) == number
    assert phone_number(number) == number


def test_a_number_is_understood_of_the_shops_own_country() -> None:
    assert phone_number("012-345 6789", "60") == "+60123456789"
    assert phone_number("8123 4567", "65") == "+6581234567"
    assert phone_number("+6281234567890", None) == "+6281234567890"


@pytest.mark.parametrize(
    "said", ["", "0", "abc", "0812", "+", "++6281234567890", "+0812345678", "0812345678901234567", "٠٨١٢٣٤٥٦٧٨٩٠", "62"]
)
def test_what_is_no_number_is_refused(said: str) -> None:
    with pytest.raises(NotAPhoneNumber):
        phone_number(said)


def test_without_a_country_a_number_needs_its_code() -> None:
    with pytest.raises(NotAPhoneNumber):
        phone_number("081234567890", None)


def test_a_chat_is_known_by_its_number_or_its_hidden_id() -> None:
    assert alias_of_chat(chat_of("+6281234567890")) == "+6281234567890"
    assert alias_of_chat("6281234567890:12@s.whatsapp.net") == "+6281234567890"
    assert alias_of_chat("1234567890@lid") == "1234567890@lid"
