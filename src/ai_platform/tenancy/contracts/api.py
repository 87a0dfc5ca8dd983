"""What tenancy offers to other contexts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

WEBHOOK_SECRET: Final = "webhook_secret"  # noqa: S105 - the name of one, not one
"""What webhooks from WhatsApp to a tenant, and from us to a tenant's own systems, are signed with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRecord:
    """A tenant as others need it. `business_hours` as stated, e.g. `{"mon": ["09:00-17:00"]}`."""

    id: UUID
    name: str
    wa_session: str | None
    llm_config_name: str
    agent_prompt: str
    agent_enabled: bool
    payment_provider: str
    payment_is_production: bool
    currency: str
    timezone: str
    business_hours: Mapping[str, list[str]]
    is_active: bool
    version: int
    order_expiry_hours: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something worth remembering, e.g. `payment.signature_refused`. `details` hold neither secrets nor messages."""

    tenant_id: UUID | None
    actor: str
    action: str
    subject: str
    details: Mapping[str, object] = field(default_factory=dict)


class TenancyApi(Protocol):
    async def tenant(self, tenant_id: UUID) -> TenantRecord | None:
        """Raises Unavailable when the database is away."""

    async def tenant_of_session(self, wa_session: str) -> TenantRecord | None:
        """The tenant whose WhatsApp session this is."""

    async def secret(self, tenant_id: UUID, name: str) -> str | None:
        """`webhook_secret`, `server_key`, `secret_key` or `callback_token`; None when it is not set."""

    async def record(self, act: Act) -> None:
        """Keep an act in the audit log, in a transaction of its own: for refusals, which change nothing else."""
