"""Payments, put together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter

from ai_platform.commerce.application.ask_provider import AskProvider, Desks
from ai_platform.commerce.application.end_payment import EndPayment
from ai_platform.commerce.application.first_answers import FirstAnswers
from ai_platform.commerce.application.initiate_payment import InitiatePayment
from ai_platform.commerce.application.look_after_payment import LookAfterPayment
from ai_platform.commerce.application.open_payment import OpenPayment
from ai_platform.commerce.application.payment_desk import Desk
from ai_platform.commerce.application.payment_queries import WhosePayment
from ai_platform.commerce.application.press_button import PressButton
from ai_platform.commerce.application.quarantine import ResolveNotice
from ai_platform.commerce.application.receive_notice import ReceiveNotice
from ai_platform.commerce.application.reconcile import Reconcile
from ai_platform.commerce.application.record_provider_state import RecordProviderState
from ai_platform.commerce.application.refund_payment import RefundPayment
from ai_platform.commerce.application.refused_notices import RefusedNotices
from ai_platform.commerce.application.review_payment import ReviewPayment
from ai_platform.commerce.application.show_pay_page import ShowPayPage
from ai_platform.commerce.infrastructure.accounts import SANDBOX, TenantAccounts
from ai_platform.commerce.infrastructure.books import SqlBooks
from ai_platform.commerce.infrastructure.openings import SqlOpenings
from ai_platform.commerce.infrastructure.payment_gates import Providers
from ai_platform.commerce.infrastructure.payment_notices import SqlNotices
from ai_platform.commerce.infrastructure.payment_pages import SqlPaymentPages
from ai_platform.commerce.infrastructure.payment_reads import SqlDuePayments, SqlPaymentReads
from ai_platform.commerce.infrastructure.payment_transactions import SqlPaymentTransactions
from ai_platform.commerce.infrastructure.quarantine import SqlQuarantine
from ai_platform.commerce.infrastructure.recent_accounts import RecentAccounts, RecentTenants
from ai_platform.commerce.infrastructure.sandbox import sandbox_notice
from ai_platform.commerce.interface.callbacks_http import callbacks_router
from ai_platform.commerce.interface.payment_worker import PaymentWorker
from ai_platform.commerce.interface.quarantine_http import quarantine_router
from ai_platform.commerce.interface.reconciliation_http import reconciliation_router
from ai_platform.commerce.interface.sandbox_http import sandbox_router
from ai_platform.kernel.clock import SystemClock
from ai_platform.runtime.db import Database
from ai_platform.runtime.periodic import Periodic
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics
from ai_platform.tenancy.contracts.api import TenancyApi

TELL_EVERY: Final = 60.0
"""Seconds: the window within which forged notices are listed before they are only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """Everything that has to do with money, before orders are put beside it."""

    initiate: InitiatePayment
    refund: RefundPayment
    review: ReviewPayment
    first_answers: FirstAnswers
    reads: SqlPaymentReads
    desk: Desk
    receive: ReceiveNotice
    reconcile: Reconcile
    worker: PaymentWorker
    routers: Sequence[APIRouter]
    idle: Callable[[], Awaitable[None]]
    housekeeping: Sequence[Periodic]


def build_payments(
    database: Database, tenancy: TenancyApi, relay: Relay, metrics: Metrics, queue: str, *, providers: Providers
) -> Paying:
    clock, reads = SystemClock(), SqlPaymentReads(database)
    transactions = SqlPaymentTransactions(database, relay, metrics, queue)
    accounts = RecentAccounts(TenantAccounts(tenancy, providers.shared))
    record = RecordProviderState(transactions, clock)
    ask = AskProvider(Desks(providers.gates, accounts), reads, record)
    end, open_ = EndPayment(ask), OpenPayment(transactions, SqlOpenings(database), ask, clock)
    refund = RefundPayment(transactions, ask, clock)
    notices = SqlNotices(database, relay, queue)
    refused = RefusedNotices(tenancy)
    receive = ReceiveNotice(
        gates=providers.gates,
        accounts=accounts,
        notices=notices,
        tenancy=RecentTenants(tenancy),
        refused=refused,
        count=lambda provider, outcome: metrics.payment_notices.labels(provider, outcome).inc(),
    )
    look_after = LookAfterPayment(
        transactions=transactions, reads=reads, open=open_, end=end, refund=refund, clock=clock
    )  # fmt: skip
    reconcile, quarantine = Reconcile(SqlBooks(database), ask), SqlQuarantine(database)

    async def idle() -> None:
        await notices.idle()
        await refused.tell_at_last()

    return Paying(
        initiate=InitiatePayment(transactions, open_, end, clock, asyncio.sleep),
        refund=refund,
        review=ReviewPayment(transactions, WhosePayment(reads), reads, tenancy, clock),
        first_answers=FirstAnswers(transactions),
        reads=reads,
        desk=Desk(transactions, end, refund, clock),
        receive=receive,
        reconcile=reconcile,
        worker=PaymentWorker(SqlDuePayments(database), look_after),
        routers=(
            callbacks_router(receive),
            *_sandbox(providers, tenancy, receive),
            reconciliation_router(reconcile, SqlPaymentPages(database)),
            quarantine_router(quarantine, ResolveNotice(quarantine, tenancy)),
        ),
        idle=idle,
        housekeeping=(Periodic("refused-notices", refused.tell, seconds=TELL_EVERY),),
    )


def _sandbox(providers: Providers, tenancy: TenancyApi, receive: ReceiveNotice) -> Sequence[APIRouter]:
    account = providers.shared.get(SANDBOX)
    if account is None:
        return ()
    show = ShowPayPage(providers.sandbox, tenancy, SystemClock())
    press = PressButton(providers.sandbox, receive, lambda page: sandbox_notice(page, account.secret))
    return (sandbox_router(show, press),)
