"""Senders of webhooks on real rows."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from ai_platform.runtime.db import Database
from ai_platform.runtime.telemetry import Metrics
from ai_platform.runtime.vetted_http import Resolver, VettedTransport
from ai_platform.runtime.webhook_rows import PostgresWebhookQueue
from ai_platform.runtime.webhook_sender import SignedPosts, WebhookSender
from ai_platform.runtime.webhooks import SigningSecrets
from tests.integration.webhooks.deliveries import StartSender
from tests.integration.webhooks.receiver import SECRET


async def the_installations(_: UUID) -> SecretStr | None:
    return SecretStr(SECRET)


@pytest.fixture
async def start_sender(database: Database) -> AsyncIterator[StartSender]:
    """Starts senders that may call loopback unless told otherwise; they are stopped after the test."""
    senders: list[WebhookSender] = []

    def start(
        *,
        resolve: Any = None,
        secrets: SigningSecrets | None = None,
        allow_private: bool = True,
        timeout: float = 10.0,
        lease: float = 20.0,
        **options: Any,
    ) -> WebhookSender:
        transport = VettedTransport(resolve or Resolver(), allow_private=allow_private)
        post = SignedPosts(secrets or the_installations, transport, timeout=timeout)
        queue = PostgresWebhookQueue(database, lease=lease)
        sender = WebhookSender(queue, post, Metrics(), **{"poll": 0.05, **options})
        sender.start()
        senders.append(sender)
        return sender

    yield start
    for sender in senders:
        await sender.drain(0.0)
