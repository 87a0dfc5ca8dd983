"""The catalogue's transactions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from ai_platform.commerce.domain.errors import SkuTaken
from ai_platform.commerce.infrastructure.products import SqlLines, SqlProducts
from ai_platform.runtime.answers import SqlAnswers
from ai_platform.runtime.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlCatalogueWork:
    """Implements `catalogue_ports.CatalogueWork`."""

    products: SqlProducts
    answers: SqlAnswers
    lines: SqlLines


@dataclass(frozen=True, slots=True)
class CatalogueTransactions:
    """Implements the kernel's `Transactions`; a catalogue is always one tenant's."""

    database: Database

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[SqlCatalogueWork]:
        assert tenant_id is not None  # noqa: S101 - no use case works on all catalogues at once
        try:
            async with self.database.session(tenant_id) as session:
                yield SqlCatalogueWork(
                    products=SqlProducts(session, tenant_id),
                    answers=SqlAnswers(session, tenant_id),
                    lines=SqlLines(session, tenant_id),
                )
        except IntegrityError as error:
            rule = getattr(error.orig.__cause__, "constraint_name", None) if error.orig else None
            if rule == "uq_product_variants_tenant_id_sku_key":
                raise SkuTaken from error
            raise
