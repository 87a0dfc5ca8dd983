"""Secrets at rest: AES-256-GCM under the keys of SECRETS_KEY, each bound to the place where it is kept."""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ai_platform.kernel.errors import Unavailable

_NONCE: Final = 12
_KEY: Final = 32


class SecretsKeyMissing(Unavailable):
    code = "secrets_key_missing"

    def __init__(self) -> None:
        super().__init__("SECRETS_KEY is not set, so no secret can be kept; tell the operator.", retry_after=60)


class KeyNotOurs(Exception):
    """What was sealed cannot be opened: its key is not among ours, or it was moved or altered."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """`key_id` names the key without telling anything about it."""

    box: bytes
    key_id: str


def new_secrets_key() -> str:
    """256 random bits, in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(_KEY)).decode()


class Keyring:
    """The first key seals, all of them open: so a key is replaced by putting the new one in front of it."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_id_of(key): AESGCM(key) for key in keys}

    @classmethod
    def parse(cls, words: str) -> Self:
        """Keys as `new_secrets_key` makes them, with commas between. Raises ValueError, which shows no key."""
        return cls([_key_of(one.strip()) for one in words.split(",") if one.strip()])

    @property
    def is_empty(self) -> bool:
        return not self._keys

    @property
    def key_ids(self) -> frozenset[str]:
        return frozenset(self._keys)

    def seal(self, plain: str, place: str) -> Sealed:
        """`place` says whose it is and what, e.g. a tenant and a field; elsewhere it does not open."""
        key_id, key = next(iter(self._keys.items()))
        nonce = os.urandom(_NONCE)
        return Sealed(nonce + key.encrypt(nonce, plain.encode(), place.encode()), key_id)

    def open(self, sealed: Sealed, place: str) -> str:
        """Raises KeyNotOurs."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise KeyNotOurs
        try:
            return key.decrypt(sealed.box[:_NONCE], sealed.box[_NONCE:], place.encode()).decode()
        except (InvalidTag, ValueError):
            raise KeyNotOurs from None


NO_KEYS: Final = Keyring(())


def _key_of(words: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(words.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if len(key) != _KEY:
        raise ValueError("a key is 32 bytes in URL-safe base64")
    return key


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"ai-platform key id:" + key).hexdigest()[:16]
