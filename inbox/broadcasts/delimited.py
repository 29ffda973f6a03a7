"""CSV as spreadsheets and people write it: any delimiter, any of their encodings."""

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import IO

from inbox.broadcasts.rows import MAX_LINE, Row, row, unreadable, without_nul

# An opened quote that is not closed by then was no quote: only its line is lost, not the file.
MAX_LINES_OF_ROW = 100
DELIMITERS = "\t;|,"
_SAMPLE = 50  # lines
# The first line that Excel understands as the choice of the delimiter.
_CHOSEN = re.compile(r"\"?sep=([\t;|,])\"?\s*", re.IGNORECASE)
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
_DECIMAL_COMMA = re.compile(r"(\d),(\d+E\+\d)", re.IGNORECASE)


def read(file: IO[bytes]) -> Iterator[Row]:
    """The rows of the file from its start, blank ones too. Memory does not grow with it."""
    file.seek(0)
    wide = is_utf_16(file.read(2))
    file.seek(0)
    encoding, errors = ("utf-16", "replace") if wide else ("utf-8-sig", _AS_WINDOWS_1252)
    text = io.TextIOWrapper(file, encoding, errors, newline="")
    try:
        lines = _lines(text)
        sample = list(islice(lines, _SAMPLE))
        chosen = _CHOSEN.fullmatch(sample[0]) if sample else None
        if chosen:
            sample[0] = "\n"
        yield from _rows(chain(sample, lines), chosen[1] if chosen else _delimiter(sample))
    finally:
        text.detach()


def is_utf_16(head: bytes) -> bool:
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """One row after the other. Where quotes are not closed or a line is too long, its first line
    is a row in trouble and the next line is read for itself."""
    again: deque[str] = deque()
    taken: list[str] = []

    def of_one_row() -> Iterator[str]:
        size = 0
        while len(taken) < MAX_LINES_OF_ROW and size <= MAX_LINE:
            line = again.popleft() if again else next(lines, None)
            if line is None:
                return
            taken.append(line)
            size += len(line)
            if size <= MAX_LINE:
                yield line

    number = 1
    while True:
        taken.clear()
        try:
            cells = next(csv.reader(of_one_row(), delimiter=delimiter, strict=True), None)
        except csv.Error:
            cells = None
        if not taken:
            return
        if cells is None:
            again.extendleft(reversed(taken[1:]))
            yield unreadable(number, taken[0])
            number += 1
        else:
            yield row(number, cells)
            number += len(taken)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines with their ends; of one that is too long the beginning, too long as well."""
    while line := text.readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE:
            yield without_nul(line)
            continue
        rest = line
        while rest and not rest.endswith(("\n", "\r")):
            rest = text.readline(MAX_LINE)
        yield line


def _delimiter(sample: list[str]) -> str:
    """That by which most lines have the same number of columns, more than one."""
    lines = [_DECIMAL_COMMA.sub(r"\1.\2", line) for line in sample]

    def agreement(delimiter: str) -> float:
        rows = [one for one in _rows(iter(lines), delimiter) if not one.trouble and one.cells]
        widths = Counter(len(one.cells) for one in rows)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        return count / len(rows) if width > 1 else 0

    return max(DELIMITERS, key=agreement)


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 as Excel's "CSV" means them, also in the middle of UTF-8: such
    files come from pasting one behind the other. Letters of the two cannot be confused."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    letters = _NOT_ASCII.search(error.object, error.start)
    if letters is None:
        raise error
    return letters[0].decode("cp1252", "replace"), letters.end()


_AS_WINDOWS_1252 = "windows-1252"
codecs.register_error(_AS_WINDOWS_1252, _as_windows_1252)
