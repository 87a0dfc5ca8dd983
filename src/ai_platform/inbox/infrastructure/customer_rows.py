"""Customers between rows and what they mean."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from ai_platform.inbox.domain.customer import Address, Customer

WORD_MAX: Final = 64
_WORDS: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"\+?[0-9][0-9\s()./\-]*")


def customers_of(rows: Iterable[Any], alias_rows: Iterable[Any]) -> list[Customer]:
    """In the order of `rows`."""
    aliases: defaultdict[UUID, set[str]] = defaultdict(set)
    for row in alias_rows:
        aliases[row.customer_id].add(row.alias)
    return [_customer_of(row, aliases[row.id]) for row in rows]


def _customer_of(row: Any, aliases: set[str]) -> Customer:
    return Customer(
        id=row.id,
        tenant_id=row.tenant_id,
        phone_number=row.phone_number,
        wa_chat_id=row.wa_chat_id,
        name=row.name,
        email=row.email,
        address=None if row.address is None else Address(**row.address),
        tags=tuple(row.tags),
        erased_at=row.erased_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        aliases=aliases,
    )


def customer_row(one: Customer) -> dict[str, Any]:
    return {
        "id": one.id,
        "tenant_id": one.tenant_id,
        "phone_number": one.phone_number,
        "wa_chat_id": one.wa_chat_id,
        "name": one.name,
        "email": one.email,
        "address": None if one.address is None else asdict(one.address),
        "tags": list(one.tags),
        "erased_at": one.erased_at,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "version": one.version,
    }


def looked_up_by(one: Customer) -> frozenset[str]:
    """The words whose beginnings find a customer: of the name, the e-mail address, and the number in both forms."""
    words = set(_words(one.name or ""))
    if one.email:
        words |= {_plain(one.email)[:WORD_MAX], *_words(one.email)}
    for number in (alias for alias in one.aliases if alias.startswith("+")):
        words |= {number[1:], "0" + number[3:]} if number.startswith("+62") else {number[1:]}
    return frozenset(words)


def asked_words(said: str) -> Sequence[str]:
    """Numbers without what people put between their digits; of the rest, each word."""
    plain = _plain(said)
    if _NUMBER.fullmatch(plain.strip()):
        return [re.sub(r"[^0-9]", "", plain)[:WORD_MAX]]
    return [one[:WORD_MAX] for piece in plain.split() for one in _asked(piece)]


def _asked(piece: str) -> Sequence[str]:
    if _NUMBER.fullmatch(piece):
        return [re.sub(r"[^0-9]", "", piece)]
    return [piece] if "@" in piece else _words(piece)


def _words(said: str) -> Sequence[str]:
    return [word[:WORD_MAX] for word in _WORDS.findall(_plain(said))]


def _plain(said: str) -> str:
    """Without case and accents."""
    taken_apart = unicodedata.normalize("NFKD", said.casefold())
    return "".join(letter for letter in taken_apart if not unicodedata.combining(letter))
