"""A shop with goods on its shelf and customers who order them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text

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


class Shop:
    """The use cases of orders over one database, as the default tenant."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock, self.metrics = database, SettableClock(), Metrics()
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

    async def product(self, sku: str, *, price: int = 10_000, stock: int = 5, tenant_id: UUID = DEFAULT_TENANT) -> UUID:
        product_id, variant_id = new_id(), new_id()
        await self.sql(
            """INSERT INTO products (id, tenant_id, name, base_price, currency)
            VALUES (:id, :tenant, :name, :price, 'IDR')""",
            id=product_id,
            tenant=tenant_id,
            name=f"Kopi {sku}",
            price=price,
        )
        await self.sql(
            """INSERT INTO product_variants (id, tenant_id, product_id, sku, name, price, stock)
            VALUES (:id, :tenant, :product, :sku, 'default', :price, :stock)""",
            id=variant_id,
            tenant=tenant_id,
            product=product_id,
            sku=sku,
            price=price,
            stock=stock,
        )
        return variant_id

    async def customer(self, tenant_id: UUID = DEFAULT_TENANT) -> UUID:
        customer_id = new_id()
        await self.sql(
            "INSERT INTO customers (id, tenant_id, name) VALUES (:id, :tenant, 'Sri')", id=customer_id, tenant=tenant_id
        )
        return customer_id

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

    async def shelf(self, variant_id: UUID) -> tuple[int, int]:
        """Stock, and how much of it is reserved."""
        [row] = await self.sql("SELECT stock, reserved FROM product_variants WHERE id = :id", id=variant_id)
        return row[0], row[1]

    async def reservations(self, order_id: UUID) -> list[str]:
        rows = await self.sql("SELECT status FROM stock_reservations WHERE order_id = :id ORDER BY id", id=order_id)
        return [row[0] for row in rows]

    async def moves(self, order_id: UUID) -> list[tuple[str, int]]:
        rows = await self.sql("SELECT kind, delta FROM stock_moves WHERE order_id = :id ORDER BY id", id=order_id)
        return [(row[0], row[1]) for row in rows]

    async def told(self, order_id: UUID) -> list[str]:
        """What everybody was told of the order, and the wake-ups for later, in the order of the alphabet."""
        rows = await self.sql("SELECT type FROM outbox WHERE body ->> 'order_id' = :id", id=str(order_id))
        return sorted(row[0] for row in rows)

    async def kill_who_waits(self) -> None:
        """Of connections: those that wait for a lock of somebody else."""
        connection = await asyncpg.connect(self.database.listen_dsn())
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        await connection.close()

    async def sql(self, statement: str, **values: object) -> Sequence[tuple[Any, ...]]:
        async with self.database.transaction(None) as connection:
            result = await connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []


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
