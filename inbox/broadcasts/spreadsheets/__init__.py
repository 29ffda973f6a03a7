"""Tables of recipients as people have them: CSV and XLSX files, and pasted numbers.

with open_table(file, name) as table:
    columns = guess(table.header, table.sample)
    for row in table.rows():
        number = read_number(row, columns)
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import IO

from django.utils.translation import gettext as _

from inbox.broadcasts.spreadsheets import delimited, xlsx
from inbox.broadcasts.spreadsheets.columns import (
    Columns,
    guess,
    is_number_like,
    is_rounded,
    pasted,
    read_number,
)
from inbox.broadcasts.spreadsheets.rows import Row, Unreadable

__all__ = [
    "MAX_FILE",
    "MAX_LINES",
    "Columns",
    "Row",
    "Table",
    "Unreadable",
    "guess",
    "is_rounded",
    "open_table",
    "pasted",
    "read_number",
]

# The sentences name these limits themselves, as what a worker meets is translated later.
MAX_FILE = 50 * 1024**2  # bytes
MAX_LINES = 1_048_576  # as many as a spreadsheet has; blank ones take time as well
_HEAD = 64 * 1024
_SAMPLE = 5  # rows
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(rb"\s*<(!doctype|html|\?xml|table|meta|head)\b", re.IGNORECASE)
_FIGURES = re.compile(r"[^\W\d_]{0,2}[\W_]*\d.*")  # an amount, a date, a part of a number
_CONTROLS = bytes({*range(1, 32)} - set(b"\t\n\r"))


class Table:
    """Rows under a header, or without one.

    header: the names of the columns, [] when the first row is data; width: how many columns there
    are, which each row's cells have at least; sample: the first 5 rows of data, without those in
    trouble.
    """

    def __init__(self, read: Callable[[], Iterator[Row]]) -> None:
        self._read = read
        self.header: list[str] = []
        self.width = 0
        first = list(islice(self._filled(), _SAMPLE + 1))
        self._has_header = bool(first) and _is_header(first[0])
        data = [row for row in first[self._has_header :] if not row.trouble][:_SAMPLE]
        self.width = max((len(row.cells) for row in first), default=0)
        if self._has_header:
            self.header = [name.strip() for name in self._fitted(first[0]).cells]
        self.sample = [list(self._fitted(row).cells) for row in data]

    def rows(self) -> Iterator[Row]:
        """All rows of data from the start, one at a time. Blank ones are skipped.

        Reads the open file: one such iterator at a time. Raises Unreadable when an XLSX file turns
        out to be damaged further down.
        """
        for row in islice(self._filled(), self._has_header, None):
            yield self._fitted(row)

    def _filled(self) -> Iterator[Row]:
        return (row for row in self._read() if row.trouble or any(map(str.strip, row.cells)))

    def _fitted(self, row: Row) -> Row:
        missing = self.width - len(row.cells)
        return replace(row, cells=row.cells + ("",) * missing) if missing > 0 else row


@contextmanager
def open_table(file: IO[bytes], name: str) -> Iterator[Table]:
    """The table in an open file, which has to stay open and is left open.

    name: as the person calls the file; what it is, is told by what is in it. Raises Unreadable.
    """
    table = Table(_reader(file, name))
    if not table.width:
        raise Unreadable(_("There is nothing in this file."))
    yield table


def _reader(file: IO[bytes], name: str) -> Callable[[], Iterator[Row]]:
    file.seek(0, 2)
    if file.tell() > MAX_FILE:
        raise Unreadable(_("This file is larger than 50 MB."))
    file.seek(0)
    head = file.read(_HEAD)
    if head.startswith(_ZIP):
        return xlsx.Sheet(file).rows
    if head.startswith(_OLE) and name.lower().endswith(".xls"):
        raise Unreadable(_("This is the format of an old Excel. Save it as XLSX or CSV."))
    if head.startswith(_OLE):
        raise Unreadable(_("This file has a password. Save it without one, as XLSX or CSV."))
    if _is_no_text(head):
        raise Unreadable(_("This is not a table. Save it as XLSX or CSV in your spreadsheet."))
    if delimited.count_lines(file) > MAX_LINES:
        raise Unreadable(_("This file has more than 1,048,576 lines. Split it into several."))
    return lambda: delimited.read(file)


def _is_no_text(head: bytes) -> bool:
    """A PDF, a web page that calls itself a spreadsheet, or mostly no letters at all."""
    if head.startswith(b"%PDF") or _MARKUP.match(head):
        return True
    if delimited.is_utf_16(head):
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls > len(head) / 20 or head.count(b"\0") > len(head) / 4


def _is_header(row: Row) -> bool:
    """Names of columns. When in doubt it is data: a row of data taken for names would be lost."""
    if row.trouble or any(map(is_number_like, row.cells)):
        return False
    known = guess(list(row.cells), []) != Columns()
    return known or not any(map(_FIGURES.fullmatch, map(str.strip, row.cells)))
