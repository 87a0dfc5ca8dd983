"""API keys: shown once, kept as a hash, recognised as mistyped without a look-up.

`aip_` + 34 random characters of base62 (202 bits) + the CRC-32 of all that in 6 characters of base62.
A CRC finds every single wrong character and every swap of neighbours. The hash is plain SHA-256, for
there is nothing to guess about 202 random bits.
"""

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.principal import Role

PREFIX: Final = "aip_"
RANDOM_LENGTH: Final = 34
CHECK_LENGTH: Final = 6
KEY_NAME_MAX: Final = 255
_LENGTH: Final = len(PREFIX) + RANDOM_LENGTH + CHECK_LENGTH
_SHOWN: Final = len(PREFIX) + 6
_ALPHABET: Final = string.digits + string.ascii_letters


def new_key() -> str:
    """A key that nobody has."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_LENGTH))
    return body + _check(body)


def digest_of(key: str) -> bytes | None:
    """The hash under which a key is kept; None for a text that cannot be a key of ours."""
    if len(key) != _LENGTH or not key.isascii() or not key.startswith(PREFIX):
        return None
    body, check = key[:-CHECK_LENGTH], key[-CHECK_LENGTH:]
    if _check(body) != check or not body[len(PREFIX) :].isalnum():
        return None
    return hashlib.sha256(key.encode()).digest()


def prefix_of(key: str) -> str:
    """The beginning, by which a person tells keys apart; the rest of it keeps 166 bits."""
    return key[:_SHOWN]


def _check(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


@dataclass(eq=False, kw_only=True)
class ApiKey(Aggregate):
    """A revoked key stays revoked. `tenant_id` None: a platform key."""

    id: UUID
    tenant_id: UUID | None
    role: Role
    name: str
    prefix: str
    hash: bytes
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
