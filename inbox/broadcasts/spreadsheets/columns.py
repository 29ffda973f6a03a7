"""Who is meant by a row: which column holds what, and the number in it. Never a guess."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contacts.numbers import Number, entered, parse
from inbox.broadcasts.models import Reason
from inbox.broadcasts.spreadsheets.rows import MAX_LINE, ROUNDED, Row, unreadable, without_nul

_LONGEST = 250  # characters of a cell with a number and a name
_PIECE = re.compile(r"[^,;\t\r\n]+|\r\n?|\n")

_TEXT_TRICK = re.compile(r'=\s*"(.*)"')
_FLOAT = re.compile(r"(\+?\d+)[.,]0{1,2}")
_SCIENTIFIC = re.compile(r"\+?(\d{1,3})(?:[.,](\d+))?E\+?(\d{1,2})", re.IGNORECASE)
_DATE = re.compile(
    r"(\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{4}[-/]\d{2}[-/]\d{2})([ T]+\d{1,2}:\d{2}.*)?", re.DOTALL
)
_SUBSCRIBER = re.compile(r"9?[\s.-]?\d{4}[\s.-]?\d{4}")
_AREA = re.compile(r"\(?0?[1-9]\d\)?")
_CODE = re.compile(r"\+\d{1,3}|55")

# Names of columns without accents, signs and capitals, most telling first.
_CODE_NAME = re.compile(
    r"ddi( (do|da|del) \w+)?|(codigo|cod|prefixo|prefijo) (do |de |del )?(pais|internacional)"
    r"|(country|mobile|phone|calling|dial|dialing|international|country calling) (code|prefix)"
)
_AREA_NAME = re.compile(
    r"ddd( (do|da) \w+)?|(codigo|cod|prefixo|prefijo) (de )?area|area( code)?|prefixo|prefijo"
)
_NUMBER_NAMES = [
    re.compile(rf"\b({names})\b")
    for names in (
        "whatsapp|whats|wpp|zap",
        "celular(es)?|cel|movil(es)?|mobile|cell|cellphone",
        "telefones?|telefonos?|fones?|phones?|telephone|tel",
        "numeros?|number|contatos?|contactos?|contact|destinatarios?|recipients?",
    )
]
_FIRST_NAMES = [
    re.compile(names)
    for names in (
        r"primeiro nome|first ?name|given name|primer nombre|nombre de pila|prenome",
        r"nome|name|nombres?|nome completo|full name|nombre completo|nombres? y apellidos?",
        r"(customer|client|contact|user) name|clientes?|customer|client",
        r"(nome|nombre|name) .*",
    )
]
_LAST_NAMES = [
    re.compile(r"sobrenomes?|ultimo nome|last ?name|family name|surname|apellidos?|segundo nome")
]


@dataclass(frozen=True)
class Columns:
    """Places of columns, from 0; None when there is none.

    number: whole, or without what stands in a column apart: the country's code, the area's.
    """

    number: int | None = None
    code: int | None = None
    firstname: int | None = None
    lastname: int | None = None
    area: int | None = None


def guess(header: list[str], sample: list[list[str]]) -> Columns:
    """The columns by their names in Portuguese, English or Spanish; the number's without a name,
    and all of a table without a header, by what the cells look like."""
    names = [_plain(name) for name in header]
    code = _named(names, [_CODE_NAME], set())
    area = _named(names, [_AREA_NAME], {code})
    lastname = _named(names, _LAST_NAMES, set())
    firstname = _named(names, _FIRST_NAMES, {lastname})
    taken = {code, area, firstname, lastname}
    columns = [list(cells) for cells in zip(*sample, strict=False)]
    looks = [_share(cells, is_number_like) for cells in columns] or [0] * len(names)
    number = _number_column(names, looks, taken)
    if header or number is None:
        return Columns(number, code, firstname, lastname, area)
    is_area = number > 0 and _share(columns[number], _is_subscriber) == 1
    return Columns(
        number,
        code=_first(columns, lambda cell: bool(_CODE.fullmatch(cell)), {number}),
        firstname=_first(columns, _is_name_like, {number}),
        area=number - 1 if is_area and _share(columns[number - 1], _is_area) == 1 else None,
    )


def is_rounded(sample: list[list[str]], column: int) -> bool:
    """Whether a spreadsheet has rounded a column: of its first numbers several end in as many
    zeros. One alone may be somebody's."""
    cells = [_cell(Row(1, tuple(cells)), column) for cells in sample]
    return sum(bool(ROUNDED.fullmatch(cell)) for cell in cells) > 1


