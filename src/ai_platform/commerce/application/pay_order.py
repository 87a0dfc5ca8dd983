"""Somebody asks for a place to pay, maybe twice under one key: the first answer is kept, and given again."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.first_answers import FirstAnswers
from ai_platform.commerce.application.initiate_payment import InitiatePayment
from ai_platform.commerce.application.order_queries import GetOrder
from ai_platform.commerce.application.order_views import OrderView
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
    first_answers: FirstAnswers

    async def __call__(
        self,
        by: Principal,
        order_id: UUID,
        asking: Asking[PlaceToPay],
        *,
        method: Method | None = None,
        yes: Yes | None = None,
    ) -> Answer:
        """Raises as InitiatePayment does, and what a key is refused for."""
        tenant_id = await self.whose(by, order_id)
        earlier = await self.first_answers.given(tenant_id, asking.once)
        if earlier is not None:
            return earlier
        initiated = await self.initiate(tenant_id, order_id, method, yes=yes)
        place = PlaceToPay(await self.show(by, order_id), initiated.is_new)
        return await self.first_answers.keep(tenant_id, asking.once, asking.worded(place))
