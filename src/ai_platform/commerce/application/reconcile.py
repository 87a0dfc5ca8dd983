"""Do our books agree with each other and with the providers? All but the first number of the report should be zero."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Protocol
from uuid import UUID

from ai_platform.commerce.application.ask_provider import AskProvider
from ai_platform.commerce.domain.payment_errors import PaymentNotConfigured, ProviderRefused, ProviderUnavailable

READ_AT_ONCE: Final = 100
ASKED_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreements:
    """What the books themselves tell, over all tenants.

    variants: reserved is not the sum of what is held, or more than there is. orders: paid without money, or unpaid with
    it. totals: an order's total is not its lines and shipping. overdue: open payments that nobody looked after.
    quarantined: genuine notices about no payment of ours. flagged: payments that a person has to look at.
    """

    variants: int = 0
    orders: int = 0
    totals: int = 0
    overdue: int = 0
    quarantined: int = 0
    flagged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Disagreements):
    """`asked` payments were compared with their providers; `changed` had news, and `unanswered` could not be asked."""

    asked: int = 0
    changed: int = 0
    unanswered: int = 0

    @property
    def is_clean(self) -> bool:
        return not any(getattr(self, one.name) for one in fields(self) if one.name != "asked")


class Books(Protocol):
    async def disagreements(self) -> Disagreements: ...

    async def open_payments(self, *, after: UUID | None, most: int) -> Sequence[tuple[UUID, UUID]]:
        """Tenant and payment of what is open, or ended within the last days, in the order of their ids."""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Asking mends what it finds: news is recorded like any other. The books are counted afterwards."""

    books: Books
    ask: AskProvider

    async def __call__(self) -> Report:
        heard: Counter[bool | None] = Counter()
        last: UUID | None = None
        while batch := await self.books.open_payments(after=last, most=READ_AT_ONCE):
            for first in range(0, len(batch), ASKED_AT_ONCE):
                asked = batch[first : first + ASKED_AT_ONCE]
                heard.update(await asyncio.gather(*(self._has_news(*one) for one in asked)))
            last = batch[-1][1]
        found = await self.books.disagreements()
        told = {one.name: getattr(found, one.name) for one in fields(found)}
        return Report(asked=heard.total(), changed=heard[True], unanswered=heard[None], **told)

    async def _has_news(self, tenant_id: UUID, payment_id: UUID) -> bool | None:
        """None: its provider did not answer."""
        before = (await self.ask.look(tenant_id, payment_id)).payment
        try:
            after = await self.ask(tenant_id, payment_id)
        except (ProviderUnavailable, ProviderRefused, PaymentNotConfigured):
            return None
        return (before.status, before.refunded) != (after.status, after.refunded)
