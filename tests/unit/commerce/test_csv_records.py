"""Records come out of bytes however these were cut, and a bad line costs no other."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.commerce.domain.importing import BadLine
from ai_platform.commerce.interface.csv_records import LINES_IN_A_RECORD, Record, records_of
from ai_platform.commerce.interface.import_rows import HeaderInvalid, rows_of

CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('",\n'), max_size=8)


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def read(data: bytes, size: int = 7) -> list[Record | BadLine]:
    async def all_of() -> list[Record | BadLine]:
        return [one async for one in records_of(pieces(data, size))]

    return asyncio.run(all_of())


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6), st.integers(1, 20))
def test_what_a_spreadsheet_writes_is_read_again(rows: list[list[str]], size: int) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([["a", "b", "c"], *rows])
    found = [one if isinstance(one, BadLine) else one[1] for one in read(written.getvalue().encode(), size)]
    assert found == [["a", "b", "c"], *rows]


@given(st.binary(max_size=300), st.integers(1, 50))
def test_whatever_comes_each_line_is_read_or_named(data: bytes, size: int) -> None:
    numbers = [one.line if isinstance(one, BadLine) else one[0] for one in read(data, size)]
    assert numbers == sorted(set(numbers))


def test_a_quote_that_is_never_closed_costs_its_own_line() -> None:
    lines = ["a,b", '"x,1', *(f"y{at},{at}" for at in range(LINES_IN_A_RECORD * 3)), '"z","2"']
    found = read("\n".join(lines).encode(), 4096)
    assert [one for one in found if isinstance(one, BadLine)] == [
        BadLine(2, "quote_not_closed", "A quoted cell begins here and does not end.")
    ]
    assert len(found) == len(lines)


def test_line_ends_of_old_are_named_and_not_read_as_one_long_header() -> None:
    async def read_rows() -> None:
        async for _ in rows_of(pieces(b"name,base_price\rKopi,5000\rTeh,4000\r", 9), "IDR"):
            pass

    with pytest.raises(HeaderInvalid, match="carriage returns"):
        asyncio.run(read_rows())
