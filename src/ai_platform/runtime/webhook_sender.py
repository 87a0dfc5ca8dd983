"""Sends webhooks (Standard Webhooks 1.0): at least once, signed, to addresses that were vetted."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import httpx
from standardwebhooks.webhooks import Webhook

from ai_platform.kernel.clock import Clock, SystemClock
from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.telemetry import Metrics
from ai_platform.runtime.vetted_http import NameNotResolved, TargetRefused
from ai_platform.runtime.webhook_retries import Next, Try, after, seconds_asked_for
from ai_platform.runtime.webhook_rows import DueWebhook, WebhookQueue
from ai_platform.runtime.webhooks import SigningSecrets

TIMEOUT: Final = 10.0
"""Seconds for one try, from resolving the name to the answer's last byte."""
ANSWER_BYTES: Final = 64 * 1024
AT_ONCE: Final = 50
PER_HOST: Final = 5
UNSIGNED_WAITS: Final = 60.0
"""Seconds until a webhook is looked at again that nothing could sign; it is no try, so none is used up."""
_POLL: Final = 1.0

_log = get_logger(__name__)


class Unsigned(Exception):
    """There is nothing to sign with, so nothing was sent."""


class SignedPosts:
    """One try: the same id and the same body every time, a new timestamp and its signature.

    The secret is asked for at every try, so that one that was replaced signs the next.
    """

    def __init__(
        self,
        secrets: SigningSecrets,
        transport: httpx.AsyncBaseTransport,
        *,
        clock: Clock | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._secrets = secrets
        self._clock = clock or SystemClock()
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            transport=transport, timeout=httpx.Timeout(timeout, connect=timeout / 2), follow_redirects=False
        )

    async def __call__(self, due: DueWebhook) -> Try:
        """Whatever the receiver does, a try comes of it. Raises Unsigned, Unavailable when no secret can be read."""
        signer = await self._signer(due)
        at, began = self._clock.now(), time.perf_counter()
        status: int | None = None
        error, retry_after = None, None
        try:
            async with asyncio.timeout(self._timeout), self._answer(due, signer) as answer:
                status = answer.status_code
                error = _error_of(status)
                retry_after = seconds_asked_for(answer.headers.get("retry-after"), at)
                await _read_some(answer)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as failure:
            error = error if status is not None else _class_of(failure)
        spent = round((time.perf_counter() - began) * 1000)
        return Try(at=at, status_code=status, error=error, milliseconds=spent, retry_after=retry_after)

    async def close(self) -> None:
        await self._http.aclose()

    async def _signer(self, due: DueWebhook) -> Webhook:
        secret = await self._secrets(due.tenant_id)
        if secret is None:
            raise Unsigned
        try:
            return Webhook(secret.get_secret_value())
        except ValueError:
            raise Unsigned from None  # not base64

    @asynccontextmanager
    async def _answer(self, due: DueWebhook, signer: Webhook) -> AsyncIterator[httpx.Response]:
        body = json.dumps(due.payload, ensure_ascii=False, separators=(",", ":"))
        now, identity = self._clock.now(), str(due.id)
        headers = {name: due.headers[name] for name in ("x-request-id", "traceparent") if name in due.headers}
        headers |= {
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": "ai-platform-webhooks/1",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(identity, now, body),
        }
        async with self._http.stream("POST", due.url, content=body.encode(), headers=headers) as answer:
            yield answer


async def _read_some(answer: httpx.Response) -> None:
    """Read so that the receiver may finish writing; how much is not its choice."""
    size = 0
    async for chunk in answer.aiter_raw():
        size += len(chunk)
        if size >= ANSWER_BYTES:
            return


def _error_of(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return "redirect_refused" if 300 <= status < 400 else "gone" if status == 410 else "unexpected_status"


def _class_of(failure: Exception) -> str:
    match failure:
        case TargetRefused() | httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return "target_refused"
        case NameNotResolved():
            return "name_not_resolved"
        case TimeoutError() | httpx.TimeoutException():
            return "timeout"
        case httpx.ConnectError() if "[SSL" in str(failure):  # what httpx keeps of it
            return "tls_failed"
        case httpx.RemoteProtocolError():
            return "answer_unreadable"
        case _:
            return "connection_failed"


class WebhookSender:
    """Sends what is due, `at_once` at a time but only `per_host` to one receiver: a slow one holds up its own only.

    `due` is set by whoever has just committed a webhook.
    """

    def __init__(
        self,
        queue: WebhookQueue,
        post: SignedPosts,
        metrics: Metrics,
        *,
        at_once: int = AT_ONCE,
        per_host: int = PER_HOST,
        poll: float = _POLL,
        due: asyncio.Event | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._queue = queue
        self._post = post
        self._metrics = metrics
        self._at_once = at_once
        self._per_host = per_host
        self._poll = poll
        self._chance = chance
        self._in_hand: dict[asyncio.Task[None], DueWebhook] = {}
        self._work = due or asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="webhook-sender")

    async def drain(self, grace: float) -> None:
        """Take no more, let the tries under way end within `grace` seconds, and give back the rest."""
        self._stopping = True
        self._work.set()
        if self._task is not None:
            await self._task
        hanging = dict(self._in_hand)
        if hanging:
            _, pending = await asyncio.wait(hanging, timeout=grace)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            for task in pending:
                with suppress(Unavailable):
                    await self._queue.release(hanging[task])
        await self._post.close()

    async def _run(self) -> None:
        while not self._stopping:
            self._work.clear()
            try:
                claimed = await self._claim()
            except Unavailable as error:
                _log.warning("webhooks_wait", reason=error.detail)
                claimed = 0
            except Exception:  # noqa: BLE001 - the sender outlives every fault; the rows are still there
                _log.exception("webhook_claim_failed")
                claimed = 0
            if not claimed and not self._stopping:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), self._poll)

    async def _claim(self) -> int:
        room = self._at_once - len(self._in_hand)
        if room <= 0:
            return 0
        busy = Counter(one.host for one in self._in_hand.values())
        claimed = await self._queue.claim(room, busy=busy, per_host=self._per_host)
        for due in claimed:
            task = asyncio.create_task(self._send(due))
            self._in_hand[task] = due
            task.add_done_callback(self._ended)
        return len(claimed)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._in_hand[task]
        self._work.set()

    async def _send(self, due: DueWebhook) -> None:
        try:
            made = await self._post(due)
            then = after(made, tries_before=due.tries, random=self._chance())
            self._tell(due, made, then)
            await self._queue.settle(due, made, then)
        except Unsigned:
            _log.warning(
                "webhook_unsigned", webhook_id=str(due.id), tenant_id=str(due.tenant_id), again_in=UNSIGNED_WAITS
            )
            await self._queue.release(due, seconds=UNSIGNED_WAITS)
        except Unavailable as error:
            _log.warning("webhook_outcome_lost", webhook_id=str(due.id), reason=error.detail)
        except Exception:  # noqa: BLE001 - its lease runs out, and it is sent again
            _log.exception("webhook_failed", webhook_id=str(due.id))

    def _tell(self, due: DueWebhook, made: Try, then: Next) -> None:
        outcome = "retried" if then.status == "pending" else then.status
        self._metrics.webhooks_sent.labels(outcome).inc()
        if outcome != "delivered":
            _log.warning(
                "webhook_not_delivered",
                webhook_id=str(due.id),
                outcome=outcome,
                attempt=due.attempt,
                status=made.status_code,
                error=made.error,
            )
