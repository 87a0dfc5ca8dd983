"""First answers in PostgreSQL, sealed: they tell keys and secrets that are told once."""

import base64
import hmac
import json
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.kernel.once import Once
from ai_platform.runtime import idempotency
from ai_platform.runtime.bus import Json
from ai_platform.runtime.idempotency import IdempotencyKeyReused
from ai_platform.runtime.keyring import KeyNotOurs, Keyring, Sealed
from ai_platform.tenancy.domain.errors import SecretsKeyMissing

_UNTOLD = b"sealed"
"""Stands where a fingerprint is: what was asked may hold a password, whose plain hash could be guessed from."""


@dataclass(frozen=True, slots=True)
class SqlAnswers:
    """Implements `ports.FirstAnswers`."""

    session: AsyncSession
    keyring: Keyring

    async def begin(self, tenant_id: UUID, once: Once) -> str | None:
        connection = await self.session.connection()
        kept = await idempotency.begin(connection, tenant_id, replace(once, fingerprint=_UNTOLD))
        return None if kept is None else self._opened(kept, tenant_id, once)

    async def keep(self, tenant_id: UUID, once: Once, words: str) -> None:
        if self.keyring.is_empty:
            raise SecretsKeyMissing
        sealed = self.keyring.seal(json.dumps([once.fingerprint.hex(), words]), _place(tenant_id, once))
        kept = {"sealed": base64.b64encode(sealed.box).decode(), "key_id": sealed.key_id}
        await self.session.flush()  # what it tells of is refused first, if at all
        connection = await self.session.connection()
        await idempotency.keep(connection, tenant_id, replace(once, fingerprint=_UNTOLD), kept)

    def _opened(self, kept: Json, tenant_id: UUID, once: Once) -> str:
        try:
            sealed = Sealed(base64.b64decode(kept["sealed"]), kept["key_id"])
            fingerprint, words = json.loads(self.keyring.open(sealed, _place(tenant_id, once)))
        except KeyNotOurs:
            raise SecretsKeyMissing from None
        if not hmac.compare_digest(bytes.fromhex(fingerprint), once.fingerprint):
            raise IdempotencyKeyReused
        return str(words)


def _place(tenant_id: UUID, once: Once) -> str:
    return "\x00".join(("idempotency_keys", str(tenant_id), once.actor, once.path, once.key))
