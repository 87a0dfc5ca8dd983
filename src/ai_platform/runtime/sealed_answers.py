"""First answers that tell a secret are kept sealed: clear ones would undo that keys and tokens are stored as hashes."""

import base64
import hmac
import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.kernel.once import Json, Once
from ai_platform.runtime import idempotency
from ai_platform.runtime.idempotency import IdempotencyKeyReused
from ai_platform.runtime.keyring import KeyNotOurs, Keyring, Sealed, SecretsKeyMissing

_UNTOLD = b"sealed"
"""Stands where a fingerprint is: what was asked may hold a password, whose plain hash could be guessed from."""


@dataclass(frozen=True, slots=True)
class SealedAnswers:
    """Implements the kernel's `Answers`. Both raise SecretsKeyMissing without a key."""

    connection: AsyncConnection
    tenant_id: UUID
    keyring: Keyring

    async def begin(self, once: Once) -> Json | None:
        answer: Json | None = await first(self.connection, self.keyring, self.tenant_id, once)
        return answer

    async def keep(self, once: Once, answer: Json) -> None:
        await keep(self.connection, self.keyring, self.tenant_id, once, dict(answer))


async def first(connection: AsyncConnection, keyring: Keyring, tenant_id: UUID, once: Once) -> Any:
    """What was kept under the key, any JSON; None makes the key ours until the transaction ends."""
    kept = await idempotency.begin(connection, tenant_id, replace(once, fingerprint=_UNTOLD))
    return None if kept is None else _opened(kept, keyring, tenant_id, once)


async def keep(connection: AsyncConnection, keyring: Keyring, tenant_id: UUID, once: Once, answer: Any) -> None:
    if keyring.is_empty:
        raise SecretsKeyMissing
    sealed = keyring.seal(json.dumps([once.fingerprint.hex(), answer]), _place(tenant_id, once))
    kept = {"sealed": base64.b64encode(sealed.box).decode(), "key_id": sealed.key_id}
    await idempotency.keep(connection, tenant_id, replace(once, fingerprint=_UNTOLD), kept)


def _opened(kept: Json, keyring: Keyring, tenant_id: UUID, once: Once) -> Any:
    try:
        sealed = Sealed(base64.b64decode(str(kept["sealed"])), str(kept["key_id"]))
        fingerprint, answer = json.loads(keyring.open(sealed, _place(tenant_id, once)))
    except KeyNotOurs:
        raise SecretsKeyMissing from None
    if not hmac.compare_digest(bytes.fromhex(fingerprint), once.fingerprint):
        raise IdempotencyKeyReused
    return answer


def _place(tenant_id: UUID, once: Once) -> str:
    return "\x00".join(("idempotency_keys", str(tenant_id), once.actor, once.path, once.key))
