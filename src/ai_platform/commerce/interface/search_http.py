"""Products listed and searched, over HTTP."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from ai_platform.commerce.application.browse_products import ListProducts
from ai_platform.commerce.application.catalogue_ports import ProductFilter
from ai_platform.commerce.application.know_currency import KnowCurrency
from ai_platform.commerce.application.search_products import SearchProducts
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.ranking import Rank
from ai_platform.commerce.interface.catalogue_http import PRODUCTS
from ai_platform.commerce.interface.catalogue_schemas import Category, ProductPage, ProductResource
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.kernel.money import NotMoney, SaidMoney
from ai_platform.runtime.cursors import cursor_of, name_cursor_of, name_position_of, position_of
from ai_platform.runtime.fields import StoredText
from ai_platform.runtime.http import Caller
from ai_platform.runtime.problems import refusals

PRICES: Final = refusals(NotMoney("IDR takes whole amounts only", "query", "min_price"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingUseCases:
    list_: ListProducts
    search: SearchProducts
    currency: KnowCurrency


def finding_router(use: FindingUseCases) -> APIRouter:
    router = APIRouter(prefix=PRODUCTS, tags=["Catalogue"])

    @router.get(
        "",
        operation_id="listProducts",
        summary="Products, newest or best first",
        responses=PRICES,
    )
    async def list_products(  # noqa: PLR0913 - each is a parameter of the query
        tenant_id: UUID,
        caller: Caller,
        *,
        q: Annotated[StoredText | None, Query(max_length=500, description="What somebody asks for.")] = None,
        category: Annotated[Category | None, Query()] = None,
        min_price: Annotated[str | None, Query(max_length=64)] = None,
        max_price: Annotated[str | None, Query(max_length=64)] = None,
        in_stock: bool | None = None,
        active: bool = True,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> ProductPage:
        """With `q`, the best first: an exact SKU, then by name, then by anything said of it, spelled in any way; of
        very many, the best 500. Without, the newest first. Archived products with `active=false` only."""
        prices = await _prices(use.currency, caller, tenant_id, min_price, max_price)
        where = ProductFilter(
            category=category, min_price=prices[0], max_price=prices[1], in_stock=in_stock, active=active
        )
        if q is None or not q.strip():
            found, more = await use.list_(caller, tenant_id, where, before=position_of(cursor), limit=limit)
            return _page(found, cursor_of(found[-1].id) if more else None)
        after = _rank_of(cursor)
        products, last = await use.search(caller, tenant_id, q, where, after=after, limit=limit)
        return _page(products, _cursor_of(last) if last else None)

    return router


async def _prices(currency: KnowCurrency, caller: Caller, tenant_id: UUID, *said: str | None) -> tuple[int | None, ...]:
    """Lowest and highest. Raises NotMoney."""
    if said == (None, None):
        return (None, None)
    known = await currency(caller, tenant_id)
    named = zip(("min_price", "max_price"), said, strict=True)
    return tuple(
        None if words is None else SaidMoney(words).within(known, "query", name).amount for name, words in named
    )


def _page(found: Sequence[Product], cursor: str | None) -> ProductPage:
    return ProductPage(items=[ProductResource.of(one) for one in found], next_cursor=cursor)


def _cursor_of(last: Rank) -> str:
    return name_cursor_of(f"{last.found_by}.{last.cost}.{last.other_words}.{last.newness}")


def _rank_of(cursor: str | None) -> Rank | None:
    """Raises InvalidInput for anything that `_cursor_of` did not make."""
    words = name_position_of(cursor)
    if words is None:
        return None
    parts = words.split(".")
    if len(parts) != 4 or not all(_IS_NUMBER.fullmatch(part) for part in parts):
        violation = Violation(("query", "cursor"), "is not a cursor of this search", "invalid_cursor")
        raise InvalidInput("The cursor is not valid.", code="invalid_cursor", violations=(violation,))
    return Rank(*(int(part) for part in parts))


_IS_NUMBER: Final = re.compile(r"-?[0-9]{1,40}", re.ASCII)
