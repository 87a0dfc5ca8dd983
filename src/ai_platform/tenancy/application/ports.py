"""What tenancy asks of the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ai_platform.kernel.once import Once
from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.domain.api_key import ApiKey
from ai_platform.tenancy.domain.audit import AuditEntry
from ai_platform.tenancy.domain.member import Member
from ai_platform.tenancy.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first, after the row `before`."""

    before: UUID | None
    limit: int


class Tenants(Protocol):
    """The tenants of one transaction."""

    def add(self, tenant: Tenant) -> None: ...

    async def get(self, tenant_id: UUID) -> Tenant | None:
        """Kept from others until the transaction is left; changes to it are saved with it."""

    async def look(self, tenant_id: UUID) -> Tenant | None:
        """Only to be read."""

    async def of_session(self, wa_session: str) -> Tenant | None: ...

    async def page(self, page: Page, *, only: UUID | None, active: bool | None) -> Sequence[Tenant]:
        """`only`: that one, if at all."""


class TenantSecrets(Protocol):
    """Sealed on the way in, opened on the way out. Raises SecretsKeyMissing without a key."""

    async def put(self, tenant_id: UUID, name: str, value: str | None) -> None:
        """None forgets it."""

    async def get(self, tenant_id: UUID, name: str) -> str | None: ...

    async def names(self, tenant_ids: Sequence[UUID]) -> Mapping[UUID, frozenset[str]]:
        """Which are set."""


class ApiKeys(Protocol):
    """Keys that are not revoked."""

    async def add(self, key: ApiKey) -> None: ...

    async def revoke(self, key_id: UUID, tenant_id: UUID | None, at: datetime) -> bool:
        """False when there is no such key of this tenant."""

    async def page(self, tenant_id: UUID, page: Page, *, with_platform: bool) -> Sequence[ApiKey]: ...

    async def of_hash(self, digest: bytes) -> ApiKey | None:
        """A revoked one too."""


class Members(Protocol):
    def add(self, member: Member) -> None: ...

    async def get(self, tenant_id: UUID | None, member_id: UUID) -> Member | None:
        """Kept from others until the transaction is left; changes to it are saved with it."""

    async def of_email(self, email: str) -> Member | None: ...

    async def page(self, tenant_id: UUID, page: Page, *, with_platform: bool) -> Sequence[Member]: ...

    async def remove(self, member: Member) -> None: ...


class Sessions(Protocol):
    """Who is signed in. A token is kept as its hash."""

    async def begin(self, token_hash: bytes, member: Member, *, at: datetime, until: datetime) -> None: ...

    async def end(self, token_hash: bytes) -> None: ...

    async def end_all_of(self, member_id: UUID) -> None: ...


class AuditLog(Protocol):
    async def record(self, entry: AuditEntry) -> None: ...

    async def page(self, tenant_id: UUID | None, page: Page) -> Sequence[AuditEntry]:
        """None: everybody's."""


class FirstAnswers(Protocol):
    """What was answered to requests that may come twice. Raises SecretsKeyMissing without a key to seal them with."""

    async def begin(self, tenant_id: UUID, once: Once) -> str | None:
        """None: it is ours to do until the transaction is left.

        Raises Conflict while its twin is under way, InvalidInput when the key stands for something else.
        """

    async def keep(self, tenant_id: UUID, once: Once, words: str) -> None: ...


class Work(Protocol):
    """One transaction over everything of this context."""

    @property
    def tenants(self) -> Tenants: ...

    @property
    def secrets(self) -> TenantSecrets: ...

    @property
    def keys(self) -> ApiKeys: ...

    @property
    def people(self) -> "People": ...

    @property
    def audit(self) -> AuditLog: ...

    @property
    def answers(self) -> FirstAnswers: ...


@dataclass(frozen=True, slots=True)
class People:
    members: Members
    sessions: Sessions


class Passwords(Protocol):
    """argon2id, off the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """None takes as long as a wrong password, so that nobody learns who exists."""


class SignInLimit(Protocol):
    async def take(self, email: str, address: str) -> float:
        """Count one attempt; the seconds to wait, 0 when it may go on."""


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session that neither idled too long nor is too old."""

    member_id: UUID
    principal: Principal


class Lookups(Protocol):
    """What the door asks, over all tenants. Inactive tenants' keys and members are nobody's."""

    async def key(self, digest: bytes) -> Principal | None: ...

    async def session(self, token_hash: bytes) -> KnownSession | None: ...

    async def tenant(self, tenant_id: UUID) -> bool: ...
