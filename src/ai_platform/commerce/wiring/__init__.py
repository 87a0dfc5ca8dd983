"""Commerce, put together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from ai_platform.commerce.application.archive_product import ArchiveProduct
from ai_platform.commerce.application.browse_products import GetProduct, ListProducts
from ai_platform.commerce.application.change_product import ChangeProduct
from ai_platform.commerce.application.create_product import CreateProduct
from ai_platform.commerce.application.expire_order import ExpireOrder, ExpireOverdueOrders
from ai_platform.commerce.application.facade import CommerceFacade
from ai_platform.commerce.application.give_back import GiveBack
from ai_platform.commerce.application.import_products import ImportProducts
from ai_platform.commerce.application.know_currency import KnowCurrency
from ai_platform.commerce.application.move_stock import MoveStock
from ai_platform.commerce.application.pay_order import PayOrder
from ai_platform.commerce.application.payment_queries import GetPayment, ListPayments, WhosePayment
from ai_platform.commerce.application.reconcile import Reconcile
from ai_platform.commerce.application.search_products import SearchProducts
from ai_platform.commerce.application.variants import AddVariant, ChangeVariant
from ai_platform.commerce.contracts.api import CommerceApi
from ai_platform.commerce.infrastructure.catalogue import CatalogueTransactions
from ai_platform.commerce.infrastructure.order_reads import SqlOrderReads
from ai_platform.commerce.infrastructure.order_work import OrderTransactions
from ai_platform.commerce.infrastructure.payment_gates import providers_of
from ai_platform.commerce.infrastructure.payment_pages import SqlPaymentPages
from ai_platform.commerce.infrastructure.purchases import SqlPurchases
from ai_platform.commerce.infrastructure.retention import CommerceRetention
from ai_platform.commerce.infrastructure.search_index import IndexTransactions
from ai_platform.commerce.infrastructure.shelves import SqlShelves
from ai_platform.commerce.interface.callbacks_http import CALLBACKS
from ai_platform.commerce.interface.catalogue_http import CatalogueUseCases, products_router
from ai_platform.commerce.interface.import_http import IMPORT, ImportUseCases, import_router
from ai_platform.commerce.interface.messages import Messages
from ai_platform.commerce.interface.order_steps_http import order_steps_router
from ai_platform.commerce.interface.orders_http import OrderUseCases, orders_router
from ai_platform.commerce.interface.payment_worker import PaymentWorker
from ai_platform.commerce.interface.payments_http import PaymentUseCases, payments_router
from ai_platform.commerce.interface.search_http import FindingUseCases, finding_router
from ai_platform.commerce.wiring.orders import build_orders
from ai_platform.commerce.wiring.payments import build_payments
from ai_platform.kernel.clock import SystemClock
from ai_platform.runtime.bus import Message
from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import Keyring
from ai_platform.runtime.periodic import Periodic
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.settings import Settings
from ai_platform.runtime.telemetry import Metrics
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True, kw_only=True)
class CommerceWork:
    """What the commerce agent's process does of commerce."""

    payments: PaymentWorker
    expire_overdue: ExpireOverdueOrders
    reconcile: Reconcile
    forget_old: Callable[[], Awaitable[None]]
    on_message: Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commerce:
    """`below` are the paths whose callers prove themselves without a key; `housekeeping` is the gateway's.

    `body_limits` are in bytes; None where the body is read as it comes.
    """

    api: CommerceApi
    orders: OrderUseCases
    payments: PaymentUseCases
    expire_order: ExpireOrder
    work: CommerceWork
    routers: Sequence[APIRouter]
    below: tuple[str, ...]
    body_limits: Mapping[str, int | None]
    housekeeping: Sequence[Periodic]
    idle: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


def build_commerce(
    *, database: Database, tenancy: TenancyApi, relay: Relay, metrics: Metrics, settings: Settings, keyring: Keyring
) -> Commerce:
    """The commerce queue takes the wake-ups of whoever works on orders and payments."""
    reads, providers = SqlOrderReads(database), providers_of(settings, database)
    transactions = OrderTransactions(database, relay, metrics, settings.rabbitmq_crm_queue, keyring)
    paying = build_payments(database, tenancy, relay, metrics, settings.rabbitmq_crm_queue, providers=providers)
    ordering = build_orders(transactions, reads, tenancy, paying.desk)
    whose = WhosePayment(paying.reads)
    get = GetPayment(paying.reads, whose)
    payments = PaymentUseCases(
        pay=PayOrder(ordering.whose, paying.initiate, ordering.use.get, paying.first_answers),
        give_back=GiveBack(paying.refund, get, paying.first_answers),
        get=get,
        whose=whose,
        reads=paying.reads,
        list_=ListPayments(SqlPaymentPages(database), tenancy),
        review=paying.review,
    )
    return Commerce(
        api=CommerceFacade(SqlPurchases(database)),
        orders=ordering.use,
        payments=payments,
        expire_order=ordering.expire,
        work=CommerceWork(
            payments=paying.worker,
            expire_overdue=ordering.expire_overdue,
            reconcile=paying.reconcile,
            forget_old=CommerceRetention(database, notice_days=settings.payment_notice_retention_days),
            on_message=Messages(ordering.expire, paying.worker),
        ),
        routers=(
            *_catalogue(database, tenancy),
            orders_router(ordering.use),
            order_steps_router(ordering.use),
            payments_router(payments),
            *paying.routers,
        ),
        below=(CALLBACKS,),
        body_limits={IMPORT: None},
        housekeeping=paying.housekeeping,
        idle=lambda: _all_of(paying.idle, ordering.idle),
        close=providers.client.aclose,
    )


async def _all_of(*idle: Callable[[], Awaitable[object]]) -> None:
    await asyncio.gather(*(one() for one in idle))


def _catalogue(database: Database, tenancy: TenancyApi) -> Sequence[APIRouter]:
    clock, transactions = SystemClock(), CatalogueTransactions(database)
    shelves, currency = SqlShelves(database), KnowCurrency(tenancy)
    finding = FindingUseCases(
        list_=ListProducts(shelves, tenancy),
        search=SearchProducts(IndexTransactions(database), tenancy),
        currency=currency,
    )
    catalogue = CatalogueUseCases(
        create=CreateProduct(transactions=transactions, clock=clock),
        change=ChangeProduct(transactions, clock),
        archive=ArchiveProduct(transactions, clock),
        get=GetProduct(shelves, tenancy),
        add_variant=AddVariant(transactions, clock),
        change_variant=ChangeVariant(transactions, clock),
        move_stock=MoveStock(transactions, clock),
        currency=currency,
    )
    importing = ImportUseCases(import_=ImportProducts(transactions, clock), currency=currency)
    return (import_router(importing), finding_router(finding), products_router(catalogue))
