"""Products and variants between rows and what they mean."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.variant import StockMove, Variant
from ai_platform.commerce.infrastructure.search_words import SearchWords


def products_of(rows: Iterable[Any], variant_rows: Iterable[Any]) -> list[Product]:
    """In the order of `rows`; variants by their position."""
    variants: defaultdict[UUID, list[Variant]] = defaultdict(list)
    for row in variant_rows:
        variants[row.product_id].append(variant_of(row))
    for some in variants.values():
        some.sort(key=lambda one: (one.position, one.id))
    return [_product_of(row, variants[row.id]) for row in rows]


def _product_of(row: Any, variants: list[Variant]) -> Product:
    return Product(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        description=row.description,
        category=row.category,
        base_price=row.base_price,
        currency=row.currency,
        images=tuple(row.images),
        is_active=row.is_active,
        variants=variants,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def variant_of(row: Any) -> Variant:
    return Variant(
        id=row.id,
        product_id=row.product_id,
        sku=row.sku,
        name=row.name,
        price=row.price,
        stock=row.stock,
        reserved=row.reserved,
        attributes=row.attributes,
        is_active=row.is_active,
        position=row.position,
    )


def product_row(one: Product, said: SearchWords) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "name": one.name,
        "description": one.description,
        "category": one.category,
        "base_price": one.base_price,
        "currency": one.currency,
        "images": list(one.images),
        "is_active": one.is_active,
        "searched_name": said.name,
        "search": said.lexemes,
        "created_at": one.created_at.isoformat(),
        "updated_at": one.updated_at.isoformat(),
        "version": one.version,
    }


def variant_row(one: Variant, product: Product) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "product_id": str(product.id),
        "sku": one.sku,
        "name": one.name,
        "price": one.price,
        "stock": one.stock,
        "attributes": dict(one.attributes),
        "is_active": one.is_active,
        "position": one.position,
        "at": product.updated_at.isoformat(),
    }


def move_row(move: StockMove) -> dict[str, Any]:
    return {
        "id": str(move.id),
        "variant_id": str(move.variant_id),
        "delta": move.delta,
        "reason": move.reason,
        "kind": move.kind.value,
        "actor": move.actor,
        "at": move.at.isoformat(),
    }
