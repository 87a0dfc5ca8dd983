"""Confirm the orders of one tenant that are wanted at the same moment, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ai_platform.commerce.application.confirming import Attempt, Moment, Outcome, Wish
from ai_platform.commerce.application.confirming_ports import ConfirmingWork
from ai_platform.commerce.domain.allotment import OnShelf
from ai_platform.kernel.access import TenantNotFound
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.contracts.api import TenancyApi


class _NotEnough(Exception):
    """Leaves the transaction, so that nothing of it is kept."""

    def __init__(self, shelf: OnShelf) -> None:
        super().__init__()
        self.shelf = shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmTogether:
    """One commit for all who are confirmed; who is refused is refused alone.

    What is on the shelf is known last. When it is not enough for all, nothing is kept, and those who find their goods
    when each takes its own in turn are confirmed anew without the others: it is committed once, at the end, or never.
    """

    transactions: Transactions[ConfirmingWork]
    tenancy: TenancyApi
    clock: Clock

    async def __call__(self, wishes: Sequence[Wish]) -> Sequence[Outcome]:
        """One for each. None for whom somebody else stands in the way: with the same order, or with the last goods.

        Raises TenantNotFound and Unavailable; then nothing has changed.
        """
        return await self._settle(wishes, waits=False)

    async def alone(self, wish: Wish) -> Outcome:
        """Waits for whoever stands in the way, so the outcome is never None."""
        [outcome] = await self._settle([wish], waits=True)
        return outcome

    async def _settle(self, wishes: Sequence[Wish], *, waits: bool) -> Sequence[Outcome]:
        tenant = await self.tenancy.tenant(wishes[0].tenant_id)
        if tenant is None:
            raise TenantNotFound(wishes[0].tenant_id)
        now = self.clock.now()
        moment = Moment(now=now, expires_at=now + timedelta(hours=tenant.order_expiry_hours), waits=waits)
        outcomes: dict[Wish, Outcome] = {}
        left = _first_of_each(wishes)
        while left:
            attempt = Attempt(left, moment)
            left = await self._try(attempt)
            outcomes |= attempt.outcomes
        return [outcomes.get(wish) for wish in wishes]

    async def _try(self, attempt: Attempt) -> Sequence[Wish]:
        """Those to be tried anew, always fewer."""
        try:
            async with self.transactions(attempt.wishes[0].tenant_id) as work:
                await attempt.decide(work)
                if attempt.confirmed:
                    await attempt.write(work)
                    orders = [one.order for one in attempt.confirmed.values()]
                    taken = await work.stock.reserve(orders, at=attempt.moment.now)
                    if not taken.is_held:
                        raise _NotEnough(taken.shelf)
        except _NotEnough as refused:
            left = attempt.refuse(refused.shelf)
            if len(left) == len(attempt.wishes):
                raise RuntimeError("the shelf refused what it has") from None
            return left
        attempt.answer()
        return ()


def _first_of_each(wishes: Sequence[Wish]) -> Sequence[Wish]:
    """The first for each order and each key: the next one is decided by what has become of it."""
    found: list[Wish] = []
    seen: set[object] = set()
    for wish in wishes:
        names = {
            wish.order_id,
            wish.asking.once and (wish.asking.once.actor, wish.asking.once.path, wish.asking.once.key),
        }
        if not names & seen:
            found.append(wish)
        seen |= names - {None}
    return found
