"""Which of the products that were found is meant rather than another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.commerce.domain.spelling import nearest

NOT_IN_NAME: Final = 4
"""What a word costs that a product has elsewhere than in its name: more than any misspelling of it."""

MEANINGS_MAX: Final = 8
"""As how many words one that was said is looked for."""

Meanings = tuple[tuple[tuple[str, int], ...], ...]
"""For each word that was said, those that may be meant, with how far each is from it."""


@dataclass(frozen=True, slots=True, order=True)
class Rank:
    """Smaller is better: how it was found, how far its words are from those said, what else its name says.

    The product's id makes the order total; the newer product, with the larger id, comes first.
    """

    found_by: int
    cost: int
    other_words: int
    newness: int

    @property
    def product_id(self) -> UUID:
        return UUID(int=-self.newness)


def rank(found_by: int, product_id: UUID, name_words: Sequence[str], meanings: Meanings) -> Rank:
    named = set(name_words)
    costs = [min((cost for word, cost in meant if word in named), default=NOT_IN_NAME) for meant in meanings]
    matched = sum(cost < NOT_IN_NAME for cost in costs)
    return Rank(found_by, sum(costs), len(named) - matched, -product_id.int)


def as_said(words: Sequence[str], known: Sequence[str]) -> Meanings:
    """A word that the catalogue has is meant as it was said; any other may be a misspelling."""
    found = [nearest(word, known, MEANINGS_MAX) for word in words]
    return tuple(
        _or_itself(word, [one for one in near if one[1] <= 1] if (word, 0) in near else near)
        for word, near in zip(words, found, strict=True)
    )


def as_perhaps_meant(words: Sequence[str], known: Sequence[str]) -> Meanings:
    """Every word may be a misspelling, even of one that is in the catalogue elsewhere."""
    return tuple(_or_itself(word, nearest(word, known, MEANINGS_MAX)) for word in words)


def _or_itself(word: str, near: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(near) or ((word, 0),)
