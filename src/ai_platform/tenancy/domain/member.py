"""People who sign in to the console."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role

EMAIL_MAX: Final = 254
MEMBER_NAME_MAX: Final = 255
PASSWORD_MIN: Final = 12
PASSWORD_MAX: Final = 200
_EMAIL: Final = re.compile(r"[^@\s\x00]+@[^@\s\x00]+\.[^@\s.\x00]+")


def email_of(words: str) -> str:
    """An address as it is kept: without blanks around it, in lower case. Raises InvalidInput."""
    email = words.strip().lower()
    if len(email) > EMAIL_MAX or not _EMAIL.fullmatch(email):
        raise InvalidInput(
            "This is no e-mail address.", violations=(Violation(("email",), "is no e-mail address", "invalid_email"),)
        )
    return email


@dataclass(eq=False, kw_only=True)
class Member(Aggregate):
    """An address belongs to one member of the whole installation. `tenant_id` None: the platform's own staff."""

    id: UUID
    tenant_id: UUID | None
    email: str
    name: str
    role: Role
    password_hash: str
    is_active: bool = True
    last_sign_in_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def change(self, at: datetime, *, name: str | None, role: Role | None, is_active: bool | None) -> tuple[str, ...]:
        """The names of the fields that are different now; None leaves a field as it is."""
        wanted = {"name": name, "role": role, "is_active": is_active}
        changed = {key: value for key, value in wanted.items() if value is not None and getattr(self, key) != value}
        for key, value in changed.items():
            setattr(self, key, value)
        if changed:
            self.updated_at = at
        return tuple(sorted(changed))

    def take_password(self, password_hash: str, at: datetime) -> None:
        self.password_hash, self.updated_at = password_hash, at

    def principal(self) -> Principal:
        """Whom a request of this member acts as."""
        return Principal(f"member:{self.id}", self.role, self.tenant_id or DEFAULT_TENANT)
