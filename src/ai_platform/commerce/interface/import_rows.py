"""The columns of an imported catalogue."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from ai_platform.commerce.domain.errors import WrongField
from ai_platform.commerce.domain.importing import BadLine, ImportRow
from ai_platform.commerce.domain.product import CATEGORY_MAX, DESCRIPTION_MAX, PRODUCT_NAME_MAX
from ai_platform.commerce.domain.variant import (
    ATTRIBUTE_MAX,
    ATTRIBUTE_NAME_MAX,
    ATTRIBUTES_MAX,
    SKU_MAX,
    STOCK_MAX,
    VARIANT_NAME_MAX,
)
from ai_platform.commerce.interface.csv_records import records_of
from ai_platform.kernel.errors import InvalidInput, PlatformError, Violation
from ai_platform.kernel.money import Money, money_of

COLUMNS: Final = ("name", "description", "category", "base_price", "sku", "variant_name", "price", "stock")
_LONGEST: Final = {
    "name": PRODUCT_NAME_MAX,
    "description": DESCRIPTION_MAX,
    "category": CATEGORY_MAX,
    "sku": SKU_MAX,
    "variant_name": VARIANT_NAME_MAX,
}


class HeaderInvalid(InvalidInput):
    code = "header_invalid"

    def __init__(self, why: str) -> None:
        super().__init__(why, violations=(Violation(("header",), why, self.code),))


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column stands. Columns that we do not know are attributes of the variant."""

    width: int
    known: dict[str, int]
    attributes: dict[str, int]

    @classmethod
    def parse(cls, cells: list[str]) -> "Header":
        """Raises HeaderInvalid."""
        if any("\r" in cell.strip() for cell in cells):
            raise HeaderInvalid("The lines end with carriage returns alone; save the file with line feeds.")
        names = [cell.strip() for cell in cells]
        folded = [name.lower() for name in names]
        twice = sorted({name for name in folded if name and folded.count(name) > 1})
        if twice:
            raise HeaderInvalid(f"The header has a column twice: {', '.join(twice)}.")
        if "name" not in folded or not {"base_price", "price"} & set(folded):
            raise HeaderInvalid(f"The header needs name and base_price or price; known are {', '.join(COLUMNS)}.")
        known: dict[str, int] = {name: folded.index(name) for name in COLUMNS if name in folded}
        more = {name: at for at, name in enumerate(names) if name and folded[at] not in COLUMNS}
        if len(more) > ATTRIBUTES_MAX or any(len(name) > ATTRIBUTE_NAME_MAX for name in more):
            raise HeaderInvalid(f"The header has more than {ATTRIBUTES_MAX} other columns, or one with a long name.")
        return cls(len(names), known, more)

    def row(self, line: int, cells: list[str], currency: str) -> ImportRow:
        """Raises WrongField, NotMoney."""
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            raise WrongField("line", msg=f"has {len(cells)} cells, and the header {self.width}")
        filled = [cell.strip() for cell in cells] + [""] * (self.width - len(cells))
        said = {name: filled[at] or None for name, at in self.known.items()}
        for column, most in _LONGEST.items():
            if len(said.get(column) or "") > most:
                raise WrongField(column, msg=f"must have at most {most} characters")
        attributes = {name: filled[at] for name, at in self.attributes.items() if filled[at]}
        if any(len(value) > ATTRIBUTE_MAX for value in attributes.values()):
            raise WrongField("attributes", msg=f"must have at most {ATTRIBUTE_MAX} characters each")
        name, sku = said["name"], said.get("sku")
        if name is None:
            raise WrongField("name", msg="is missing", kind="missing")
        if sku is not None and not sku.isprintable():
            raise WrongField("sku", msg="must be printable characters")
        return ImportRow(
            line=line,
            name=name,
            description=said.get("description"),
            category=said.get("category"),
            base_price=_money("base_price", said.get("base_price"), currency),
            sku=sku,
            variant_name=said.get("variant_name"),
            price=_money("price", said.get("price"), currency),
            stock=_stock(said.get("stock")),
            attributes=attributes,
        )


async def rows_of(chunks: AsyncIterator[bytes], currency: str) -> AsyncIterator[ImportRow | BadLine]:
    """Raises HeaderInvalid, before any row."""
    header: Header | None = None
    async for record in records_of(chunks):
        if header is not None:
            yield record if isinstance(record, BadLine) else _row(header, *record, currency)
        elif isinstance(record, BadLine):
            raise HeaderInvalid(record.message)
        else:
            header = Header.parse(record[1])
    if header is None:
        raise HeaderInvalid("The file is empty.")


def _row(header: Header, line: int, cells: list[str], currency: str) -> ImportRow | BadLine:
    try:
        return header.row(line, cells, currency)
    except PlatformError as error:
        return BadLine.of(line, error)


def _money(column: str, said: str | None, currency: str) -> Money | None:
    if said is None:
        return None
    try:
        return money_of(said, currency)
    except InvalidInput as error:
        raise WrongField(column, msg=error.detail, kind="money_invalid") from None


def _stock(said: str | None) -> int | None:
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) <= 12 and int(said) <= STOCK_MAX):
        raise WrongField("stock", msg=f"must be a whole number from 0 to {STOCK_MAX}")
    return int(said)
