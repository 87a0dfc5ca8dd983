"""Tenancy, put together."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter

from ai_platform.kernel.clock import SystemClock
from ai_platform.runtime.auth import Door
from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import Keyring
from ai_platform.runtime.periodic import Periodic
from ai_platform.runtime.rate_limits import Buckets
from ai_platform.tenancy.application.api_keys import CreateKey, RevokeKey
from ai_platform.tenancy.application.change_tenant import ChangeTenant
from ai_platform.tenancy.application.create_tenant import CreateTenant
from ai_platform.tenancy.application.deactivate_tenant import DeactivateTenant
from ai_platform.tenancy.application.facade import TenancyFacade
from ai_platform.tenancy.application.furnish_default import FurnishDefault
from ai_platform.tenancy.application.members import ChangeMember, CreateMember, RemoveMember
from ai_platform.tenancy.application.queries import GetTenant, ListAudit, ListKeys, ListMembers, ListTenants
from ai_platform.tenancy.application.recent_credentials import RecentCredentials
from ai_platform.tenancy.application.signing_in import SignIn, SignOut
from ai_platform.tenancy.application.who_am_i import WhoAmI
from ai_platform.tenancy.contracts.api import TenancyApi
from ai_platform.tenancy.infrastructure.lookups import SqlLookups
from ai_platform.tenancy.infrastructure.passwords import Argon2Passwords
from ai_platform.tenancy.infrastructure.repositories import TenancyTransactions
from ai_platform.tenancy.infrastructure.secrets import require_readable_secrets
from ai_platform.tenancy.infrastructure.sign_in_limit import SignInBuckets
from ai_platform.tenancy.infrastructure.tables import map_tenancy
from ai_platform.tenancy.interface.http import TenantUseCases, tenants_router
from ai_platform.tenancy.interface.people_http import PeopleUseCases, audit_router, members_router, sign_in_router

NOTED_EVERY = 5.0
FORGOTTEN_EVERY = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLengths:
    """A console session ends after `idle` without a request, and after `longest` in any case."""

    idle: timedelta = timedelta(hours=12)
    longest: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """`credentials` opens the door; `require_readable` raises SecretsLost when SECRETS_KEY is not the right one."""

    api: TenancyApi
    credentials: RecentCredentials
    furnish_default: FurnishDefault
    require_readable: Callable[[], Awaitable[None]]
    routers: Callable[[Door], Sequence[APIRouter]]
    housekeeping: Sequence[Periodic]
    note_uses: Callable[[], Awaitable[None]]


def build_tenancy(
    *, database: Database, keyring: Keyring, buckets: Buckets, sessions: SessionLengths = SessionLengths()
) -> Tenancy:
    map_tenancy()
    clock, passwords = SystemClock(), Argon2Passwords()
    transactions = TenancyTransactions(database, keyring)
    lookups = SqlLookups(database, idle=sessions.idle)
    credentials = RecentCredentials(lookups, time.monotonic)
    tenants = TenantUseCases(
        create=CreateTenant(transactions, clock),
        change=ChangeTenant(transactions, clock),
        deactivate=DeactivateTenant(transactions, clock),
        get=GetTenant(transactions),
        list_=ListTenants(transactions),
        create_key=CreateKey(transactions, clock),
        revoke_key=RevokeKey(transactions, clock),
        list_keys=ListKeys(transactions),
    )
    people = PeopleUseCases(
        create=CreateMember(transactions, passwords, clock),
        change=ChangeMember(transactions, passwords, clock),
        remove=RemoveMember(transactions, clock),
        list_=ListMembers(transactions),
        list_audit=ListAudit(transactions),
        sign_in=SignIn(
            transactions=transactions,
            passwords=passwords,
            limit=SignInBuckets(buckets),
            clock=clock,
            longest=sessions.longest,
        ),
        sign_out=SignOut(transactions),
        who_am_i=WhoAmI(transactions),
        credentials=credentials,
    )

    async def note_uses() -> None:
        await lookups.note_uses(*credentials.take_uses())

    return Tenancy(
        api=TenancyFacade(transactions, clock),
        credentials=credentials,
        furnish_default=FurnishDefault(transactions, clock),
        require_readable=lambda: require_readable_secrets(database, keyring),
        routers=lambda door: (
            tenants_router(tenants),
            members_router(people),
            audit_router(people.list_audit),
            sign_in_router(people, door),
        ),
        housekeeping=(
            Periodic("key-uses", note_uses, seconds=NOTED_EVERY),
            Periodic("old-sessions", lookups.forget_old_sessions, seconds=FORGOTTEN_EVERY),
        ),
        note_uses=note_uses,
    )
