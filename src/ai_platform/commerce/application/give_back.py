"""Somebody gives money back, maybe twice under one key: the first answer is kept, and given again."""

from dataclasses import dataclass

from ai_platform.commerce.application.payment_queries import GetPayment, PaymentView
from ai_platform.commerce.application.payment_work import PaymentTransactions
from ai_platform.commerce.application.refund_payment import RefundCommand, RefundPayment
from ai_platform.kernel.once import Answer, Answers, Asking, Json, Once
from ai_platform.kernel.principal import Principal


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Under the key the decision is kept first, and once it is carried out the answer with it.

    Whoever repeats a request that died in between has the same refund carried out, and makes the first answer.
    """

    refund: RefundPayment
    show: GetPayment
    transactions: PaymentTransactions

    async def __call__(self, by: Principal, command: RefundCommand, asking: Asking[PaymentView]) -> Answer:
        """Raises as RefundPayment does, and what a key is refused for."""
        once = asking.once
        if once is None:
            await self.refund(command)
            return Answer(asking.worded(await self.show(by, command.payment_id)))
        async with self.transactions(command.tenant_id) as work:
            earlier = _answer_of(await work.answers.begin(once))
        if earlier is not None:
            return earlier
        await self.refund(command, once)
        worded = asking.worded(await self.show(by, command.payment_id))
        async with self.transactions(command.tenant_id) as work:
            return await _kept(work.answers, once, worded)


async def _kept(answers: Answers, once: Once, worded: Json) -> Answer:
    """A twin that was quicker has given the first answer."""
    decided = await answers.begin(once) or {}
    earlier = _answer_of(decided)
    if earlier is None:
        await answers.keep(once, {**decided, "answer": worded})
    return earlier or Answer(worded)


def _answer_of(kept: Json | None) -> Answer | None:
    answer = (kept or {}).get("answer")
    return Answer(answer, is_replay=True) if isinstance(answer, dict) else None
