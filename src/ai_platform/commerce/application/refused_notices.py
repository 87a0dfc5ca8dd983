"""A forged notice is remembered; so many of them that they would fill the disk are counted."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from uuid import UUID

from ai_platform.kernel.errors import Unavailable
from ai_platform.tenancy.contracts.api import Act, TenancyApi

KEPT_WHOLE: Final = 10
"""Of one provider and tenant, between two tellings (a minute): each is an entry of its own in the audit log."""

SOURCES: Final = 100
"""Providers and tenants told apart between two tellings. Beyond them the tenant is left out, so that whoever knows
many tenants writes no more than who knows one."""

REFERENCE_SHOWN: Final = 100
_Source = tuple[str, UUID | None]


class RefusedNotices:
    """In the memory of one process, so that a forged notice costs no more than a look at its payment.

    A process that dies forgets how many it did not list, and no more. True notices never come here.
    """

    def __init__(self, tenancy: TenancyApi) -> None:
        self._tenancy = tenancy
        self._counts: dict[_Source, int] = {}

    async def remember(self, provider: str, owner: UUID | None, reference: str | None) -> None:
        """Raises Unavailable when it is to be listed and cannot be."""
        if self._add((provider, owner)) <= KEPT_WHOLE:
            shown = (reference or "")[:REFERENCE_SHOWN]
            details = {"provider": provider, "reference": shown}
            await self._record((provider, owner), "payment.signature_refused", shown or provider, details)

    async def tell(self) -> None:
        """One entry for all that were not listed since the last time, of each source. Raises Unavailable."""
        counts, self._counts = self._counts, {}
        try:
            while counts:
                source, count = next(iter(counts.items()))
                if count > KEPT_WHOLE:
                    details = {"provider": source[0], "not_listed": count - KEPT_WHOLE}
                    await self._record(source, "payment.signatures_refused", source[0], details)
                del counts[source]
        finally:
            for source, count in counts.items():
                self._counts[source] = self._counts.get(source, 0) + count

    async def tell_at_last(self) -> None:
        """When the process ends."""
        with suppress(Unavailable):
            await self.tell()

    def _add(self, source: _Source) -> int:
        known = source in self._counts or len(self._counts) < SOURCES
        source = source if known else (source[0], None)
        self._counts[source] = self._counts.get(source, 0) + 1
        return self._counts[source]

    async def _record(self, source: _Source, action: str, subject: str, details: Mapping[str, object]) -> None:
        actor = f"callback:{source[0]}"
        await self._tenancy.record(
            Act(tenant_id=source[1], actor=actor, action=action, subject=subject, details=details)
        )  # fmt: skip
