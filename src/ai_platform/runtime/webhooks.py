"""What a webhook is: a row that says what to tell whom, written in the transaction that made it true."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.runtime.bus import Json
from ai_platform.runtime.callback_urls import CallbackRefused, check_target
from ai_platform.runtime.db import metadata

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("tenant_id", Uuid(), nullable=False),
    Column("subject_id", Uuid(), nullable=False),
    Column("type", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("headers", JSONB, nullable=False, server_default="{}"),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("tries", JSONB, nullable=False, server_default="[]"),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
    Index("ix_webhook_deliveries_due", "due_at", postgresql_where=text("status = 'pending'")),
    Index("ix_webhook_deliveries_subject", "subject_id", "id"),
)

UNSIGNED: Final = "needs a secret to sign with: neither the tenant has one nor the installation (WEBHOOK_SECRET)"

SigningSecrets = Callable[[UUID], Awaitable[SecretStr | None]]
"""What a tenant's webhooks are signed with; None when there is nothing. Raises Unavailable when nobody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """`id` is the receiver's `webhook-id`, the same in every try; `payload` is the whole JSON body.

    `subject_id` is what it tells about; `headers` the request id and trace context that caused it.
    """

    id: UUID
    tenant_id: UUID
    subject_id: UUID
    type: str
    url: str
    payload: Json
    headers: Mapping[str, str] = field(default_factory=dict)


async def write(connection: AsyncConnection, deliveries: Sequence[WebhookDelivery]) -> None:
    """Insert the rows in the caller's transaction. Once it is committed, setting the sender's `due` saves its poll."""
    if deliveries:
        await connection.execute(webhook_deliveries.insert(), [_row_of(one) for one in deliveries])


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """Whether a submission may name this callback: there is a secret to sign with, and it points outside."""

    secrets: SigningSecrets
    allow_private: bool

    async def require_signed(self, tenant_id: UUID) -> None:
        """Raises CallbackRefused."""
        if await self.secrets(tenant_id) is None:
            raise CallbackRefused(UNSIGNED)

    def check(self, url: str) -> str:
        """The URL again. Raises CallbackRefused."""
        return check_target(url, allow_private=self.allow_private)


def _row_of(delivery: WebhookDelivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "tenant_id": delivery.tenant_id,
        "subject_id": delivery.subject_id,
        "type": delivery.type,
        "url": delivery.url,
        "payload": dict(delivery.payload),
        "headers": dict(delivery.headers),
    }
