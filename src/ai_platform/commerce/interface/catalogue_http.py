"""Products over HTTP."""

import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response

from ai_platform.commerce.application.archive_product import ArchiveProduct
from ai_platform.commerce.application.browse_products import GetProduct
from ai_platform.commerce.application.change_product import ChangeProduct
from ai_platform.commerce.application.create_product import CreateProduct
from ai_platform.commerce.application.know_currency import KnowCurrency
from ai_platform.commerce.application.move_stock import MoveStock
from ai_platform.commerce.application.variants import AddVariant, ChangeVariant
from ai_platform.commerce.domain.errors import LastVariant, ProductNotFound, SkuTaken, StockTooLow, VariantNotFound
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.interface.catalogue_schemas import (
    ProductBody,
    ProductPatch,
    ProductResource,
    StockBody,
    VariantBody,
    VariantPatch,
    VariantResource,
)
from ai_platform.kernel.access import RoleTooLow
from ai_platform.kernel.money import NotMoney
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Role
from ai_platform.runtime.http import REPLAYED, Caller, ExpectedVersions, OnlyOnce
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

PRODUCTS: Final = "/v1/crm/tenants/{tenant_id}/products"
OWNERS: Final = RoleTooLow(Role.OWNER)
UNKNOWN: Final = ProductNotFound(EXAMPLE_ID)
UNKNOWN_VARIANT: Final = VariantNotFound(EXAMPLE_ID)
SKU: Final = SkuTaken("GAYO-250")
MONEY: Final = NotMoney("IDR takes whole amounts only", "price")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueUseCases:
    create: CreateProduct
    change: ChangeProduct
    archive: ArchiveProduct
    get: GetProduct
    add_variant: AddVariant
    change_variant: ChangeVariant
    move_stock: MoveStock
    currency: KnowCurrency


def products_router(use: CatalogueUseCases) -> APIRouter:
    router = APIRouter(prefix=PRODUCTS, tags=["Catalogue"])
    _serve_products(router, use)
    _serve_changes(router, use)
    _serve_variants(router, use)
    return router


def _serve_products(router: APIRouter, use: CatalogueUseCases) -> None:
    @router.post(
        "",
        status_code=201,
        operation_id="createProduct",
        summary="Offer something new",
        response_model=ProductResource,
        responses=refusals(OWNERS, SKU, MONEY),
    )
    async def create_product(tenant_id: UUID, body: ProductBody, caller: Caller, once: OnlyOnce) -> Response:
        """Role owner. The SKU of a variant is unique within the tenant, in any case."""
        draft = body.draft(await use.currency(caller, tenant_id))
        answer = await use.create(caller, tenant_id, draft, Asking(ProductResource.worded, once))
        location = PRODUCTS.format(tenant_id=tenant_id) + f"/{answer.body['id']}"
        return _answered(answer, 201, {"Location": location, "ETag": f'"{answer.body["version"]}"'})

    @router.get(
        "/{product_id:uuid}",
        operation_id="getProduct",
        summary="One product",
        response_model=ProductResource,
        responses=refusals(UNKNOWN),
    )
    async def get_product(tenant_id: UUID, product_id: UUID, caller: Caller) -> Response:
        """An archived one too: it says `is_active: false`."""
        return _shown(await use.get(caller, tenant_id, product_id))

    @router.delete(
        "/{product_id:uuid}",
        status_code=204,
        operation_id="archiveProduct",
        summary="Stop selling a product",
        responses=refusals(OWNERS, UNKNOWN),
    )
    async def archive_product(tenant_id: UUID, product_id: UUID, caller: Caller, expected: ExpectedVersions) -> None:
        """Role owner. It is not found or sold any more; what was ordered of it stays as it was."""
        await use.archive(caller, tenant_id, product_id, expected=expected)


