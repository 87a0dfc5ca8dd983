"""Who did what, and when: written with the act itself, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`action` is a verb in the past after its subject's kind, e.g. `api_key.revoked`; no secret is in `details`."""

    id: UUID
    tenant_id: UUID | None
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, object] = field(default_factory=dict)
    request_id: str | None = None
