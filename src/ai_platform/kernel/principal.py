"""Who asks, and for which tenant."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

DEFAULT_TENANT: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The tenant that always exists; a platform key acts for it unless the request names another."""


class Role(StrEnum):
    """PLATFORM does everything, OWNER all of one tenant, AGENT a tenant's daily work but no settings."""

    PLATFORM = "platform"
    OWNER = "owner"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller of one request. `actor` names it in logs and scopes its idempotency keys."""

    actor: str
    role: Role
    tenant_id: UUID
