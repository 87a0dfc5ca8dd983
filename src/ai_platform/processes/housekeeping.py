"""What a worker process does besides its work: it sends webhooks, collects dead letters and forgets what is old."""

import asyncio
from datetime import timedelta
from typing import Final

from ai_platform.processes.foundation import Foundation, queues
from ai_platform.runtime.dead_letter_collector import DeadLetterCollector
from ai_platform.runtime.periodic import Periodic
from ai_platform.runtime.vetted_http import Resolver, VettedTransport
from ai_platform.runtime.webhook_rows import PostgresWebhookQueue
from ai_platform.runtime.webhook_sender import SignedPosts, WebhookSender
from ai_platform.runtime.webhooks import SigningSecrets

FORGET_EVERY: Final = 600.0


class Housekeeping:
    """A webhook that nothing can sign waits until something can."""

    def __init__(self, foundation: Foundation, signing: SigningSecrets) -> None:
        self._foundation = foundation
        self._age = timedelta(days=foundation.settings.job_event_retention_days)
        self._webhooks = PostgresWebhookQueue(foundation.database)
        self._resolver = Resolver()
        self._sender = self._build_sender(signing)
        names = [spec.name for spec in queues(foundation.settings)]
        self._collector = DeadLetterCollector(foundation.bus, foundation.database, names)
        self._forgetting = Periodic("forgetting", self.forget_old, seconds=FORGET_EVERY)

    async def start(self) -> None:
        self._sender.start()
        await self._collector.start()
        self._forgetting.start()

    async def stop(self, grace: float) -> None:
        """Let the tries under way end within `grace` seconds; what is left stays where it is safe."""
        await self._forgetting.stop()
        collecting = asyncio.create_task(self._collector.stop())
        await self._sender.drain(grace)
        await collecting
        self._resolver.close()

    async def forget_old(self) -> None:
        """Webhooks that ended and letters that were replayed are kept as long as the events of jobs."""
        while await self._webhooks.forget(self._age):
            pass
        while await self._foundation.desk.forget(self._age):
            pass

    def _build_sender(self, signing: SigningSecrets) -> WebhookSender:
        transport = VettedTransport(self._resolver, allow_private=self._foundation.settings.webhook_allow_private)
        posts = SignedPosts(signing, transport)
        return WebhookSender(self._webhooks, posts, self._foundation.metrics, due=self._foundation.webhooks_due)
