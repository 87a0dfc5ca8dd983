"""Tenancy on a process' foundation, and the refusal to run with the wrong SECRETS_KEY."""

from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr

from ai_platform.kernel.errors import Unavailable
from ai_platform.processes.foundation import Foundation, connected
from ai_platform.processes.lifecycle import WrongUse
from ai_platform.runtime import migrations
from ai_platform.runtime.cache import RedisCache
from ai_platform.runtime.keyring import Keyring
from ai_platform.runtime.rate_limits import Buckets, LocalBuckets, RedisBuckets, SteadyBuckets
from ai_platform.runtime.settings import Settings
from ai_platform.runtime.webhooks import SigningSecrets
from ai_platform.tenancy.contracts.api import WEBHOOK_SECRET
from ai_platform.tenancy.infrastructure.secrets import SecretsLost
from ai_platform.tenancy.wiring import SessionLengths, Tenancy, build_tenancy


def tenancy_of(foundation: Foundation) -> Tenancy:
    """Raises WrongUse for a SECRETS_KEY that is none."""
    settings = foundation.settings
    return build_tenancy(
        database=foundation.database,
        keyring=keyring_of(settings),
        buckets=buckets_of(foundation),
        sessions=SessionLengths(
            idle=timedelta(hours=settings.session_idle_hours), longest=timedelta(hours=settings.session_max_hours)
        ),
    )


def keyring_of(settings: Settings) -> Keyring:
    try:
        return Keyring.parse(settings.secrets_key.get_secret_value() if settings.secrets_key else "")
    except ValueError as error:
        raise WrongUse(f"SECRETS_KEY is no key: {error}; `ai-platform init` makes one.") from None


def buckets_of(foundation: Foundation) -> Buckets:
    """Counted together where there is a Redis, else in this process."""
    cache = foundation.cache
    shared = RedisBuckets(cache.client) if isinstance(cache, RedisCache) else None
    return SteadyBuckets(shared, LocalBuckets())


def signing_secrets(tenancy: Tenancy, settings: Settings) -> SigningSecrets:
    """A tenant's own, so that none can sign for another; the installation's for a tenant that has none."""

    async def secret_of(tenant_id: UUID) -> SecretStr | None:
        own = await tenancy.api.secret(tenant_id, WEBHOOK_SECRET)
        return SecretStr(own) if own else settings.webhook_secret

    return secret_of


async def secrets_are_readable(tenancy: Tenancy) -> None:
    """Raises Unavailable, so that a process with the wrong key gets no traffic."""
    try:
        await tenancy.require_readable()
    except SecretsLost as error:
        raise Unavailable(f"{error}: give it the key that sealed them.", code="secrets_key_wrong") from None


async def refuse_lost_secrets(settings: Settings) -> None:
    """Raises WrongUse when stored secrets cannot be opened. Without a database, readiness finds out later."""
    foundation = connected(settings, service="ai-platform preflight")
    try:
        if await foundation.database.schema_revision() == migrations.head():
            await require_readable(tenancy_of(foundation))
    except Unavailable:
        return
    finally:
        await foundation.database.close()
        await foundation.cache.close()


async def require_readable(tenancy: Tenancy) -> None:
    """Raises WrongUse."""
    try:
        await tenancy.require_readable()
    except SecretsLost as error:
        raise WrongUse(f"{error}; start with the key that sealed them (the old one may follow a comma).") from None
