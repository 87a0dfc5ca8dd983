"""Messages and queue arguments as RabbitMQ sees them."""

import base64
import json
from datetime import datetime
from typing import Any, Final, NoReturn
from uuid import NAMESPACE_OID, UUID, uuid5

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from ai_platform.runtime.bus import DeadMessage, Message, QueueSpec

RAW: Final = "x-raw-body"
"""Marks a message whose body stands for bytes that are no JSON object, so that a replay sends them as they were."""


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
    raw = _raw_body(message)
    return aio_pika.Message(
        raw if raw is not None else json.dumps(message.body, separators=(",", ":")).encode(),
        message_id=str(message.id),
        type=message.type,
        headers={name: value for name, value in message.headers.items() if name != RAW},
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def _raw_body(message: Message) -> bytes | None:
    try:
        return base64.b64decode(message.body["base64"], validate=True) if RAW in message.headers else None
    except (KeyError, TypeError, ValueError):
        return None


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


def decode_dead(incoming: AbstractIncomingMessage, spec: QueueSpec) -> DeadMessage:
    """Whatever it is: a dead letter that cannot be read is kept as it came."""
    death = _death(incoming, spec)
    by_limit = death.get("reason") == "delivery_limit"
    body = _storable(incoming.body)
    died_at = death.get("time")
    return DeadMessage(
        id=_identity(incoming) or uuid5(NAMESPACE_OID, f"{incoming.message_id} {death} {incoming.body!r}"),
        queue=spec.name,
        type=_text(incoming.type or ""),
        body=body if body is not None else {"base64": base64.b64encode(incoming.body).decode()},
        headers=_headers_as_sent(incoming) | ({RAW: "base64"} if body is None else {}),
        reason="body_unreadable" if body is None else "delivery_limit" if by_limit else "rejected",
        deliveries=spec.delivery_limit + 1 if by_limit else 1,
        died_at=died_at if isinstance(died_at, datetime) else None,
    )


def _identity(incoming: AbstractIncomingMessage) -> UUID | None:
    try:
        return UUID(incoming.message_id or "")
    except ValueError:
        return None


def _headers_as_sent(incoming: AbstractIncomingMessage) -> dict[str, str]:
    """Without what the broker adds to a dead letter."""
    return {
        _text(key): _text(value)
        for key, value in incoming.headers.items()
        if isinstance(value, str) and not key.startswith((RAW, "x-first-death-", "x-last-death-"))
    }


def _death(incoming: AbstractIncomingMessage, spec: QueueSpec) -> dict[str, Any]:
    """What the broker noted when it died in this queue: `x-death`, newest first."""
    deaths = incoming.headers.get("x-death")
    found = [one for one in deaths if isinstance(one, dict)] if isinstance(deaths, list) else []
    return next((one for one in found if one.get("queue") == spec.name), {})


def _storable(body: bytes) -> dict[str, Any] | None:
    """The JSON object, when PostgreSQL can hold it: finite numbers, no NUL, real Unicode."""
    try:
        found = json.loads(body, parse_constant=_refuse)
        text = json.dumps(found, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "\\u0000" not in text else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _text(value: str) -> str:
    return value.replace("\x00", "").encode("utf-8", "replace").decode()
