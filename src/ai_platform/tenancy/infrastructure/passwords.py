"""Passwords as argon2id, with the parameters of RFC 9106 for machines with little memory."""

import asyncio
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

_AT_ONCE: Final = 4
"""Each takes 64 MiB and a core for a twentieth of a second."""


class Argon2Passwords:
    """Implements `ports.Passwords`."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = lru_cache(maxsize=1)(lambda: self._hasher.hash("nobody's password"))

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, _spoken(password))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        async with self._turn:
            right = await asyncio.to_thread(self._verify, password, password_hash)
        return right and password_hash is not None

    def _verify(self, password: str, password_hash: str | None) -> bool:
        try:
            return self._hasher.verify(password_hash or self._nobodys(), _spoken(password))
        except (VerificationError, InvalidHashError):
            return False


def _spoken(password: str) -> bytes:
    """Whatever JSON can hold has bytes, lone surrogates too."""
    return password.encode("utf-8", "surrogatepass")
