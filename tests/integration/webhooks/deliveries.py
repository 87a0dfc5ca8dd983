"""Webhooks on their way: stored, sent, and what was logged of each try."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import webhooks
from ai_platform.runtime.db import Database
from ai_platform.runtime.webhook_sender import WebhookSender
from ai_platform.runtime.webhooks import WebhookDelivery, webhook_deliveries
from tests.support import eventually

StartSender = Callable[..., WebhookSender]


def a_delivery(url: str, **changes: Any) -> WebhookDelivery:
    fields = {"id": new_id(), "tenant_id": DEFAULT_TENANT, "subject_id": new_id(), "type": "job.completed", "url": url}
    return WebhookDelivery(**{**fields, "payload": {"type": "job.completed", "data": {"text": "ü"}}, **changes})


async def store(database: Database, *deliveries: WebhookDelivery) -> None:
    async with database.transaction(deliveries[0].tenant_id) as connection:
        await webhooks.write(connection, deliveries)


async def row(database: Database, delivery_id: UUID) -> Any:
    async with database.transaction(None) as connection:
        query = select(webhook_deliveries, (webhook_deliveries.c.due_at - text("now()")).label("wait"))
        return (await connection.execute(query.where(webhook_deliveries.c.id == delivery_id))).one()


async def tried(database: Database, delivery_id: UUID, times: int = 1) -> Any:
    """Its row, once that many tries are in its log."""

    async def is_logged() -> bool:
        return len((await row(database, delivery_id)).tries) >= times

    await eventually(is_logged)
    return await row(database, delivery_id)


async def make_due(database: Database) -> None:
    async with database.transaction(None) as connection:
        await connection.execute(text("UPDATE webhook_deliveries SET due_at = now()"))


async def sent(database: Database, start_sender: StartSender, url: str, **options: Any) -> Any:
    """The row of a webhook to that URL after its first try."""
    delivery = a_delivery(url)
    await store(database, delivery)
    start_sender(**options)
    return await tried(database, delivery.id)


async def has_status(database: Database, delivery_id: UUID, status: str) -> bool:
    return bool((await row(database, delivery_id)).status == status)
