"""Commerce, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from ai_platform.commerce.application.archive_product import ArchiveProduct
from ai_platform.commerce.application.browse_products import GetProduct, ListProducts
from ai_platform.commerce.application.change_product import ChangeProduct
from ai_platform.commerce.application.create_product import CreateProduct
from ai_platform.commerce.application.facade import CommerceFacade
from ai_platform.commerce.application.import_products import ImportProducts
from ai_platform.commerce.application.know_currency import KnowCurrency
from ai_platform.commerce.application.move_stock import MoveStock
from ai_platform.commerce.application.search_products import SearchProducts
from ai_platform.commerce.application.variants import AddVariant, ChangeVariant
from ai_platform.commerce.contracts.api import CommerceApi
from ai_platform.commerce.infrastructure.catalogue import CatalogueTransactions
from ai_platform.commerce.infrastructure.purchases import SqlPurchases
from ai_platform.commerce.infrastructure.search_index import IndexTransactions
from ai_platform.commerce.infrastructure.shelves import SqlShelves
from ai_platform.commerce.interface.catalogue_http import CatalogueUseCases, products_router
from ai_platform.commerce.interface.import_http import IMPORT, ImportUseCases, import_router
from ai_platform.commerce.interface.search_http import FindingUseCases, finding_router
from ai_platform.kernel.clock import SystemClock
from ai_platform.runtime.db import Database
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Commerce:
    """`body_limits` are in bytes; None where the body is read as it comes."""

    api: CommerceApi
    routers: Sequence[APIRouter]
    body_limits: Mapping[str, int | None]


def build_commerce(*, database: Database, tenancy: TenancyApi) -> Commerce:
    return Commerce(
        api=CommerceFacade(SqlPurchases(database)), routers=_catalogue(database, tenancy), body_limits={IMPORT: None}
    )


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
