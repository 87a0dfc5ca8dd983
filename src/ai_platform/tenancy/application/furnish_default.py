"""Give the default tenant the key and the secret that a newcomer's installation shows."""

from dataclasses import dataclass

from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.create_tenant import owners_key
from ai_platform.tenancy.application.ports import Work
from ai_platform.tenancy.domain.api_key import digest_of
from ai_platform.tenancy.domain.payment import WEBHOOK_SECRET


@dataclass(frozen=True, slots=True)
class FurnishDefault:
    """A second call changes nothing. A key that was revoked stays so: then a new one is needed."""

    transactions: Transactions[Work]
    clock: Clock

    async def __call__(self, owner_key: str, webhook_secret: str) -> bool:
        """Whether the key opens something."""
        async with self.transactions(None) as work:
            known = await work.keys.of_hash(digest_of(owner_key) or b"")
            if known is not None and known.revoked_at is not None:
                return False
            if known is None:
                await work.keys.add(owners_key(DEFAULT_TENANT, owner_key, self.clock))
            if WEBHOOK_SECRET not in (await work.secrets.names([DEFAULT_TENANT])).get(DEFAULT_TENANT, frozenset()):
                await work.secrets.put(DEFAULT_TENANT, WEBHOOK_SECRET, webhook_secret)
        return True
