"""Somebody asks for a place to pay, maybe twice under one key: the first answer is kept, and given again."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.initiate_payment import InitiatePayment
from ai_platform.commerce.application.order_queries import GetOrder
from ai_platform.commerce.application.order_views import OrderView
from ai_platform.commerce.application.payment_work import PaymentTransactions
from ai_platform.commerce.application.second_step import Yes
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.payment import Method
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal


@dataclass(frozen=True, slots=True)
class PlaceToPay:
    """The order with its payment; `is_new`: it had none that lives."""

    order: OrderView
    is_new: bool


@dataclass(frozen=True, slots=True)
class PayOrder:
    """To ask twice is harmless, so the key need not be held while the provider is asked."""

    whose: WhoseOrder
    initiate: InitiatePayment
    show: GetOrder
    transactions: PaymentTransactions

    async def __call__(
        self,
        by: Principal,
        order_id: UUID,
        method: Method | None,
        asking: Asking[PlaceToPay],
        *,
        yes: Yes | None = None,
    ) -> Answer:
        """Raises as InitiatePayment does, and what a key is refused for."""
        tenant_id = await self.whose(by, order_id)
        if asking.once is None:
            return Answer(asking.worded(await self._place(by, tenant_id, order_id, method, yes)))
        async with self.transactions(tenant_id) as work:
            earlier = await asking.earlier(work.answers)
        if earlier is not None:
            return earlier
        place = await self._place(by, tenant_id, order_id, method, yes)
        async with self.transactions(tenant_id) as work:
            return await asking.earlier(work.answers) or await asking.answer(work.answers, place)

    async def _place(
        self, by: Principal, tenant_id: UUID, order_id: UUID, method: Method | None, yes: Yes | None
    ) -> PlaceToPay:
        initiated = await self.initiate(tenant_id, order_id, method, yes=yes)
        return PlaceToPay(await self.show(by, order_id), initiated.is_new)
