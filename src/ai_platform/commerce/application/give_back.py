"""Somebody gives money back, maybe twice under one key: the first answer is kept, and given again."""

from dataclasses import dataclass

from ai_platform.commerce.application.first_answers import FirstAnswers
from ai_platform.commerce.application.payment_queries import GetPayment, PaymentView
from ai_platform.commerce.application.refund_payment import RefundCommand, RefundPayment
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Under the key the decision is kept first, and once it is carried out the answer with it.

    Whoever repeats a request that died in between has the same refund carried out, and makes the first answer.
    """

    refund: RefundPayment
    show: GetPayment
    first_answers: FirstAnswers

    async def __call__(self, by: Principal, command: RefundCommand, asking: Asking[PaymentView]) -> Answer:
        """Raises as RefundPayment does, and what a key is refused for."""
        earlier = await self.first_answers.given(command.tenant_id, asking.once)
        if earlier is not None:
            return earlier
        await self.refund(command, asking.once)
        view = await self.show(by, command.payment_id)
        return await self.first_answers.keep(command.tenant_id, asking.once, asking.worded(view))