def _serve_changes(router: APIRouter, use: CatalogueUseCases) -> None:
    @router.put(
        "/{product_id:uuid}",
        operation_id="replaceProduct",
        summary="Describe a product anew",
        response_model=ProductResource,
        responses=refusals(OWNERS, UNKNOWN, SKU, MONEY),
    )
    async def replace_product(
        tenant_id: UUID, product_id: UUID, body: ProductBody, caller: Caller, expected: ExpectedVersions
    ) -> Response:
        """Role owner. When it names variants, others are archived; the stock of one that stays is left alone."""
        currency = await use.currency(caller, tenant_id)
        variants = body.drafts(currency) or None
        return _shown(
            await use.change(
                caller, tenant_id, product_id, body.changes(currency), variants=variants, expected=expected
            )
        )

    @router.patch(
        "/{product_id:uuid}",
        operation_id="changeProduct",
        summary="Change a product",
        response_model=ProductResource,
        responses=refusals(OWNERS, UNKNOWN, MONEY),
    )
    async def change_product(
        tenant_id: UUID, product_id: UUID, body: ProductPatch, caller: Caller, expected: ExpectedVersions
    ) -> Response:
        """Role owner. What is not named stays as it is."""
        changes = body.changes(await use.currency(caller, tenant_id))
        return _shown(await use.change(caller, tenant_id, product_id, changes, expected=expected))


def _serve_variants(router: APIRouter, use: CatalogueUseCases) -> None:
    @router.post(
        "/{product_id}/variants",
        status_code=201,
        operation_id="addVariant",
        summary="Add a variant",
        response_model=VariantResource,
        responses=refusals(OWNERS, UNKNOWN, SKU, MONEY),
    )
    async def add_variant(
        tenant_id: UUID, product_id: UUID, body: VariantBody, caller: Caller, once: OnlyOnce
    ) -> Response:
        """Role owner."""
        draft = body.draft(await use.currency(caller, tenant_id))
        asking = Asking(VariantResource.placed, once)
        return _answered(await use.add_variant(caller, tenant_id, product_id, draft, asking), 201)

    @router.patch(
        "/{product_id}/variants/{variant_id}",
        operation_id="changeVariant",
        summary="Change a variant",
        response_model=VariantResource,
        responses=refusals(OWNERS, UNKNOWN, UNKNOWN_VARIANT, SKU, LastVariant(), MONEY),
    )
    async def change_variant(
        tenant_id: UUID,
        product_id: UUID,
        variant_id: UUID,
        body: VariantPatch,
        caller: Caller,
        expected: ExpectedVersions,
    ) -> VariantResource:
        """Role owner. `If-Match` names the product's version. Orders keep the price that they were made with."""
        changes = body.changes(await use.currency(caller, tenant_id))
        product, variant = await use.change_variant(
            caller, tenant_id, product_id, variant_id, changes, expected=expected
        )
        return VariantResource.of(variant, product.currency)

    @router.post(
        "/{product_id}/variants/{variant_id}/stock",
        operation_id="moveStock",
        summary="Put goods on the shelf, or take them off",
        response_model=VariantResource,
        responses=refusals(OWNERS, UNKNOWN, UNKNOWN_VARIANT, StockTooLow("GAYO-250", 5, 2)),
    )
    async def move_stock(
        tenant_id: UUID, product_id: UUID, variant_id: UUID, body: StockBody, caller: Caller, once: OnlyOnce
    ) -> Response:
        """Role owner. What is reserved for orders cannot be taken off: 409 `stock_too_low`."""
        answer = await use.move_stock(
            caller,
            tenant_id,
            product_id,
            variant_id,
            delta=body.delta,
            reason=body.reason,
            asking=Asking(VariantResource.placed, once),
        )
        return _answered(answer, 200)


def _shown(product: Product) -> Response:
    body = ProductResource.of(product).model_dump_json()
    return Response(body, 200, {"ETag": f'"{product.version}"'}, "application/json")


def _answered(answer: Answer, status: int, headers: dict[str, str] | None = None) -> Response:
    also = REPLAYED if answer.is_replay else {}
    body = json.dumps(answer.body, ensure_ascii=False)
    return Response(body, status, {**(headers or {}), **also}, "application/json")
