"""The inbox, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from ai_platform.commerce.contracts.api import CommerceApi
from ai_platform.inbox.application.change_customer import ChangeCustomer
from ai_platform.inbox.application.create_customer import CreateCustomer
from ai_platform.inbox.application.erase_customer import EraseCustomer
from ai_platform.inbox.application.queries import GetCustomer, ListCustomers
from ai_platform.inbox.application.views import CustomerViews
from ai_platform.inbox.application.whose_customer import WhoseCustomer
from ai_platform.inbox.infrastructure.customers import CustomerTransactions, SqlCustomerReads
from ai_platform.inbox.interface.customers_http import CustomerUseCases, customers_router
from ai_platform.kernel.clock import SystemClock
from ai_platform.runtime.db import Database
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    routers: Sequence[APIRouter]


def build_inbox(*, database: Database, commerce: CommerceApi, tenancy: TenancyApi) -> Inbox:
    clock, transactions, reads = SystemClock(), CustomerTransactions(database), SqlCustomerReads(database)
    views, whose = CustomerViews(commerce, tenancy), WhoseCustomer(reads)
    customers = CustomerUseCases(
        create=CreateCustomer(transactions, views, clock),
        change=ChangeCustomer(transactions=transactions, views=views, whose=whose, clock=clock),
        erase=EraseCustomer(transactions, whose, clock),
        get=GetCustomer(reads, views, whose),
        list_=ListCustomers(reads, views),
    )
    return Inbox(routers=(customers_router(customers),))
