"""Wishes to confirm orders of one tenant, decided within one transaction: each for itself."""

from collections.abc import Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ai_platform.commerce.application.confirming_ports import ConfirmingWork
from ai_platform.commerce.application.second_step import Yes, require
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.allotment import OnShelf, refusal_of, served
from ai_platform.commerce.domain.confirmation import Action, Confirmation, hash_of
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import OrderNotFound
from ai_platform.kernel.aggregate import require_version
from ai_platform.kernel.errors import PlatformError
from ai_platform.kernel.once import Answer, Asking, Json

Outcome = Answer | PlatformError | None
"""None: beside the others it could not be decided."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wish:
    """That one order be confirmed. What follows from it is told in the `context` of whoever wishes it."""

    tenant_id: UUID
    order_id: UUID
    asking: Asking[Order]
    shipping_address: Address | None = None
    yes: Yes | None = None
    expected: frozenset[int] | None = None
    context: Context = field(default_factory=copy_context)

    @property
    def token_hash(self) -> bytes | None:
        return None if self.yes is None else hash_of(self.yes.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When it is decided, and until when what is reserved stays so. `waits`: for orders that others have in hand."""

    now: datetime
    expires_at: datetime
    waits: bool


@dataclass(frozen=True, slots=True)
class _Confirmed:
    order: Order
    answer: Json


@dataclass(slots=True)
class Attempt:
    """`outcomes` are of those who are refused, whatever becomes of the rest; `confirmed` hold once it is committed."""

    wishes: Sequence[Wish]
    moment: Moment
    outcomes: dict[Wish, Outcome] = field(default_factory=dict)
    confirmed: dict[Wish, _Confirmed] = field(default_factory=dict)
    asked: Mapping[bytes, Confirmation] = field(default_factory=dict)

    async def decide(self, work: ConfirmingWork) -> None:
        """Under the locks of the orders, with nothing written yet: who is refused here has nothing to be undone."""
        fresh = await self._not_answered(work)
        orders = await work.orders.find_all([wish.order_id for wish in fresh], waits=self.moment.waits)
        tokens = [token for wish in fresh if (token := wish.token_hash) is not None]
        self.asked = await work.confirmations.of_tokens(tokens)
        for wish in fresh:
            if (order := orders.get(wish.order_id)) is None:
                self.outcomes[wish] = OrderNotFound(wish.order_id) if self.moment.waits else None
                continue
            try:
                self._confirm(wish, order)
            except PlatformError as refused:
                self.outcomes[wish] = refused
            else:
                wish.context.run(work.orders.put, order)
                self.confirmed[wish] = _Confirmed(order, wish.asking.worded(order))

    async def write(self, work: ConfirmingWork) -> None:
        await work.orders.write()
        await work.answers.keep_all(
            {wish.asking.once: one.answer for wish, one in self.confirmed.items() if wish.asking.once is not None}
        )
        used = [self.asked[token] for wish in self.confirmed if (token := wish.token_hash) is not None]
        await work.confirmations.use_all(used, self.moment.now)

    def refuse(self, shelf: OnShelf) -> Sequence[Wish]:
        """There was not enough for all: who is refused for himself, and who finds his goods without the others."""
        for wish, one in self.confirmed.items():
            if (refusal := refusal_of(one.order, shelf)) is not None:
                self.outcomes[wish] = refusal
        lucky = set(served([one.order for one in self.confirmed.values()], shelf))
        return [wish for wish, one in self.confirmed.items() if one.order in lucky]

    def answer(self) -> None:
        """It is committed."""
        self.outcomes |= {wish: Answer(one.answer) for wish, one in self.confirmed.items()}

    async def _not_answered(self, work: ConfirmingWork) -> Sequence[Wish]:
        """All but those whose answer is known from before, or who used a key that is another's."""
        earlier = await work.answers.begin_all([one.asking.once for one in self.wishes if one.asking.once is not None])
        for wish in self.wishes:
            found = None if wish.asking.once is None else earlier[wish.asking.once]
            if isinstance(found, PlatformError):
                self.outcomes[wish] = found
            elif found is not None:
                self.outcomes[wish] = Answer(found, is_replay=True)
        return [wish for wish in self.wishes if wish not in self.outcomes]

    def _confirm(self, wish: Wish, order: Order) -> None:
        require_version(order.version, wish.expected)
        address, now = wish.shipping_address, self.moment.now
        if wish.yes is not None:
            asked = self.asked.get(hash_of(wish.yes.token))
            confirmation = require(asked, order, Action.CONFIRM, wish.yes, address=address, at=now)
            address = confirmation.shipping_address
        order.confirm(at=now, expires_at=self.moment.expires_at, shipping_address=address)
