"""Somebody who buys, or asks."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from ai_platform.inbox.domain.errors import WrongField
from ai_platform.inbox.domain.phone import alias_of_chat, chat_of
from ai_platform.kernel.aggregate import Aggregate

CUSTOMER_NAME_MAX: Final = 255
EMAIL_MAX: Final = 254
TAGS_MAX: Final = 50
TAG_MAX: Final = 100
ADDRESS_LINE_MAX: Final = 500
CHAT_ID_MAX: Final = 255

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    street: str | None = None
    city: str | None = None
    province: str | None = None
    postal_code: str | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            if len(getattr(self, one.name) or "") > ADDRESS_LINE_MAX:
                raise WrongField("address", one.name, msg=f"must have at most {ADDRESS_LINE_MAX} characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChanges:
    """What is None stays as it is; an empty name or e-mail address is none. `phone_number` as E.164."""

    phone_number: str | None = None
    name: str | None = None
    email: str | None = None
    address: Address | None = None
    tags: tuple[str, ...] | None = None

    def named(self) -> dict[str, object]:
        stated = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in stated.items() if value is not None}


@dataclass(eq=False, kw_only=True)
class Customer(Aggregate):
    """Known by a phone number, by a chat, or by both; once erased, by nothing."""

    id: UUID
    tenant_id: UUID
    phone_number: str | None = None
    wa_chat_id: str | None = None
    name: str | None = None
    email: str | None = None
    address: Address | None = None
    tags: tuple[str, ...] = ()
    erased_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1
    aliases: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.phone_number is not None and self.wa_chat_id is None:
            self.wa_chat_id = chat_of(self.phone_number)
        self.aliases |= known_by(self.phone_number, self.wa_chat_id)
        self._check()

    def change(self, changes: CustomerChanges, at: datetime) -> None:
        """Raises WrongField. Under a former number the customer is still known."""
        for name, value in changes.named().items():
            setattr(self, name, value)
        if changes.phone_number is not None and (self.wa_chat_id is None or self.wa_chat_id.endswith("@c.us")):
            self.wa_chat_id = chat_of(changes.phone_number)
        self.name, self.email = (self.name or "").strip() or None, (self.email or "").strip() or None
        self.aliases |= known_by(self.phone_number, self.wa_chat_id)
        self._check()
        self.updated_at = at

    def is_also(self, aliases: Collection[str], at: datetime) -> None:
        """The same person, known by more than before."""
        if not self.aliases.issuperset(aliases):
            self.aliases |= set(aliases)
            numbers = sorted(one for one in aliases if one.startswith("+"))
            if self.phone_number is None and numbers:
                self.phone_number = numbers[0]
            self.updated_at = at

    def erase(self, at: datetime) -> None:
        """Who it was is forgotten; that somebody bought is not, for the books."""
        if self.erased_at is None:
            self.phone_number = self.wa_chat_id = self.name = self.email = self.address = None
            self.tags = ()
            self.aliases = set()
            self.erased_at = self.updated_at = at

    def _check(self) -> None:
        if len(self.name or "") > CUSTOMER_NAME_MAX:
            raise WrongField("name", msg=f"must have at most {CUSTOMER_NAME_MAX} characters")
        if self.email and (len(self.email) > EMAIL_MAX or _EMAIL.fullmatch(self.email) is None):
            raise WrongField("email", msg="must be an e-mail address")
        if len(self.tags) > TAGS_MAX or any(not 1 <= len(tag.strip()) <= TAG_MAX for tag in self.tags):
            raise WrongField("tags", msg=f"must be at most {TAGS_MAX}, of 1 to {TAG_MAX} characters")


def known_by(phone_number: str | None, wa_chat_id: str | None) -> set[str]:
    """The aliases of a number and of a chat, which may be one."""
    of_chat = {alias_of_chat(wa_chat_id)} if wa_chat_id else set()
    return of_chat | ({phone_number} if phone_number else set())
