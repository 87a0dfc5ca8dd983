"""Keys, sessions and tenants as they were at most a second ago."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar
from uuid import UUID

from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.application.ports import KnownSession, Lookups
from ai_platform.tenancy.application.signing_in import hash_of_token
from ai_platform.tenancy.domain.api_key import digest_of

FRESH: Final = 1.0
"""Seconds. What is revoked or made is seen after this and one look-up: within two seconds."""

_MOST: Final = 10_000

QuestionT = TypeVar("QuestionT", bound=Hashable)
AnswerT = TypeVar("AnswerT")


class Recent(Generic[QuestionT, AnswerT]):
    """Answers that are younger than `FRESH`; those who ask the same at once share one look-up.

    What exists and what does not are kept apart, so that a flood of guesses pushes no known answer out.
    """

    def __init__(
        self, ask: Callable[[QuestionT], Awaitable[AnswerT]], now: Callable[[], float], *, most: int = _MOST
    ) -> None:
        self._ask = ask
        self._now = now
        self._most = most
        self._known: OrderedDict[QuestionT, tuple[float, AnswerT]] = OrderedDict()
        self._unknown: OrderedDict[QuestionT, tuple[float, AnswerT]] = OrderedDict()
        self._asking: dict[QuestionT, asyncio.Future[AnswerT]] = {}

    async def __call__(self, question: QuestionT) -> AnswerT:
        for kept in (self._known, self._unknown):
            entry = kept.get(question)
            if entry is not None and self._now() - entry[0] < FRESH:
                return entry[1]
        asking = self._asking.get(question)
        if asking is None:
            asking = self._asking[question] = asyncio.ensure_future(self._look_up(question))
            asking.add_done_callback(lambda done: self._asked(question, done))
        return await asyncio.shield(asking)

    def forget(self, question: QuestionT) -> None:
        """The next to ask is told what is true then."""
        self._known.pop(question, None)
        self._unknown.pop(question, None)

    async def _look_up(self, question: QuestionT) -> AnswerT:
        asked_at = self._now()
        answer = await self._ask(question)
        self.forget(question)
        kept = self._known if answer else self._unknown
        kept[question] = (asked_at, answer)
        if len(kept) > self._most:
            kept.popitem(last=False)
        return answer

    def _asked(self, question: QuestionT, done: asyncio.Future[AnswerT]) -> None:
        self._asking.pop(question, None)
        if not done.cancelled():
            done.exception()  # whoever asked has it; nobody may be left to look


class RecentCredentials:
    """What opens the door. A mistyped key is refused by its checksum, without a look-up."""

    def __init__(self, lookups: Lookups, now: Callable[[], float]) -> None:
        self._keys = Recent(lookups.key, now)
        self._sessions = Recent(lookups.session, now)
        self._tenants = Recent(lookups.tenant, now)
        self._used_keys: set[UUID] = set()
        self._used_sessions: set[bytes] = set()

    async def of_key(self, key: str) -> Principal | None:
        digest = digest_of(key)
        if digest is None:
            return None
        principal = await self._keys(digest)
        if principal is not None:
            self._used_keys.add(UUID(principal.actor))
        return principal

    async def of_session(self, token: str) -> Principal | None:
        token_hash = hash_of_token(token)
        session: KnownSession | None = await self._sessions(token_hash)
        if session is None:
            return None
        self._used_sessions.add(token_hash)
        return session.principal

    async def has_tenant(self, tenant_id: UUID) -> bool:
        return await self._tenants(tenant_id)

    def forget_session(self, token: str) -> None:
        """Here it is over at once; in other processes within two seconds."""
        self._sessions.forget(hash_of_token(token))

    def take_uses(self) -> tuple[list[UUID], list[bytes]]:
        """The keys and the sessions that were used since the last call."""
        used = list(self._used_keys), list(self._used_sessions)
        self._used_keys.clear()
        self._used_sessions.clear()
        return used