def pasted(text: str) -> Iterator[Row]:
    """A row of one cell for each piece between line breaks, commas, semicolons and tabs."""
    line = 1
    for piece in _PIECE.finditer(text):
        words = without_nul(piece[0]).strip()
        if piece[0][0] in "\r\n":
            line += 1
        elif len(words) > MAX_LINE:
            yield unreadable(line, words)
        elif words:
            yield Row(line, (words,))


def read_number(row: Row, columns: Columns, *, rounded: bool = False) -> Number | Reason:
    """The row's number, or why it has none. One without a country is taken for Brazilian.

    rounded: see is_rounded.
    """
    if row.trouble:
        return row.trouble
    text = _cell(row, columns.number)
    code, area = (_without_fraction(_cell(row, place)) for place in (columns.code, columns.area))
    if not text:
        return Reason.EMPTY
    if len(text) > _LONGEST or text.startswith("=") or _DATE.fullmatch(text):
        return Reason.INVALID
    whole = _with_all_digits(text, rounded)
    if whole is None:
        return Reason.SHORTENED
    area = _digits(area).lstrip("0")
    if area and _is_subscriber(whole):
        whole = f"{area} {whole}"
    number = entered(code, whole) if code else parse(whole)
    if number is None or not number.mobile.startswith(area):
        return Reason.INVALID
    if code and number.mobile_code != _digits(code).lstrip("0"):
        return Reason.INVALID
    return number


def _cell(row: Row, place: int | None) -> str:
    """The cell without what spreadsheets add to keep a number a text, or to make it none."""
    if place is None or not 0 <= place < len(row.cells):
        return ""
    text = row.cells[place].strip()
    if trick := _TEXT_TRICK.fullmatch(text):
        text = trick[1].strip()
    return text.removeprefix("'").strip()


def _without_fraction(text: str) -> str:
    as_float = _FLOAT.fullmatch(text)
    return as_float[1] if as_float else text


def _with_all_digits(text: str, rounded: bool) -> str | None:
    """The number in full, None when a spreadsheet has kept only its first digits.

    A number that ends in zeros is one of these where the column was rounded, or where it is written
    with a fraction: nobody does that to a telephone number but a program.
    """
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        first, fraction, exponent = scientific.groups("")
        return first + fraction if len(fraction) == int(exponent) else None
    whole = _without_fraction(text)
    is_lost = ROUNDED.fullmatch(whole) and (rounded or whole != text)
    return None if is_lost else whole


def _named(names: list[str], patterns: list[re.Pattern[str]], taken: set[int | None]) -> int | None:
    for pattern in patterns:
        for place, name in enumerate(names):
            if place not in taken and pattern.fullmatch(name):
                return place
    return None


def _number_column(names: list[str], looks: list[float], taken: set[int | None]) -> int | None:
    """By name where the cells look like it, otherwise by name, otherwise by look."""

    def rank(place: int) -> int:
        name = names[place] if place < len(names) else ""
        found = (i for i, pattern in enumerate(_NUMBER_NAMES) if pattern.search(name))
        return next(found, len(_NUMBER_NAMES))

    places = [place for place in range(max(len(names), len(looks))) if place not in taken]
    look = dict(enumerate(looks))
    unnamed = len(_NUMBER_NAMES)
    likely = [p for p in places if look.get(p) or rank(p) < unnamed]
    return min(
        likely,
        key=lambda p: (not (look.get(p) and rank(p) < unnamed), rank(p), -look.get(p, 0), p),
        default=None,
    )


def _share(cells: list[str], is_such: Callable[[str], bool]) -> float:
    """Of the cells with anything in them, how many are such."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return sum(map(is_such, filled)) / len(filled) if filled else 0


def _first(columns: list[list[str]], is_such: Callable[[str], bool], taken: set[int]) -> int | None:
    places = (p for p, cells in enumerate(columns) if p not in taken)
    return next((p for p in places if _share(columns[p], is_such) == 1), None)


def is_number_like(cell: str) -> bool:
    """Whether a cell of nobody knows which column may be somebody's number."""
    found = read_number(Row(1, (cell,)), Columns(number=0))
    return isinstance(found, Number) or found is Reason.SHORTENED or _is_subscriber(cell.strip())


def _is_subscriber(cell: str) -> bool:
    return bool(_SUBSCRIBER.fullmatch(cell)) and not _DATE.fullmatch(cell)


def _is_area(cell: str) -> bool:
    return bool(_AREA.fullmatch(cell))


def _is_name_like(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and not any(c.isdecimal() or c == "@" for c in cell)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _plain(name: str) -> str:
    """In small letters without accents, one space between words."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(c for c in letters if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", kept))
