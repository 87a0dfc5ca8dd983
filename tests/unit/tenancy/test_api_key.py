"""Keys that were mistyped are recognised without asking anybody."""

import string

from hypothesis import given
from hypothesis import strategies as st

from ai_platform.tenancy.domain.api_key import digest_of, new_key, prefix_of

ALPHABET = string.digits + string.ascii_letters
KEYS = st.builds(new_key)
PLACES = st.integers(min_value=0, max_value=43)


@given(KEYS)
def test_a_new_key_is_one(key: str) -> None:
    assert len(key) == 44
    assert key.startswith("aip_")
    assert set(key[4:]) <= set(ALPHABET)
    assert digest_of(key) == digest_of(key)
    assert len(digest_of(key) or b"") == 32


def test_no_two_keys_are_the_same() -> None:
    keys = [new_key() for _ in range(1000)]
    assert len({digest_of(key) for key in keys}) == len({prefix_of(key) for key in keys}) == 1000


@given(KEYS, st.integers(min_value=0, max_value=43))
def test_a_truncated_key_is_none(key: str, length: int) -> None:
    assert digest_of(key[:length]) is None
    assert digest_of(key[44 - length :]) is None


@given(KEYS, PLACES, st.sampled_from(ALPHABET + "_-+/= "))
def test_a_key_with_one_wrong_character_is_none(key: str, place: int, wrong: str) -> None:
    altered = key[:place] + wrong + key[place + 1 :]
    assert (digest_of(altered) is None) == (altered != key)


@given(KEYS, st.integers(min_value=0, max_value=42))
def test_a_key_with_two_neighbours_swapped_is_none(key: str, place: int) -> None:
    altered = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
    assert (digest_of(altered) is None) == (altered != key)


@given(KEYS, PLACES, st.characters(min_codepoint=128))
def test_a_key_in_a_foreign_alphabet_is_none(key: str, place: int, foreign: str) -> None:
    assert digest_of(key[:place] + foreign + key[place + 1 :]) is None


@given(st.text(max_size=60))
def test_whatever_else_somebody_sends_is_none(words: str) -> None:
    assert digest_of(words) is None
    assert digest_of("aip_" + words) is None


@given(KEYS)
def test_a_key_with_something_around_it_is_none(key: str) -> None:
    assert [digest_of(words) for words in (f" {key}", f"{key} ", f"{key}\n", key.upper(), key + key)] == [None] * 5
