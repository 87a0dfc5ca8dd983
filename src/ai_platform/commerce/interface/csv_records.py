"""CSV as it arrives: bytes in pieces, records with their line numbers out, and every bad line for itself.

RFC 4180, and what spreadsheets make of it: a byte order mark, semicolons where the comma is decimal, either line end.
A quote that is never closed costs its own line alone: after `LINES_IN_A_RECORD` lines what follows it is read anew.
"""

import csv
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Final

from ai_platform.commerce.domain.importing import BadLine

RECORD_BYTES: Final = 256 * 1024
LINES_IN_A_RECORD: Final = 200

Record = tuple[int, list[str]]
"""The number of its first line, from 1, and its cells."""


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes | None]]:
    """Numbered lines without their ends; None for one that is longer than any record may be."""
    rest, number, is_skipping = b"", 0, False
    async for chunk in chunks:
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        for part in parts:
            number += 1
            yield number, None if is_skipping or len(part) > RECORD_BYTES else part.removesuffix(b"\r")
            is_skipping = False
        if len(rest) > RECORD_BYTES:
            rest, is_skipping = b"", True
    if rest or is_skipping:
        yield number + 1, None if is_skipping else rest.removesuffix(b"\r")


async def records_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[Record | BadLine]:
    records = Records()
    async for number, line in lines_of(chunks):
        for record in records.take(number, line):
            yield record
    for record in records.end():
        yield record


class Records:
    """Puts lines together to records, as far as a quoted cell goes on."""

    def __init__(self) -> None:
        self._delimiter: str | None = None
        self._open: deque[tuple[int, str]] = deque()

    def take(self, number: int, line: bytes | None) -> Iterator[Record | BadLine]:
        if line is None:
            yield BadLine(number, "line_too_long", f"The line is longer than {RECORD_BYTES // 1024} KiB.")
            return
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield BadLine(number, "encoding_invalid", "The line is not UTF-8; save the file as UTF-8.")
            return
        if "\x00" in text:
            yield BadLine(number, "encoding_invalid", "The line has NUL characters.")
            return
        yield from self._put(number, text)

    def end(self) -> Iterator[Record | BadLine]:
        """What was begun and not ended."""
        while self._open:
            yield from self._give_up()

    def _put(self, number: int, text: str) -> Iterator[Record | BadLine]:
        if self._delimiter is None:
            self._delimiter = ";" if text.count(";") > text.count(",") else ","
        if not self._open and '"' not in text:
            if text.strip():
                yield number, text.split(self._delimiter)
            return
        self._open.append((number, text))
        yield from self._close()

    def _close(self) -> Iterator[Record | BadLine]:
        first = self._open[0][0]
        if '"' not in self._open[-1][1] and len(self._open) > 1 and not self._is_overfull():
            return  # a line without a quote closes nothing
        try:
            cells = next(
                csv.reader([line + "\n" for _, line in self._open], delimiter=self._delimiter or ",", strict=True)
            )
        except StopIteration:
            self._open.clear()
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                yield from self._give_up("csv_malformed", "A quoted cell is followed by something else than a comma.")
            elif self._is_overfull():
                yield from self._give_up()
        else:
            self._open.clear()
            yield first, cells

    def _is_overfull(self) -> bool:
        return len(self._open) > LINES_IN_A_RECORD or sum(len(line) for _, line in self._open) > RECORD_BYTES

    def _give_up(
        self, code: str = "quote_not_closed", message: str = "A quoted cell begins here and does not end."
    ) -> Iterator[Record | BadLine]:
        """The first line is the bad one; those after it are read again."""
        number, _ = self._open.popleft()
        again, self._open = self._open, deque()
        yield BadLine(number, code, message)
        for follower, text in again:
            yield from self._put(follower, text)
