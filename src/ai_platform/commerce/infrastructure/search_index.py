"""A catalogue as it is searched, within one transaction."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import and_, bindparam, literal, select, text, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger, Boolean, Integer, Text, Uuid

from ai_platform.commerce.application.catalogue_ports import ProductFilter, Wanted
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.spelling import is_code, keys_of
from ai_platform.commerce.infrastructure.search_words import query_of
from ai_platform.commerce.infrastructure.shelves import filtered, loaded
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
class SqlIndex:
    """Implements `catalogue_ports.Index`."""

    connection: AsyncConnection
    tenant_id: UUID

    async def by_sku(self, sku: str, where: ProductFilter) -> Sequence[UUID]:
        asked = sku.lower()
        if not asked:
            return []
        key = product_variants.c.sku_key
        mine = (product_variants.c.tenant_id == self.tenant_id, product_variants.c.is_active)
        keys = select(product_variants.c.product_id, literal(0).label("place"), key).where(*mine, key == asked)
        if is_code(asked):
            begun = and_(key > asked, key < asked + "\U0010ffff")
            then = select(product_variants.c.product_id, literal(1), key).where(*mine, begun)
            listed = union_all(keys, then.order_by(key).limit(SKUS_SHOWN).subquery().select()).subquery()
        else:
            listed = keys.subquery()
        ranked = (
            select(products.c.id)
            .join(listed, listed.c.product_id == products.c.id)
            .where(products.c.tenant_id == self.tenant_id, *filtered(where))
            .order_by(listed.c.place, listed.c.sku_key)
        )
        return list(dict.fromkeys((await self.connection.scalars(ranked)).all()))

    async def near(self, words: Collection[str]) -> Collection[str]:
        guessed = [word for word in words if not is_code(word)]
        if not guessed:
            return []
        asked = {
            "tenant_id": self.tenant_id,
            "keys": sorted(frozenset[str]().union(*(keys_of(word) for word in guessed))),
            "most": NEAR_MAX,
            "beginnings": [word for word in guessed if len(word) >= BEGINNING_LETTERS],
            "beginnings_most": BEGINNINGS_MAX,
        }
        return list(await self.connection.scalars(_NEAR, asked))

    async def found(self, wanted: Wanted, where: ProductFilter, *, most: int) -> Sequence[tuple[UUID, str]]:
        asked = {
            "wanted": query_of(self.tenant_id, wanted, where.category),
            "most": most,
            "category": where.category,
            "min_price": where.min_price,
            "max_price": where.max_price,
            "in_stock": where.in_stock,
            "active": where.active,
        }
        return [(row.product_id, row.name_words) for row in await self.connection.execute(_FIND, asked)]

    async def products(self, product_ids: Sequence[UUID]) -> Sequence[Product]:
        if not product_ids:
            return []
        wanted = select(products).where(products.c.tenant_id == self.tenant_id, products.c.id.in_(product_ids))
        found = {one.id: one for one in await loaded(self.connection, self.tenant_id, wanted)}
        return [found[one] for one in product_ids if one in found]


@dataclass(frozen=True, slots=True)
class IndexTransactions:
    """Implements the kernel's `Transactions`; a search is in one tenant's catalogue."""

    database: Database

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[SqlIndex]:
        assert tenant_id is not None  # noqa: S101 - no use case searches all catalogues at once
        async with self.database.transaction(tenant_id) as connection:
            yield SqlIndex(connection, tenant_id)
