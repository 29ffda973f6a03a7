"""XLSX files, however hostile: nothing in them is held but one row and the shared texts.

Read with expat and not with openpyxl, which builds a tree of each row and each part: a few
megabytes of empty elements take gigabytes there. Meant by ECMA-376, both its namespaces.
"""

import posixpath
import re
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from decimal import Context, InvalidOperation
from enum import Enum, auto
from functools import lru_cache
from typing import IO, Any
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from django.utils.translation import gettext as _

from inbox.broadcasts.spreadsheets.rows import (
    MAX_COLUMNS,
    MAX_LINE,
    ROUNDED,
    Row,
    Unreadable,
    row,
    unreadable,
)

MAX_PARTS = 2_000
MAX_UNPACKED = 256 * 1024**2  # bytes, all parts together
MAX_RATIO = 200  # unpacked to packed, of all parts together; small files may have more
SMALL = 16 * 1024**2  # bytes, unpacked
MAX_TEXTS_BYTES = 64 * 1024**2
MAX_TEXTS = 2_000_000
MAX_EVENTS = 20_000_000  # begins, ends and texts in one part: 4 to 6 million cells
MAX_DEPTH = 100
MAX_TAG = 1024**2  # bytes
MAX_ROWS = 1_048_576  # what the format allows
_BLOCK = 64 * 1024
_ENTRY = b"PK\x01\x02"

_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_BUILT_IN_SCIENTIFIC = {11, 48}
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_CONTROL = re.compile(r"_x00[01][0-9A-F]_", re.IGNORECASE)  # how the format writes them
_PRECISION = Context(prec=15)  # of a number in any spreadsheet; more digits are noise
_COLUMN = re.compile(r"[A-Z]{1,3}")


class _Kind(Enum):
    START = auto()
    END = auto()
    TEXT = auto()


_Event = tuple[_Kind, str, dict[str, str]]  # a name without its prefix, or a text; attributes


