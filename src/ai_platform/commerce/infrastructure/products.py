"""Products in PostgreSQL, within one transaction: read to be changed, and written many at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text, Uuid

from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.variant import StockMove
from ai_platform.commerce.infrastructure.product_rows import move_row, product_row, products_of, variant_row
from ai_platform.commerce.infrastructure.search_words import SearchWords, keys_by_word, search_words
from ai_platform.commerce.infrastructure.tables import product_variants, products

_PUT_PRODUCTS: Final = text(
    """
    INSERT INTO products AS known (id, tenant_id, name, description, category, base_price, currency, images, is_active,
        searched_name, search, created_at, updated_at, version)
    SELECT given.id, :tenant_id, given.name, given.description, given.category, given.base_price, given.currency,
        given.images, given.is_active, given.searched_name, given.search, given.created_at, given.updated_at,
        given.version
    FROM jsonb_to_recordset(:rows) AS given (
        id uuid, name text, description text, category text, base_price bigint, currency text, images jsonb,
        is_active boolean, searched_name text, search tsvector, created_at timestamptz, updated_at timestamptz,
        version integer
    )
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
        category = excluded.category, base_price = excluded.base_price, images = excluded.images,
        is_active = excluded.is_active, searched_name = excluded.searched_name, search = excluded.search,
        updated_at = excluded.updated_at, version = excluded.version
    """
).bindparams(bindparam("rows", type_=JSONB), bindparam("tenant_id", type_=Uuid()))

_PUT_VARIANTS: Final = text(
    """
    INSERT INTO product_variants AS known (id, tenant_id, product_id, sku, name, price, stock, attributes, is_active,
        position, created_at, updated_at)
    SELECT given.id, :tenant_id, given.product_id, given.sku, given.name, given.price, given.stock, given.attributes,
        given.is_active, given.position, given.at, given.at
    FROM jsonb_to_recordset(:rows) AS given (
        id uuid, product_id uuid, sku text, name text, price bigint, stock integer, attributes jsonb,
        is_active boolean, position integer, at timestamptz
    )
    ON CONFLICT (id) DO UPDATE SET sku = excluded.sku, name = excluded.name, price = excluded.price,
        attributes = excluded.attributes, is_active = excluded.is_active, position = excluded.position,
        updated_at = excluded.updated_at
    WHERE (known.sku, known.name, known.price, known.attributes, known.is_active, known.position)
        IS DISTINCT FROM (excluded.sku, excluded.name, excluded.price, excluded.attributes, excluded.is_active,
            excluded.position)
    """
).bindparams(bindparam("rows", type_=JSONB), bindparam("tenant_id", type_=Uuid()))
"""The stock is written with a new variant only; that of a known one moves."""

_MOVE: Final = text(
    """
    WITH given AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(:rows) AS given (
            id uuid, variant_id uuid, delta integer, reason text, kind text, actor text, at timestamptz
        )
    ), moved AS (
        UPDATE product_variants SET stock = stock + sums.delta, updated_at = sums.at
        FROM (
            SELECT variant_id, sum(delta)::integer AS delta, max(at) AS at FROM given
            WHERE variant_id = ANY(:known) GROUP BY variant_id
        ) AS sums
        WHERE product_variants.id = sums.variant_id AND product_variants.tenant_id = :tenant_id
    )
    INSERT INTO stock_moves (id, tenant_id, variant_id, delta, reason, kind, actor, created_at)
    SELECT id, :tenant_id, variant_id, delta, reason, kind, actor, at FROM given
    """
).bindparams(
    bindparam("rows", type_=JSONB), bindparam("known", type_=ARRAY(Uuid())), bindparam("tenant_id", type_=Uuid())
)

_NAMED_OR_STOCKED: Final = text(
    """
    SELECT found.id FROM unnest(:names) AS asked (name), LATERAL (
        SELECT id FROM products WHERE tenant_id = :tenant_id AND products.name = asked.name OFFSET 0
    ) AS found
    UNION
    SELECT found.product_id FROM unnest(:skus) AS asked (sku), LATERAL (
        SELECT product_id FROM product_variants WHERE tenant_id = :tenant_id AND sku_key = asked.sku OFFSET 0
    ) AS found
    """
).bindparams(
    bindparam("names", type_=ARRAY(Text())),
    bindparam("skus", type_=ARRAY(Text())),
    bindparam("tenant_id", type_=Uuid()),
)

"""One look into an index for each: a table that grows while it is imported into has no statistics to plan by."""

_KNOWN_WORDS: Final = text(
    """
    SELECT found.word FROM unnest(:words) AS asked (word), LATERAL (
        SELECT word FROM product_words
        WHERE tenant_id = :tenant_id AND key = asked.word COLLATE "C" AND product_words.word = key OFFSET 0
    ) AS found
    """
).bindparams(bindparam("words", type_=ARRAY(Text())), bindparam("tenant_id", type_=Uuid()))

_LEARN: Final = text(
    """
    INSERT INTO product_words (tenant_id, key, word)
    SELECT :tenant_id, given.key, given.word
    FROM jsonb_to_recordset(:rows) AS given (key text, word text)
    ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("rows", type_=JSONB), bindparam("tenant_id", type_=Uuid()))

