"""Take a catalogue over from a file: as many lines as there are, and each bad one for itself."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import CatalogueWork
from ai_platform.commerce.domain.importing import BadLine, ImportRow, place, product_from, refuse_other_owner
from ai_platform.commerce.domain.product import Hand, Product
from ai_platform.commerce.domain.variant import MoveKind
from ai_platform.kernel.access import require_owner
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import PlatformError, Unavailable
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions

BATCH_ROWS: Final = 500
"""Lines in one transaction: what a crash undoes, and as long as an order may have to wait for a variant."""

BATCH_TRIES: Final = 3
REJECTED_MAX: Final = 100_000
"""As many are named; a file that is wrong altogether shall not fill the memory."""

Line = ImportRow | BadLine


@dataclass(slots=True)
class ImportReport:
    """Lines, not products."""

    created: int = 0
    updated: int = 0
    rejected: list[BadLine] = field(default_factory=list)

    def reject(self, bad: BadLine) -> None:
        if len(self.rejected) < REJECTED_MAX:
            self.rejected.append(bad)

    def add(self, other: "ImportReport") -> None:
        self.created += other.created
        self.updated += other.updated
        for bad in other.rejected:
            self.reject(bad)


@dataclass(frozen=True, slots=True)
class ImportProducts:
    """Lines with one name are variants of one product; a SKU that is known is updated, so a file may be sent again.

    Each batch is kept by itself: after a crash the same file, sent again, completes what was begun. Imports of one
    shop take turns, batch by batch.
    """

    transactions: Transactions[CatalogueWork]
    clock: Clock

    async def __call__(self, by: Principal, tenant_id: UUID, lines: AsyncIterator[Line]) -> ImportReport:
        """Raises TenantNotFound, RoleTooLow, Unavailable."""
        require_owner(by, tenant_id)
        report = ImportReport()
        batch: list[ImportRow] = []
        async for line in lines:
            if isinstance(line, BadLine):
                report.reject(line)
                continue
            batch.append(line)
            if len(batch) >= BATCH_ROWS:
                report.add(await self._take(by, tenant_id, batch))
                batch = []
        if batch:
            report.add(await self._take(by, tenant_id, batch))
        report.rejected.sort(key=lambda bad: bad.line)
        return report

    async def _take(self, by: Principal, tenant_id: UUID, rows: Sequence[ImportRow]) -> ImportReport:
        """All together; if something refuses them, line by line."""
        try:
            return await self._patiently(by, tenant_id, rows)
        except Unavailable:
            raise
        except PlatformError as error:
            if len(rows) == 1:
                return ImportReport(rejected=[BadLine.of(rows[0].line, error)])
        report = ImportReport()
        for row in rows:
            report.add(await self._take(by, tenant_id, [row]))
        return report

    async def _patiently(self, by: Principal, tenant_id: UUID, rows: Sequence[ImportRow]) -> ImportReport:
        """A transaction that lost against another, or whose connection broke, has changed nothing."""
        for _ in range(BATCH_TRIES - 1):
            try:
                return await self._together(by, tenant_id, rows)
            except Unavailable:
                continue
        return await self._together(by, tenant_id, rows)

    async def _together(self, by: Principal, tenant_id: UUID, rows: Sequence[ImportRow]) -> ImportReport:
        report = ImportReport()
        hand = Hand(by.actor, MoveKind.IMPORTED, "import")
        async with self.transactions(tenant_id) as work:
            await work.lines.queue_for_import()
            skus = {row.sku for row in rows if row.sku is not None}
            shelf = _Shelf(await work.products.of({row.name for row in rows}, skus))
            for row in rows:
                try:
                    report.created += self._place(row, shelf, tenant_id, hand)
                except PlatformError as error:
                    report.reject(BadLine.of(row.line, error))
            await work.products.save(shelf.touched)
        report.updated = len(rows) - report.created - len(report.rejected)
        return report

    def _place(self, row: ImportRow, shelf: "_Shelf", tenant_id: UUID, hand: Hand) -> bool:
        now = self.clock.now()
        owner = shelf.owner_of(row.sku)
        refuse_other_owner(row, owner)
        product = owner or shelf.named(row.name) or product_from(row, tenant_id, now)
        is_new = place(row, product, now, hand)
        shelf.put(product, row.sku)
        return is_new


class _Shelf:
    """The products of a batch, by name and by SKU."""

    def __init__(self, products: Sequence[Product]) -> None:
        self._by_sku: dict[str, Product] = {}
        self._by_name: dict[str, Product] = {}
        self._touched: dict[UUID, Product] = {}
        for one in sorted(products, key=lambda one: (not one.is_active, one.id)):
            self._by_name.setdefault(one.name, one)
            self._by_sku.update((variant.sku.lower(), one) for variant in one.variants)

    @property
    def touched(self) -> Sequence[Product]:
        return list(self._touched.values())

    def owner_of(self, sku: str | None) -> Product | None:
        return None if sku is None else self._by_sku.get(sku.lower())

    def named(self, name: str) -> Product | None:
        return self._by_name.get(name)

    def put(self, product: Product, sku: str | None) -> None:
        self._touched[product.id] = product
        self._by_name.setdefault(product.name, product)
        if sku is not None:
            self._by_sku[sku.lower()] = product
