"""Products to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.application.catalogue_ports import ProductFilter
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.infrastructure.product_rows import products_of
from ai_platform.commerce.infrastructure.tables import product_variants, products
from ai_platform.runtime.db import Database


@dataclass(frozen=True, slots=True)
class SqlShelves:
    """Implements `catalogue_ports.Shelves`."""

    database: Database

    async def product(self, tenant_id: UUID, product_id: UUID) -> Product | None:
        wanted = select(products).where(products.c.tenant_id == tenant_id, products.c.id == product_id)
        async with self.database.transaction(tenant_id) as connection:
            found = await loaded(connection, tenant_id, wanted)
        return found[0] if found else None

    async def page(
        self, tenant_id: UUID, where: ProductFilter, *, before: UUID | None, limit: int
    ) -> Sequence[Product]:
        wanted = select(products).where(products.c.tenant_id == tenant_id, *filtered(where))
        wanted = wanted.order_by(products.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(products.c.id < before)
        async with self.database.transaction(tenant_id) as connection:
            return await loaded(connection, tenant_id, wanted)


async def loaded(connection: AsyncConnection, tenant_id: UUID, wanted: Select[tuple[object, ...]]) -> list[Product]:
    rows = (await connection.execute(wanted)).all()
    variants = select(product_variants).where(
        product_variants.c.tenant_id == tenant_id, product_variants.c.product_id.in_([row.id for row in rows])
    )
    return products_of(rows, (await connection.execute(variants)).all() if rows else [])


def filtered(where: ProductFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [products.c.is_active.is_(where.active)]
    if where.category is not None:
        conditions.append(products.c.category == where.category)
    offered = product_variants.c
    wanted: list[ColumnElement[bool]] = [offered.product_id == products.c.id, offered.is_active]
    if where.min_price is not None:
        wanted.append(offered.price >= where.min_price)
    if where.max_price is not None:
        wanted.append(offered.price <= where.max_price)
    if where.in_stock is not None:
        wanted.append((offered.stock > offered.reserved) == where.in_stock)
    if len(wanted) > 2:
        conditions.append(exists(select(literal(1)).where(*wanted)))
    return conditions
