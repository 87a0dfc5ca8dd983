"""A shop with goods on its shelf and customers who order them."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ai_platform.commerce.application.add_to_order import AddToOrder
from ai_platform.commerce.application.ask_confirmation import AskConfirmation, Summary
from ai_platform.commerce.application.cancel_order import CancelOrder
from ai_platform.commerce.application.confirm_order import ConfirmOrder
from ai_platform.commerce.application.confirm_together import ConfirmTogether
from ai_platform.commerce.application.confirming import Outcome, Wish
from ai_platform.commerce.application.create_order import CreateOrder, NewOrder
from ai_platform.commerce.application.expire_order import ExpireOrder, ExpireOverdueOrders
from ai_platform.commerce.application.fulfilling import Fulfilling
from ai_platform.commerce.application.move_order import MoveOrder
from ai_platform.commerce.application.order_ports import Wanted
from ai_platform.commerce.application.order_views import OrderView
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_status import OrderStatus, PaymentStatus
from ai_platform.commerce.infrastructure.order_reads import SqlOrderReads
from ai_platform.commerce.infrastructure.order_work import OrderTransactions
from ai_platform.kernel.clock import SystemClock
from ai_platform.kernel.errors import PlatformError
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.once import Asking
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.runtime.batching import KeyedBatchers
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import Keyring, new_secrets_key
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics
from tests.integration.orders.shop_rows import ShopRows
from tests.unit.memory import OneTenant

OWNER = Principal("owner", Role.OWNER, DEFAULT_TENANT)
KEYS = Keyring.parse(new_secrets_key())
AGENT = Principal("agent", Role.AGENT, DEFAULT_TENANT)


class SettableClock:
    """Implements `Clock`: the real time, moved."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.moved

    def pass_(self, **time: float) -> None:
        self.moved += timedelta(**time)


@dataclass
class DeskOfOneProvider:
    """Implements `PaymentDesk`: what the provider says is set by the test, and recorded as payments will."""

    shop: "Shop"
    says: PaymentStatus | PlatformError = PaymentStatus.EXPIRED
    asked: list[str] = field(default_factory=list)

    async def end_live(self, tenant_id: UUID, order_id: UUID) -> None:
        del tenant_id
        self.asked.append("end")
        if isinstance(self.says, PlatformError):
            raise self.says
        payment_id = (await self.shop.order(order_id)).payment_id
        if payment_id is None:
            return
        if self.says is PaymentStatus.PAID:
            await self.shop.paid(order_id, payment_id)
        else:
            async with self.shop.transactions(DEFAULT_TENANT) as work:
                at = self.shop.clock.now()
                await Fulfilling(work).payment_ended(order_id, payment_id, self.says, at=at)

    async def refund_in_full(self, tenant_id: UUID, order_id: UUID, *, reason: str, actor: str) -> None:
        del tenant_id, reason, actor
        self.asked.append("refund")
        if isinstance(self.says, PlatformError):
            raise self.says
        order = await self.shop.order(order_id)
        assert order.payment_id is not None
        await self.shop.refunded(order_id, order.payment_id, order.total)