_IMPORT_LINE: Final = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('products.import', 0) # hashtextextended(:whose, 0))"
)


@dataclass(frozen=True, slots=True)
class SqlProducts:
    """Implements `catalogue_ports.Products`.

    Rows are locked product first, then variants by id, and never in a way that an order's foreign keys wait for.
    """

    session: AsyncSession
    tenant_id: UUID
    _known: set[UUID] = field(default_factory=set)
    """The variants and products that were read."""

    async def get(self, product_id: UUID) -> Product | None:
        found = await self._read([product_id])
        return found[0] if found else None

    async def of(self, names: Collection[str], skus: Collection[str]) -> Sequence[Product]:
        asked = {"names": sorted(names), "skus": sorted(one.lower() for one in skus), "tenant_id": self.tenant_id}
        ids = (await self.session.scalars(_NAMED_OR_STOCKED, asked)).all()
        return await self._read(sorted(ids)) if ids else []

    async def _read(self, product_ids: Sequence[UUID]) -> Sequence[Product]:
        ours = (products.c.tenant_id == self.tenant_id, products.c.id.in_(product_ids))
        rows = (
            await self.session.execute(
                select(products).where(*ours).order_by(products.c.id).with_for_update(key_share=True)
            )
        ).all()
        variants = (
            await self.session.execute(
                select(product_variants)
                .where(
                    product_variants.c.tenant_id == self.tenant_id,
                    product_variants.c.product_id.in_([row.id for row in rows]),
                )
                .order_by(product_variants.c.id)
                .with_for_update(key_share=True)
            )
        ).all()
        self._known.update(row.id for row in (*rows, *variants))
        return products_of(rows, variants)

    async def save(self, products: Sequence[Product]) -> None:
        moves = [move for one in products for move in one.take_moves()]
        written = [one for one in products if one.take_change() or one.id not in self._known]
        if written:
            await self._write(written)
        if moves:
            await self._move(moves)
        self._known.update(variant.id for one in products for variant in one.variants)
        self._known.update(one.id for one in products)

    async def _write(self, written: Sequence[Product]) -> None:
        words = [search_words(one) for one in written]
        for one in written:
            one.version += one.id in self._known
        rows = [product_row(one, said) for one, said in zip(written, words, strict=True)]
        variants = [variant_row(one, product) for product in written for one in product.variants]
        await self._run(_PUT_PRODUCTS, rows)
        await self._run(_PUT_VARIANTS, sorted(variants, key=lambda row: str(row["id"])))
        await self._learn(words)

    async def _move(self, moves: Sequence[StockMove]) -> None:
        rows = [move_row(one) for one in moves]
        known = [one.variant_id for one in moves if one.variant_id in self._known]
        await self._run(_MOVE, rows, known=known)

    async def _learn(self, said: Sequence[SearchWords]) -> None:
        """Last, and in one order, so that two who learn the same words wait for each other at most once."""
        words = frozenset[str]().union(*(one.vocabulary for one in said))
        asked = {"words": sorted(words), "tenant_id": self.tenant_id}
        known = set(await self.session.scalars(_KNOWN_WORDS, asked))
        if new := words - known:
            await self._run(_LEARN, keys_by_word(new))

    async def _run(self, statement: Any, rows: Sequence[dict[str, Any]], **more: Any) -> None:
        await self.session.execute(statement, {"rows": rows, "tenant_id": self.tenant_id, **more})


@dataclass(frozen=True, slots=True)
class SqlLines:
    """Implements `catalogue_ports.Lines`."""

    session: AsyncSession
    tenant_id: UUID

    async def queue_for_import(self) -> None:
        await self.session.execute(_IMPORT_LINE, {"whose": str(self.tenant_id)})
