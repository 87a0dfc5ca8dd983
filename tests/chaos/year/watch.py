"""Waiting until the shop knows what its customers know. Meanwhile time flies: what is planned for later is due now."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from tests.chaos.year.tills import Page

LOOKS_EVERY: Final = 0.7
FLIES_AFTER: Final = 4.0
FLIES_EVERY: Final = 12.0
"""Seconds until what may have been lost is asked about; more often would drown those who ask."""
PATIENCE: Final = 150.0
"""Seconds. A death costs a lease, a mishap of the services some; more is a payment that nobody looks after."""

_KNOWN: Final = """
SELECT orders.id::text AS order_id, orders.status, orders.payment_status, orders.refunded,
    coalesce(jsonb_object_agg(payments.reference, jsonb_build_array(payments.status, payments.refunded))
        FILTER (WHERE payments.id IS NOT NULL), '{}')::text AS pages
FROM orders LEFT JOIN payments ON payments.order_id = orders.id
WHERE orders.id = ANY($1::uuid[]) GROUP BY orders.id
"""
_FLY: Final = """
UPDATE payments SET check_at = now() WHERE order_id = ANY($1::uuid[]) AND check_at > now() + interval '2 seconds'
"""
_PAYMENTS_OVER: Final = """
UPDATE payments SET expires_at = now() - interval '1 minute'
WHERE order_id = ANY($1::uuid[]) AND status IN ('PENDING', 'PENDING_PAYMENT')
"""
_ORDERS_OVER: Final = "UPDATE orders SET expires_at = now() WHERE id = ANY($1::uuid[]) AND status = 'CONFIRMED'"
_AWAY: Final = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError,
)  # fmt: skip


@dataclass
class Memory:
    """What a shopper knows of his order: what he asked for and was promised, never what the platform says later."""

    order_id: str = ""
    goods: dict[str, int] = field(default_factory=dict)
    total: int = 0
    status: str = "PENDING"
    payment_status: str = "PENDING"
    given_back: int = 0
    pages: list[Page] = field(default_factory=list)

    @property
    def has_goods(self) -> bool:
        return self.status in ("PROCESSING", "SHIPPED", "DELIVERED")

    @property
    def as_known(self) -> tuple[object, ...]:
        pages = {one.reference: [one.status, one.refunded] for one in self.pages}
        return self.status, self.payment_status, self.given_back, pages


@dataclass
class _Waiting:
    memory: Memory
    over: bool
    known: asyncio.Future[None]
    since: float = field(default_factory=time.monotonic)
    flies_at: float = 0.0

    def __post_init__(self) -> None:
        self.flies_at = self.since + (0 if self.over else FLIES_AFTER)


@dataclass
class Watch:
    """One look for all who wait. `database_url` may be away for a while."""

    database_url: str
    _waiting: list[_Waiting] = field(default_factory=list)
    _connection: Any = None

    async def known(self, memory: Memory, *, over: bool = False) -> None:
        """`over`: its time to be paid has run out, and that is what is waited for."""
        one = _Waiting(memory, over, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        await one.known

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(LOOKS_EVERY)
                if self._waiting:
                    await self._look()
        finally:
            self.close()

    async def rows(self, statement: str, ids: Sequence[str]) -> list[asyncpg.Record]:
        while True:
            try:
                if self._connection is None:
                    self._connection = await asyncpg.connect(self.database_url, timeout=5)
                found: list[asyncpg.Record] = await self._connection.fetch(statement, ids, timeout=20)
            except _AWAY:
                self.close()
                await asyncio.sleep(0.5)
            else:
                return found

    def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None

    async def _look(self) -> None:
        waiting, now = self._waiting, time.monotonic()
        late = [one for one in waiting if now > one.flies_at]
        if over := [one.memory.order_id for one in late if one.over]:
            await self.rows(_PAYMENTS_OVER, over)
            await self.rows(_ORDERS_OVER, over)
        if late:
            await self.rows(_FLY, [one.memory.order_id for one in late])
        for one in late:
            one.flies_at = now + FLIES_EVERY
        rows = await self.rows(_KNOWN, [one.memory.order_id for one in waiting])
        found = {row["order_id"]: row for row in rows}
        for one in waiting:
            self._tell(one, found.get(one.memory.order_id))
        self._waiting = [one for one in self._waiting if not one.known.done()]

    def _tell(self, one: _Waiting, row: Any) -> None:
        known = _as_known(row) if row else None
        if one.known.done():
            return
        if known == one.memory.as_known:
            one.known.set_result(None)
        elif time.monotonic() - one.since > PATIENCE:
            one.known.set_exception(AssertionError(f"not as remembered: {one.memory}, but {known}"))


def _as_known(row: Any) -> tuple[object, ...]:
    return row["status"], row["payment_status"], row["refunded"], json.loads(row["pages"])