class Shop(ShopRows):
    """The use cases of orders over one database, as the default tenant."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.clock, self.metrics = SettableClock(), Metrics()
        relay = Relay(Outbox(database), EmbeddedBus(database, ()))
        self.transactions = OrderTransactions(database, relay, self.metrics, "crm_tasks", KEYS)
        self.reads, self.desk, tenancy = SqlOrderReads(database), DeskOfOneProvider(self), OneTenant()
        whose = WhoseOrder(self.reads)
        parts: dict[str, Any] = {"transactions": self.transactions, "clock": self.clock}
        self.create = CreateOrder(tenancy=tenancy, **parts)
        self.add = AddToOrder(whose=whose, **parts)
        self.asks = AskConfirmation(whose=whose, **parts)
        self.together = ConfirmTogether(tenancy=tenancy, **parts)
        batches: KeyedBatchers[UUID, Wish, Outcome] = KeyedBatchers(self.together, parallel=2)
        self.confirm = ConfirmOrder(together=batches, alone=self.together.alone, whose=whose, **parts)
        self.cancel = CancelOrder(payments=self.desk, whose=whose, **parts)
        self.move = MoveOrder(confirm=self.confirm, cancel=self.cancel, whose=whose, **parts)
        self.expire = ExpireOrder(payments=self.desk, **parts)
        self.expire_overdue = ExpireOverdueOrders(reads=self.reads, expire=self.expire, clock=self.clock)

    async def an_order(self, *items: tuple[UUID, int], customer_id: UUID | None = None) -> UUID:
        new = NewOrder(
            customer_id=customer_id or await self.customer(),
            wanted=[Wanted(variant_id=variant_id, quantity=quantity) for variant_id, quantity in items],
        )
        answer = await self.create(AGENT, DEFAULT_TENANT, new, ASKING)
        return UUID(str(answer.body["id"]))

    async def confirmed(self, *items: tuple[UUID, int]) -> UUID:
        order_id = await self.an_order(*items)
        await self.confirm(AGENT, order_id, ASKING)
        return order_id

    async def paid_order(self, *items: tuple[UUID, int]) -> tuple[UUID, UUID]:
        order_id = await self.confirmed(*items)
        payment_id = await self.begin_payment(order_id)
        assert await self.paid(order_id, payment_id)
        return order_id, payment_id

    async def ask(self, by: Principal, order_id: UUID, action: Action, **more: Any) -> Summary:
        shown: list[Summary] = []

        def worded(summary: Summary) -> dict[str, object]:
            shown.append(summary)
            return {}

        await self.asks(by, order_id, action, asking=Asking(worded), **more)
        return shown[0]

    async def begin_payment(self, order_id: UUID, payment_id: UUID | None = None) -> UUID:
        payment_id = payment_id or new_id()
        async with self.transactions(DEFAULT_TENANT) as work:
            await Fulfilling(work).payment_begins(order_id, payment_id, at=self.clock.now())
        return payment_id

    async def paid(self, order_id: UUID, payment_id: UUID) -> bool:
        async with self.transactions(DEFAULT_TENANT) as work:
            return await Fulfilling(work).paid(order_id, payment_id, at=self.clock.now())

    async def refunded(self, order_id: UUID, payment_id: UUID, refunded: int, *, in_full: bool = True) -> None:
        async with self.transactions(DEFAULT_TENANT) as work:
            await Fulfilling(work).refunded(
                order_id, payment_id, refunded=refunded, in_full=in_full, at=self.clock.now()
            )

    async def reversed(self, order_id: UUID, payment_id: UUID) -> None:
        async with self.transactions(DEFAULT_TENANT) as work:
            await Fulfilling(work).reversed(order_id, payment_id, at=self.clock.now())

    async def order(self, order_id: UUID) -> Order:
        async with self.transactions(DEFAULT_TENANT) as work:
            return await work.orders.find(order_id)

    async def view(self, order_id: UUID) -> OrderView:
        view = await self.reads.get(DEFAULT_TENANT, order_id)
        assert view is not None
        return view

    async def state(self, order_id: UUID) -> tuple[OrderStatus, PaymentStatus]:
        order = await self.order(order_id)
        return order.status, order.payment_status


def _worded(order: Order) -> dict[str, object]:
    return {"id": str(order.id), "version": order.version, "total": order.total}


ASKING = Asking(_worded)


async def outcomes(*calls: Any) -> list[str]:
    """`done`, or the code of the refusal, of calls made at once."""

    async def outcome(call: Any) -> str:
        try:
            await call
        except PlatformError as error:
            return error.stable_code
        return "done"

    return sorted(await asyncio.gather(*(outcome(call) for call in calls)))
