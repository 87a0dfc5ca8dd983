"""Come in to the console, and leave it."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import InvalidInput
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.auditing import record
from ai_platform.tenancy.application.ports import Passwords, SignInLimit, Work
from ai_platform.tenancy.domain.errors import SignInRefused, TooManySignIns
from ai_platform.tenancy.domain.member import Member, email_of


def hash_of_token(token: str) -> bytes:
    """A token has 256 random bits, so a plain hash keeps it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """`token` is told this once."""

    member: Member
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """An unknown address costs what a wrong password costs, in words and in time; too many attempts wait."""

    transactions: Transactions[Work]
    passwords: Passwords
    limit: SignInLimit
    clock: Clock
    longest: timedelta

    async def __call__(self, email: str, password: str, *, address: str) -> SignedIn:
        wait = await self.limit.take(email.strip().lower(), address)
        if wait > 0:
            raise TooManySignIns(wait)
        member = await self._member(email)
        right = await self.passwords.matches(password, member.password_hash if member else None)
        if member is None or not right or not member.is_active:
            raise SignInRefused
        token, now = secrets.token_urlsafe(32), self.clock.now()
        async with self.transactions(None) as work:
            await work.people.sessions.begin(hash_of_token(token), member, at=now, until=now + self.longest)
            await record(
                work.audit, self.clock, by=member.principal(), action="member.signed_in", subject=member.id,
                tenant_id=member.tenant_id,
            )  # fmt: skip
        return SignedIn(member=member, token=token, expires_at=now + self.longest)

    async def _member(self, email: str) -> Member | None:
        try:
            wanted = email_of(email)
        except InvalidInput:
            return None
        async with self.transactions(None) as work:
            member = await work.people.members.of_email(wanted)
            if member is None or member.tenant_id is None:
                return member
            tenant = await work.tenants.look(member.tenant_id)
            return member if tenant is not None and tenant.is_active else None


@dataclass(frozen=True, slots=True)
class SignOut:
    """Whoever has no session is signed out already."""

    transactions: Transactions[Work]

    async def __call__(self, token: str) -> None:
        async with self.transactions(None) as work:
            await work.people.sessions.end(hash_of_token(token))
