"""Orders, put together."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.add_to_order import AddToOrder
from ai_platform.commerce.application.ask_confirmation import AskConfirmation
from ai_platform.commerce.application.cancel_order import CancelOrder
from ai_platform.commerce.application.change_order import ChangeOrder
from ai_platform.commerce.application.confirm_order import ConfirmOrder
from ai_platform.commerce.application.confirm_together import ConfirmTogether
from ai_platform.commerce.application.confirming import Outcome, Wish
from ai_platform.commerce.application.create_order import CreateOrder
from ai_platform.commerce.application.expire_order import ExpireOrder, ExpireOverdueOrders
from ai_platform.commerce.application.move_order import MoveOrder
from ai_platform.commerce.application.order_ports import PaymentDesk
from ai_platform.commerce.application.order_queries import GetOrder, ListOrders
from ai_platform.commerce.application.remove_from_order import RemoveFromOrder
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.infrastructure.order_reads import SqlOrderReads
from ai_platform.commerce.infrastructure.order_work import OrderTransactions
from ai_platform.commerce.interface.orders_http import OrderUseCases
from ai_platform.kernel.clock import SystemClock
from ai_platform.runtime.batching import KeyedBatchers
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    use: OrderUseCases
    whose: WhoseOrder
    expire: ExpireOrder
    expire_overdue: ExpireOverdueOrders
    idle: Callable[[], Awaitable[object]]


def build_orders(
    transactions: OrderTransactions, reads: SqlOrderReads, tenancy: TenancyApi, payments: PaymentDesk
) -> Ordering:
    clock, whose = SystemClock(), WhoseOrder(reads)
    together = ConfirmTogether(transactions=transactions, tenancy=tenancy, clock=clock)
    batches: KeyedBatchers[UUID, Wish, Outcome] = KeyedBatchers(together, parallel=2)
    confirm = ConfirmOrder(transactions=transactions, together=batches, alone=together.alone, whose=whose, clock=clock)
    cancel = CancelOrder(transactions=transactions, payments=payments, whose=whose, clock=clock)
    expire = ExpireOrder(transactions=transactions, payments=payments, clock=clock)
    use = OrderUseCases(
        create=CreateOrder(transactions=transactions, tenancy=tenancy, clock=clock),
        add=AddToOrder(transactions=transactions, whose=whose, clock=clock),
        remove=RemoveFromOrder(transactions=transactions, whose=whose, clock=clock),
        change=ChangeOrder(transactions=transactions, whose=whose, clock=clock),
        ask=AskConfirmation(transactions=transactions, whose=whose, clock=clock),
        confirm=confirm,
        cancel=cancel,
        move=MoveOrder(transactions=transactions, confirm=confirm, cancel=cancel, whose=whose, clock=clock),
        get=GetOrder(reads, whose),
        list_=ListOrders(reads, tenancy),
    )
    return Ordering(
        use=use,
        whose=whose,
        expire=expire,
        expire_overdue=ExpireOverdueOrders(reads=reads, expire=expire, clock=clock),
        idle=lambda: asyncio.gather(reads.idle(), batches.idle()),
    )
