"""How words are compared when people search: as they sound in everyday Indonesian, and with a slip of the finger.

`itam` is hitam, `pake` is pakai, `baju2` are baju-baju. Two words are taken for one when few letters have to be
added, dropped, changed or swapped: one from four letters on, two from eight. Words with a number in them are codes
and sizes, which are not guessed.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Final

WORD_MAX: Final = 40
KEYED_LETTERS: Final = 8
"""Of a longer word, these first letters make its keys: enough to be found by, and few enough to be kept."""

_AROUND: Final = """
yang yg dan atau di ke dari untuk utk buat ada adakah apa apakah mau cari nyari beli jual stok ready kak kakak min gan
sis bang mas mbak dong donk sih ya yah nih kah saya aku the a an of for and or with do you have want i
"""
NOT_ASKED_FOR: Final = frozenset(_AROUND.split())
"""Words around what is asked for."""

_SEPARATED: Final = re.compile(r"[^\W_]+")
_DIGIT: Final = re.compile(r"\d")
_TWICE: Final = re.compile(r"([^\W\d_]{3,})2", re.UNICODE)
_SOUNDS: Final = (
    ("oe", "u"), ("dj", "j"), ("tj", "c"), ("ph", "f"), ("kh", "k"), ("sy", "s"), ("th", "t"), ("dh", "d"),
    ("ck", "k"), ("v", "f"), ("q", "k"), ("x", "ks"), ("z", "s"),
)  # fmt: skip
_ENDINGS: Final = (("ai", "e"), ("ay", "e"), ("ei", "e"), ("au", "o"), ("ou", "o"))
_REPEATED: Final = re.compile(r"(.)\1+")
_SILENT: Final = re.compile(r"^h(?=[aeiou])|(?<=[aeiou])h(?=[aeiou]|$)")


def words_of(said: str) -> list[str]:
    """Each word once, in order, as it is compared. A hyphenated one is also found written together."""
    found: dict[str, None] = {}
    for piece in _plain(said).split():
        parts = _SEPARATED.findall(piece)
        joined = ["".join(parts)] if 1 < len(parts) <= 3 and len(set(parts)) > 1 else []
        for part in (*parts, *joined):
            found[sound_of(part[:WORD_MAX])] = None
    return list(found)


def asked_words(said: str) -> list[str]:
    """The words of a question that say what is wanted; all of them, when none would be left."""
    kept = " ".join(word for word in _plain(said).split() if word.strip("?!.,") not in NOT_ASKED_FOR)
    parts = [part for piece in (kept.split() or _plain(said).split()) for part in _SEPARATED.findall(piece)]
    return list(dict.fromkeys(sound_of(part[:WORD_MAX]) for part in parts))


@lru_cache(maxsize=65_536)
def sound_of(word: str) -> str:
    """One spelling for all that sound alike; of a code, itself."""
    twice = _TWICE.fullmatch(word)
    if twice:
        word = twice[1]
    if is_code(word):
        return word
    if len(word) > 5:
        word = word.removesuffix("nya")
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    for written, heard in _ENDINGS:
        if word.endswith(written) and len(word) > len(written) + 1:
            word = word.removesuffix(written) + heard
    return _REPEATED.sub(r"\1", _SILENT.sub("", word)) or word


def is_code(word: str) -> bool:
    return _DIGIT.search(word) is not None


@lru_cache(maxsize=65_536)
def keys_of(word: str) -> frozenset[str]:
    """What is left of a word without some of its first letters: two words that are near have one in common."""
    slips = slips_of(word)
    head = word[:KEYED_LETTERS]
    found = {word}
    for dropped in range(slips + 1):
        for kept in combinations(head, len(head) - dropped):
            found.add("".join(kept))
    return frozenset(found)


def slips_of(word: str) -> int:
    """How many letters may be wrong."""
    if is_code(word) or len(word) < 3:
        return 0
    return 1 if len(word) < 8 else 2


def distance(one: str, other: str) -> int:
    """Letters to add, drop, change or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        older, before = before, row
        row = [at]
        for place, wanted in enumerate(other, 1):
            cost = min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != wanted))
            if at > 1 < place and letter == other[place - 2] and one[at - 2] == wanted:
                cost = min(cost, older[place - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest(word: str, known: Iterable[str], most: int) -> Sequence[tuple[str, int]]:
    """Known words that may be meant, with how far each is: itself 0, one that begins with it 1, a misspelling more."""
    found: dict[str, int] = {}
    for other in known:
        if other == word:
            found[other] = 0
        elif other.startswith(word) and len(word) >= 2:
            found[other] = 1
        elif not is_code(other) and (slips := distance(word, other)) <= min(slips_of(word), max(1, slips_of(other))):
            found[other] = 1 + slips
    return sorted(found.items(), key=lambda one: (one[1], abs(len(one[0]) - len(word)), one[0]))[:most]


def _plain(said: str) -> str:
    """Without case and accents."""
    if said.isascii():
        return said.lower()
    taken_apart = unicodedata.normalize("NFKD", said.casefold())
    return "".join(letter for letter in taken_apart if not unicodedata.combining(letter))