class Sheet:
    """The first visible sheet with anything in it. Raises Unreadable, also while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        with _damage_told():
            _check_directory(file)
            self._archive = ZipFile(file)
            _check_parts(self._archive)
            self._open()

    def rows(self) -> Iterator[Row]:
        """Its rows from the start, blank ones too, as far as they are written at all."""
        return self._rows(self._path) if self._path else iter(())

    def _open(self) -> None:
        workbook = dict(self._relationships("").values())["officeDocument"]
        related = self._relationships(workbook)
        paths = dict(related.values())
        self._texts = self._read_texts(paths.get("sharedStrings"))
        self._dates, self._scientific = self._read_styles(paths.get("styles"))
        self._epoch = datetime(1899, 12, 30)
        sheets: dict[tuple[str, str], None] = {}  # in their order, each once
        for kind, name, attributes in self._events(workbook):
            if kind is not _Kind.START:
                continue
            if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._epoch = datetime(1904, 1, 1)
            if name == "sheet" and attributes.get("state", "visible") == "visible":
                sheets[related[_reference(attributes)]] = None
        tables = [path for kind, path in sheets if kind == "worksheet"]
        self._path = next((p for p in tables if any(map(_is_filled, self._rows(p)))), None)

    def _relationships(self, part: str) -> dict[str, tuple[str, str]]:
        """Of a part, or of the package: the kind and the path of what it refers to, by id."""
        folder, base = posixpath.split(part)
        found = {}
        for kind, name, attributes in self._events(f"{folder}/_rels/{base}.rels".lstrip("/")):
            if kind is _Kind.START and name == "Relationship":
                path = posixpath.normpath(posixpath.join("/", folder, attributes["Target"]))
                described = posixpath.basename(attributes["Type"]), path.lstrip("/")
                found[attributes["Id"]] = described
                if len(found) > MAX_PARTS:
                    raise Unreadable(_too_large())
        return found

    def _read_texts(self, path: str | None) -> "_Texts":
        texts = _Texts()
        if path is None or path not in self._archive.NameToInfo:
            return texts
        if self._archive.getinfo(path).file_size > MAX_TEXTS_BYTES:
            raise Unreadable(_too_large())
        pieces: list[str] = []
        for kind, name, _attributes in self._events(path):
            if kind is _Kind.TEXT:
                pieces.append(name)
            elif kind is _Kind.END and name == "si":
                texts.append("".join(pieces))
                pieces.clear()
        return texts

    def _read_styles(self, path: str | None) -> tuple[set[int], set[int]]:
        """The styles that show a number as a date, and those that show it as 5.51E+12."""
        if path is None:
            return set(), set()
        dates, scientific = set(_BUILT_IN_DATES), set(_BUILT_IN_SCIENTIFIC)
        formats, in_cells = [], False
        for kind, name, attributes in self._events(path):
            if name == "cellXfs":
                in_cells = kind is _Kind.START
            elif kind is _Kind.START and name == "numFmt":
                code = _LITERAL.sub("", attributes.get("formatCode", ""))
                if re.search("[dmyhs]", code, re.IGNORECASE):
                    dates.add(int(attributes["numFmtId"]))
                elif re.search("E[+-]", code, re.IGNORECASE):
                    scientific.add(int(attributes["numFmtId"]))
            elif kind is _Kind.START and name == "xf" and in_cells:
                formats.append(int(attributes.get("numFmtId", 0)))
        return (
            {style for style, number in enumerate(formats) if number in dates},
            {style for style, number in enumerate(formats) if number in scientific},
        )

    def _rows(self, path: str) -> Iterator[Row]:
        with _damage_told():
            line = size = 0
            cells: list[str] = []
            cell: dict[str, str] = {}
            pieces: list[str] = []
            column = -1
            for kind, name, attributes in self._events(path):
                if kind is _Kind.TEXT:
                    size += len(name)
                    if size <= MAX_LINE:
                        pieces.append(name)
                elif kind is _Kind.START and name == "row":
                    line = _line_after(line, attributes.get("r", ""))
                    cells, column, size = [], -1, 0
                elif kind is _Kind.START and name == "c":
                    cell, column = attributes, _column_after(column, attributes.get("r", ""))
                    pieces.clear()
                elif kind is _Kind.END and name == "c" and pieces:
                    value = "".join(pieces)
                    text = self._shown(cell, value)
                    size += len(text) - len(value)
                    if size <= MAX_LINE:
                        # One cell beyond the columns is enough to see that there are too many.
                        place = min(column, MAX_COLUMNS)
                        cells.extend([""] * (place + 1 - len(cells)))
                        cells[place] = cells[place] or text
                elif kind is _Kind.END and name == "row":
                    short = size <= MAX_LINE
                    yield row(line, cells) if short else unreadable(line, " ".join(cells))

    def _shown(self, cell: dict[str, str], value: str) -> str:
        """What a person sees in the cell, but numbers in full; errors such as #N/A are empty."""
        match cell.get("t", "n"):
            case "s":
                return self._texts[int(value)]
            case "e":
                return ""
            case "b":
                return "TRUE" if value == "1" else "FALSE"
            case "n":
                style = int(cell.get("s", 0))
                date = _date(self._epoch, value) if style in self._dates else ""
                return date or _number(value, is_scientific=style in self._scientific)
        return _CONTROL.sub("", value)

    def _events(self, path: str) -> Iterator[_Event]:
        with self._archive.open(path) as part:
            yield from _parsed(part)


class _Texts:
    """The shared texts, packed: there may be one for each cell."""

    def __init__(self) -> None:
        self._packed = bytearray()
        self._ends = array("I", [0])

    def append(self, text: str) -> None:
        if len(self._ends) > MAX_TEXTS:
            raise Unreadable(_too_large())
        self._packed += _CONTROL.sub("", text).encode()
        self._ends.append(len(self._packed))

    def __getitem__(self, place: int) -> str:
        if place < 0:
            raise IndexError
        return self._packed[self._ends[place] : self._ends[place + 1]].decode()


