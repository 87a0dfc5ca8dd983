"""What is sold, as an order looks at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Text, and_, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.application.order_ports import Wanted
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import VariantUnknown
from ai_platform.commerce.domain.order_line import Offer
from ai_platform.commerce.infrastructure.tables import product_variants, products

_OFFERS: Final = select(
    product_variants.c.id,
    product_variants.c.product_id,
    product_variants.c.sku,
    product_variants.c.name,
    product_variants.c.price,
    (product_variants.c.stock - product_variants.c.reserved).label("available"),
    and_(product_variants.c.is_active, products.c.is_active).label("is_sold"),
    products.c.name.label("product_name"),
    products.c.currency,
).join(products, products.c.id == product_variants.c.product_id)
_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class SqlShelf:
    """Implements `order_ports.Shelf`."""

    connection: AsyncConnection
    tenant_id: UUID

    async def offers(self, wanted: Sequence[Wanted]) -> Sequence[Offer]:
        found = await self._of_ids([one.variant_id for one in wanted if one.variant_id is not None])
        named = await self._of_skus([one.sku for one in wanted if one.variant_id is None and one.sku is not None])
        return [_sold(one, found.get(one.variant_id) or named.get(one.sku)) for one in wanted]

    async def offered(self, order: Order) -> Sequence[Offer]:
        found = await self._of_ids([line.variant_id for line in order.lines])
        return [_offer_of(row) for row in found.values()]

    async def _of_ids(self, ids: Sequence[UUID]) -> Mapping[UUID | None, Row[Any]]:
        if not ids:
            return {}
        which = _OFFERS.where(product_variants.c.tenant_id == self.tenant_id, product_variants.c.id.in_(ids))
        return {row.id: row for row in await self.connection.execute(which)}

    async def _of_skus(self, skus: Sequence[str]) -> Mapping[str | None, Row[Any]]:
        """The database folds the case of letters, as it did for what is stored."""
        if not skus:
            return {}
        said = select(func.unnest(cast(list(set(skus)), ARRAY(Text))).label("sku")).subquery("said")
        which = _OFFERS.add_columns(said.c.sku.label("said")).join(
            said, product_variants.c.sku_key == func.lower(said.c.sku)
        )
        rows = await self.connection.execute(which.where(product_variants.c.tenant_id == self.tenant_id))
        return {row.said: row for row in rows}


def _sold(one: Wanted, row: Row[Any] | None) -> Offer:
    if row is None or not row.is_sold:
        raise VariantUnknown(str(one.variant_id or one.sku), one.loc)
    return _offer_of(row)


def _offer_of(row: Row[Any]) -> Offer:
    """A product that has one variant only is called by its own name."""
    plain = row.name.lower() in ("", _DEFAULT, row.product_name.lower())
    return Offer(
        product_id=row.product_id,
        variant_id=row.id,
        sku=row.sku,
        name=row.product_name if plain else f"{row.product_name} ({row.name})",
        price=row.price,
        currency=row.currency,
        is_sold=row.is_sold,
        available=row.available,
    )
