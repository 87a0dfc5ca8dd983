"""Products to be read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, literal, select, text, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger, Boolean, Integer, Text, Uuid

from ai_platform.commerce.application.catalogue_ports import ProductFilter, Wanted
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.spelling import is_code, keys_of
from ai_platform.commerce.infrastructure.product_rows import products_of
from ai_platform.commerce.infrastructure.search_words import query_of
from ai_platform.commerce.infrastructure.tables import product_variants, products
from ai_platform.runtime.db import Database

SKUS_SHOWN: Final = 20
NEAR_MAX: Final = 2_000
BEGINNINGS_MAX: Final = 30
BEGINNING_LETTERS: Final = 3

_FIND: Final = text(
    """
    SELECT product_id, name_words
    FROM search_products(:wanted, :most, :category, :min_price, :max_price, :in_stock, :active)
    """
).bindparams(
    bindparam("wanted", type_=Text()),
    bindparam("most", type_=Integer()),
    bindparam("category", type_=Text()),
    bindparam("min_price", type_=BigInteger()),
    bindparam("max_price", type_=BigInteger()),
    bindparam("in_stock", type_=Boolean()),
    bindparam("active", type_=Boolean()),
)

_NEAR: Final = text(
    """
    (SELECT DISTINCT word FROM product_words WHERE tenant_id = :tenant_id AND key = ANY(:keys) LIMIT :most)
    UNION
    SELECT begun.word FROM unnest(CAST(:beginnings AS text[])) AS asked (word), LATERAL (
        SELECT word FROM product_words
        WHERE tenant_id = :tenant_id AND key = word
          AND key >= asked.word COLLATE "C" AND key < (asked.word || chr(1114111)) COLLATE "C"
        ORDER BY key LIMIT :beginnings_most
    ) AS begun
    """
).bindparams(
    bindparam("tenant_id", type_=Uuid()),
    bindparam("keys", type_=ARRAY(Text())),
    bindparam("beginnings", type_=ARRAY(Text())),
)


@dataclass(frozen=True, slots=True)
class SqlShelves:
    """Implements `catalogue_ports.Shelves`."""

    database: Database

    async def product(self, tenant_id: UUID, product_id: UUID) -> Product | None:
        found = await self.products(tenant_id, [product_id])
        return found[0] if found else None

    async def products(self, tenant_id: UUID, product_ids: Sequence[UUID]) -> Sequence[Product]:
        if not product_ids:
            return []
        wanted = select(products).where(products.c.tenant_id == tenant_id, products.c.id.in_(product_ids))
        async with self.database.transaction(tenant_id) as connection:
            found = {one.id: one for one in await _loaded(connection, tenant_id, wanted)}
        return [found[one] for one in product_ids if one in found]

    async def page(
        self, tenant_id: UUID, where: ProductFilter, *, before: UUID | None, limit: int
    ) -> Sequence[Product]:
        wanted = select(products).where(products.c.tenant_id == tenant_id, *_filtered(where))
        wanted = wanted.order_by(products.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(products.c.id < before)
        async with self.database.transaction(tenant_id) as connection:
            return await _loaded(connection, tenant_id, wanted)

    async def by_sku(self, tenant_id: UUID, sku: str, where: ProductFilter) -> Sequence[UUID]:
        asked = sku.lower()
        if not asked:
            return []
        key = product_variants.c.sku_key
        mine = (product_variants.c.tenant_id == tenant_id, product_variants.c.is_active)
        begun = and_(key > asked, key < asked + "\U0010ffff")
        first = select(product_variants.c.product_id, literal(0).label("place"), key).where(*mine, key == asked)
        then = select(product_variants.c.product_id, literal(1), key).where(*mine, begun).order_by(key)
        keys = union_all(first, then.limit(SKUS_SHOWN if is_code(asked) else 0).subquery().select()).subquery()
        ranked = (
            select(products.c.id)
            .join(keys, keys.c.product_id == products.c.id)
            .where(products.c.tenant_id == tenant_id, *_filtered(where))
            .order_by(keys.c.place, keys.c.sku_key)
        )
        async with self.database.transaction(tenant_id) as connection:
            return list(dict.fromkeys((await connection.scalars(ranked)).all()))

    async def found(
        self, tenant_id: UUID, wanted: Wanted, where: ProductFilter, *, most: int
    ) -> Sequence[tuple[UUID, str]]:
        asked = {
            "wanted": query_of(tenant_id, wanted, where.category),
            "most": most,
            "category": where.category,
            "min_price": where.min_price,
            "max_price": where.max_price,
            "in_stock": where.in_stock,
            "active": where.active,
        }
        async with self.database.transaction(tenant_id) as connection:
            return [(row.product_id, row.name_words) for row in await connection.execute(_FIND, asked)]


@dataclass(frozen=True, slots=True)
class SqlVocabulary:
    """Implements `catalogue_ports.Vocabulary`."""

    database: Database

    async def near(self, tenant_id: UUID, words: Collection[str]) -> Collection[str]:
        guessed = [word for word in words if not is_code(word)]
        if not guessed:
            return []
        asked = {
            "tenant_id": tenant_id,
            "keys": sorted(frozenset[str]().union(*(keys_of(word) for word in guessed))),
            "most": NEAR_MAX,
            "beginnings": [word for word in guessed if len(word) >= BEGINNING_LETTERS],
            "beginnings_most": BEGINNINGS_MAX,
        }
        async with self.database.transaction(tenant_id) as connection:
            return list(await connection.scalars(_NEAR, asked))


async def _loaded(connection: AsyncConnection, tenant_id: UUID, wanted: Select[tuple[object, ...]]) -> list[Product]:
    rows = (await connection.execute(wanted)).all()
    variants = select(product_variants).where(
        product_variants.c.tenant_id == tenant_id, product_variants.c.product_id.in_([row.id for row in rows])
    )
    return products_of(rows, (await connection.execute(variants)).all() if rows else [])


def _filtered(where: ProductFilter) -> list[ColumnElement[bool]]:
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
