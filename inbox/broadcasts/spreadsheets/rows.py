"""What every reader of recipients hands on, and what it refuses to hold in memory."""

import re
from dataclasses import dataclass

from inbox.broadcasts.models import Reason

MAX_LINE = 64 * 1024  # characters of one row, its line breaks included
MAX_COLUMNS = 1_000
_SHOWN = 200
# What is left of 5511987654321 or 551133334444 once a spreadsheet has shown it as 5,51199E+12. It
# may be somebody's number all the same: it counts only beside another sign of that.
ROUNDED = re.compile(r"\d{6}0{6,7}")


class Unreadable(Exception):
    """No table can be had from this file; str() is one translated sentence that says why."""


@dataclass(frozen=True)
class Row:
    """line: in the file, from 1, where the row begins; trouble: why its cells are not to be used,
    which are then no more than the beginning of what the line says."""

    line: int
    cells: tuple[str, ...]
    trouble: Reason | None = None


def row(line: int, cells: list[str]) -> Row:
    """The row, in trouble when something stands beyond the columns that are read."""
    if any(cells[MAX_COLUMNS:]):
        return unreadable(line, " ".join(cells[:_SHOWN]))
    return Row(line, tuple(cells[:MAX_COLUMNS]))


def unreadable(line: int, text: str) -> Row:
    return Row(line, (without_nul(text[:_SHOWN]),), Reason.UNREADABLE)


def without_nul(text: str) -> str:
    """PostgreSQL keeps no NUL in a text, and nobody means one."""
    return text.replace("\0", "")