def _parsed(part: IO[bytes]) -> Iterator[_Event]:
    """The part's elements and the texts of its values, block by block.

    Values stand in <v> or <t>, which are not told apart here; how they are spoken is left out.
    """
    found: list[_Event] = []
    depth = 0
    value = spoken = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, value, spoken
        depth += 1
        name = _local(name)
        if name in ("v", "t"):
            value = not spoken
        elif name == "rPh":
            spoken = True
        else:
            found.append((_Kind.START, name, attributes))

    def end(name: str) -> None:
        nonlocal depth, value, spoken
        depth -= 1
        name = _local(name)
        if name in ("v", "t"):
            value = False
        elif name == "rPh":
            spoken = False
        else:
            found.append((_Kind.END, name, {}))

    def text(words: str) -> None:
        if value:
            found.append((_Kind.TEXT, words, {}))

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    fed = events = 0
    while block := part.read(_BLOCK):
        parser.Parse(block)
        fed += len(block)
        if depth > MAX_DEPTH or fed - parser.CurrentByteIndex > MAX_TAG:
            raise ValueError("no part of a spreadsheet looks like this")
        events += len(found)
        if events > MAX_EVENTS:
            raise Unreadable(_too_large())
        yield from found
        found.clear()
    parser.Parse(b"", True)
    yield from found


@lru_cache(maxsize=1000)
def _local(name: str) -> str:
    """Without its prefix, as every program chooses its own."""
    return name.rpartition(":")[2]


def _reference(attributes: dict[str, str]) -> str:
    """The id of a relationship, which is an attribute with a prefix."""
    return next((value for key, value in attributes.items() if key.endswith(":id")), "")


def _refuse_doctype(*_declared: Any) -> None:
    """No spreadsheet has one, and without it there are no entities to expand."""
    raise ValueError("a document type")


def _check_directory(file: IO[bytes]) -> None:
    """Before zipfile holds the whole directory: how many entries it can have."""
    file.seek(0)
    entries = 0
    while block := file.read(1024**2):
        entries += block.count(_ENTRY)
    if entries > MAX_PARTS:
        raise Unreadable(_too_large())


def _check_parts(archive: ZipFile) -> None:
    """zipfile unpacks no more of a part than the directory says, so that is what counts."""
    parts = archive.infolist()
    packed = sum(part.compress_size for part in parts)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > min(MAX_UNPACKED, max(SMALL, MAX_RATIO * packed)):
        raise Unreadable(_too_large())
    # The others are unpacked in blocks of any size.
    if any(part.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for part in parts):
        raise BadZipFile
    if any(part.header_offset < 0 for part in parts):
        raise BadZipFile


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except (
        ArithmeticError,
        BadZipFile,
        EOFError,
        LookupError,
        RuntimeError,  # zipfile's word for what is encrypted or newer than it
        ValueError,
        expat.ExpatError,
        zlib.error,
    ) as error:
        raise Unreadable(
            _("This is no XLSX file, or a damaged one. Save it again as XLSX or CSV.")
        ) from error


def _too_large() -> str:
    return _("This XLSX file is too large when unpacked. Save it as CSV and try again.")


def _is_filled(one: Row) -> bool:
    return bool(one.trouble) or any(map(str.strip, one.cells))


def _line_after(line: int, reference: str) -> int:
    """The row's own number if it can be, for the line that a person looks at."""
    number = int(reference) if reference.isascii() and reference.isdecimal() else 0
    return number if line < number <= MAX_ROWS else line + 1


def _column_after(column: int, reference: str) -> int:
    """The place of the cell, from 0: of "B7" it is 1, without a reference the next."""
    letters = _COLUMN.match(reference)
    if letters is None:
        return column + 1
    place = 0
    for letter in letters[0]:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _number(value: str, *, is_scientific: bool) -> str:
    """A number with all the digits a spreadsheet has: 5.511987654321E12 is 5511987654321.

    One that may have lost digits keeps the form by which that is known, 5.51199E+12: it is shown
    or written so, and ends in zeros.
    """
    try:
        number = _PRECISION.create_decimal(value)
    except InvalidOperation:
        return value
    if not (number.is_finite() and abs(number.adjusted()) < 20):
        return value
    whole = f"{number.normalize():f}"
    is_lost = (is_scientific or "E" in value.upper()) and ROUNDED.fullmatch(whole)
    return f"{number.normalize():E}" if is_lost else whole


def _date(epoch: datetime, value: str) -> str:
    """As it is written in Brazil; empty when the number is none of a date."""
    try:
        moment = epoch + timedelta(seconds=round(float(value) * 86_400))
    except (OverflowError, ValueError):
        return ""
    if moment.date() == epoch.date():
        return f"{moment:%H:%M}"
    return f"{moment:%d/%m/%Y}" if moment.time() == time.min else f"{moment:%d/%m/%Y %H:%M}"
