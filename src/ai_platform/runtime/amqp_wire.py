"""Messages and queue arguments as RabbitMQ sees them."""

import json
from typing import Any
from uuid import UUID

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from ai_platform.runtime.bus import Message, QueueSpec


def queue_arguments(spec: QueueSpec) -> dict[str, Any]:
    """A replicated queue that keeps its dead letters even when the broker dies in the middle of moving them."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": spec.delivery_limit,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": spec.dead_letters,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def encode(message: Message) -> aio_pika.Message:
    return aio_pika.Message(
        json.dumps(message.body, separators=(",", ":")).encode(),
        message_id=str(message.id),
        type=message.type,
        headers=dict(message.headers),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def decode(incoming: AbstractIncomingMessage) -> Message | None:
    """None for a message that is not one of ours."""
    try:
        body = json.loads(incoming.body)
        identity = UUID(incoming.message_id or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    headers = {key: value for key, value in incoming.headers.items() if isinstance(value, str)}
    return Message(id=identity, type=incoming.type or "", body=body, headers=headers)
