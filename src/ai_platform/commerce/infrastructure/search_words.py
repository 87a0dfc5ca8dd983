"""What a product is found by, as PostgreSQL's full-text search keeps it.

A lexeme begins with a mark of its tenant, so that the index holds each tenant's words apart and a search costs what
its own catalogue costs; then `n` for a word of the name, `w` for one anywhere, `c` for the category as a whole.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import Wanted
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.spelling import is_code, keys_of, words_of

DESCRIPTION_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class SearchWords:
    """`vocabulary` are the words that can be misspelled: codes and sizes cannot."""

    name: str
    lexemes: str
    vocabulary: frozenset[str]


def search_words(product: Product) -> SearchWords:
    named = words_of(product.name)
    elsewhere = words_of(" ".join(_said_of_variants(product)))[:DESCRIPTION_WORDS]
    described = words_of(product.description[: DESCRIPTION_WORDS * 10])[:DESCRIPTION_WORDS]
    everywhere = dict.fromkeys([*named, *elsewhere, *described])
    mark = _mark(product.tenant_id)
    lexemes = [f"'{mark}n{word}'" for word in named] + [f"'{mark}w{word}'" for word in everywhere]
    if product.category:
        lexemes.append(_of_category(mark, product.category))
    return SearchWords(" ".join(named), " ".join(lexemes), frozenset(one for one in everywhere if not is_code(one)))


def query_of(tenant_id: UUID, wanted: Wanted, category: str | None) -> str:
    """As `tsquery` reads it; words are letters and digits alone, so nothing has to be escaped."""
    mark = _mark(tenant_id)
    place = "n" if wanted.in_name else "w"
    groups = ["(" + " | ".join(_lexeme(mark + place, word) for word, _ in meant) + ")" for meant in wanted.words]
    query = "(" + (" | " if wanted.any_word else " & ").join(groups) + ")"
    return query if category is None else f"{query} & {_of_category(mark, category)}"


def keys_by_word(words: Iterable[str]) -> list[dict[str, str]]:
    """Rows of `product_words`, in the order in which everybody writes them."""
    return [{"key": key, "word": word} for word, key in sorted((word, key) for word in words for key in keys_of(word))]


def _said_of_variants(product: Product) -> Sequence[str]:
    said = [product.category or ""]
    for one in product.offered:
        said += [one.name, one.sku, *(str(value) for value in one.attributes.values())]
    return said


def _lexeme(marked: str, word: str) -> str:
    """Of a size or a code, the beginning is enough: 250 finds 250g."""
    return f"'{marked}{word}'{':*' if is_code(word) else ''}"


def _of_category(mark: str, category: str) -> str:
    return f"'{mark}c{hashlib.sha256(category.encode()).hexdigest()[:16]}'"


def _mark(tenant_id: UUID) -> str:
    """The random end of the id. Two tenants may share it: rows are compared with the whole id as well."""
    return tenant_id.hex[-8:]
