"""The first answer to what takes more than one transaction: kept beside what was decided, and given again."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.payment_work import PaymentTransactions
from ai_platform.kernel.once import Answer, Json, Once


@dataclass(frozen=True, slots=True)
class FirstAnswers:
    """A key whose row holds a decision but no answer belongs to a request that died, or was refused, in between."""

    transactions: PaymentTransactions

    async def given(self, tenant_id: UUID, once: Once | None) -> Answer | None:
        """Raises Conflict `idempotency_in_progress` and InvalidInput `idempotency_key_reused`."""
        if once is None:
            return None
        async with self.transactions(tenant_id) as work:
            return _answer_of(await work.answers.begin(once))

    async def keep(self, tenant_id: UUID, once: Once | None, worded: Json) -> Answer:
        """Unless a twin was quicker: all are told the same.

        Raises Conflict `idempotency_in_progress` in the moment in which a twin keeps his; a repeat is told then.
        """
        if once is None:
            return Answer(worded)
        async with self.transactions(tenant_id) as work:
            decided = await work.answers.begin(once) or {}
            earlier = _answer_of(decided)
            if earlier is None:
                await work.answers.keep(once, {**decided, "answer": worded})
            return earlier or Answer(worded)


def _answer_of(kept: Json | None) -> Answer | None:
    answer = (kept or {}).get("answer")
    return Answer(answer, is_replay=True) if isinstance(answer, dict) else None
