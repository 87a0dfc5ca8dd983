"""Words are compared as they sound, and with a slip of the finger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.commerce.domain.spelling import asked_words, distance, keys_of, nearest, slips_of, sound_of, words_of

WORDS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x17F), min_size=1, max_size=14)
LETTERS = "abcdefghijklmnoprstuwy"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("itam", "hitam"),
        ("ijo", "hijau"),
        ("pake", "pakai"),
        ("pait", "pahit"),
        ("baju2", "baju"),
        ("soerabaja", "surabaja"),
        ("djeruk", "jeruk"),
        ("kopinya", "kopi"),
        ("anduk", "handuk"),
        ("zirup", "sirup"),
    ],
)
def test_what_sounds_alike_is_one_word(said: str, written: str) -> None:
    assert sound_of(said) == sound_of(written)


@pytest.mark.parametrize(
    ("one", "other", "letters"),
    [("gajo", "gayo", 1), ("kpoi", "kopi", 1), ("kemja", "kemeja", 1), ("abc", "abc", 0), ("", "abc", 3)],
)
def test_the_distance_counts_letters_and_swapped_neighbours(one: str, other: str, letters: int) -> None:
    assert distance(one, other) == distance(other, one) == letters


@given(st.text(LETTERS, min_size=3, max_size=14), st.data())
def test_a_word_with_a_slip_shares_a_key_with_the_word(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    slipped = data.draw(
        st.sampled_from(
            [
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place + 1 :],
                word[:place] + letter + word[place:],
            ]
        )
    )
    if slips_of(slipped) and slips_of(word):
        assert keys_of(word) & keys_of(slipped)
        assert nearest(slipped, [word], 1)


@given(st.lists(WORDS, max_size=8))
def test_words_are_letters_and_digits_and_stay_as_they_are_when_read_again(words: list[str]) -> None:
    found = words_of(" ".join(words))
    assert all(word and word.isalnum() and "'" not in word for word in found)
    assert len(set(found)) == len(found)


@given(WORDS)
def test_a_word_has_few_keys_and_itself_among_them(word: str) -> None:
    assert word in keys_of(word)
    assert len(keys_of(word)) <= 40


def test_a_question_is_reduced_to_what_is_wanted() -> None:
    assert asked_words("ada kopi gajo kak?") == ["kopi", "gajo"]
    assert asked_words("mau beli") == ["mau", "beli"]
    assert asked_words("?!") == []


def test_codes_are_not_guessed() -> None:
    assert nearest("250g", ["251g"], 5) == []
    assert [word for word, _ in nearest("kopi", ["kopi", "kopiah", "kapi", "teh"], 5)] == ["kopi", "kopiah", "kapi"]
