"""The commerce agent's hands for payments: wake-ups and polls become payments that are looked after."""

import asyncio
from contextlib import suppress
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.look_after_payment import LookAfterPayment
from ai_platform.commerce.application.payment_work import DuePayments
from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.logging import get_logger

CONCURRENCY: Final = 16
"""Payments one process looks after at a time; each waits for its provider."""

_log = get_logger(__name__)


class PaymentWorker:
    """A message is only a wake-up: what is due is claimed from the database, whether a message or the poll came."""

    def __init__(self, due: DuePayments, look_after: LookAfterPayment, *, concurrency: int = CONCURRENCY) -> None:
        self._due = due
        self._look_after = look_after
        self._free = concurrency
        self._running: set[asyncio.Task[None]] = set()
        self._draining = False
        self._maybe_more = False

    async def work_off(self) -> int:
        """Begin what is due, as far as hands are free; how many were begun."""
        self._maybe_more = True
        if self._draining or self._free <= 0:
            return 0
        most = self._free
        self._free -= most
        claimed = 0
        try:
            for tenant_id, payment_id in await self._due.claim(most):
                claimed += 1
                self._begin(tenant_id, payment_id)
        finally:
            self._free += most - claimed
        self._maybe_more = claimed == most
        return claimed

    async def idle(self) -> None:
        """Returns when nothing is in hand."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def drain(self, grace: float) -> None:
        """Finish what is in hand within `grace` seconds. What is left is due again by itself."""
        self._draining = True
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        for task in list(self._running):
            task.cancel()

    def _begin(self, tenant_id: UUID, payment_id: UUID) -> None:
        task = asyncio.create_task(self._run(tenant_id, payment_id), name=f"payment-{payment_id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, tenant_id: UUID, payment_id: UUID) -> None:
        try:
            await self._look_after(tenant_id, payment_id)
        except Unavailable as error:
            _log.warning("payment_waits", payment=str(payment_id), reason=error.detail)
        except Exception:  # noqa: BLE001 - it is due again after its lease; the others go on
            _log.exception("payment_failed", payment=str(payment_id))
        finally:
            self._free += 1
        if self._maybe_more:
            with suppress(Unavailable):
                await self.work_off()
