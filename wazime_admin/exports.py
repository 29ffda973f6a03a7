"""Tables to download, safe to open in a spreadsheet."""

import csv
import re
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse
from django.utils.formats import get_format

# What a spreadsheet takes for the beginning of a formula, the last four being wide forms: where a
# cell begins, also for a spreadsheet that separates by something else. See OWASP, "CSV Injection".
_FORMULA = re.compile(r"(^|[;,\t\r\n|])(?=[\s\"']*[=+\-@\t\r\n＝＋－＠])")


def safe_cell(value: object) -> str:
    """The value as text that no spreadsheet calculates with: an apostrophe goes before a formula.

    None is an empty cell.
    """
    return "" if value is None else _FORMULA.sub(r"\1'", str(value))


def csv_response(
    name: str, header: list[str], rows: Iterable[Iterable[object]], *, delimiter: str = ","
) -> StreamingHttpResponse:
    """A CSV file to be saved as `name`, row by row: UTF-8 with the mark by which Excel knows it."""
    lines = _lines(header, rows, delimiter)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def readers_delimiter() -> str:
    """What a spreadsheet in the reader's language opens as columns: where numbers have a decimal
    comma it is the semicolon. For files that people read; scripts want one that stays the same."""
    return ";" if get_format("DECIMAL_SEPARATOR") == "," else ","


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(header: list[str], rows: Iterable[Iterable[object]], delimiter: str) -> Iterator[str]:
    writer = csv.writer(_Echo(), delimiter=delimiter)
    yield "\ufeff" + writer.writerow(header)
    for row in rows:
        yield writer.writerow([safe_cell(value) for value in row])
