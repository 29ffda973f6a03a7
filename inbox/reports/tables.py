"""The reports as tables: what a page shows beside each chart, and what can be downloaded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from babel.dates import format_time
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, pgettext, to_locale
from django.utils.translation import gettext as _

from inbox.broadcasts.models import Broadcast
from inbox.broadcasts.selectors import Counts, Part
from inbox.models import Kind
from inbox.reports import selectors
from inbox.reports.periods import Period
from inbox.reports.selectors import SHOWN, Course, Waiting, Written
from wazime_admin.team.models import User
from wazime_admin.wazime.types import Status

Cell = str | int | date | None


@dataclass(frozen=True)
class Table:
    """name: its file's. The first cell of a row says what it is about. None: nobody knows."""

    name: str
    title: str
    header: list[str]
    rows: list[list[Cell]]

    @property
    def shown(self) -> list[list[str]]:
        """As the reader writes numbers and days."""
        return [list(map(words, row)) for row in self.rows]

    @property
    def lines(self) -> Iterator[list[Cell]]:
        """As a spreadsheet takes them, in the reader's time zone."""
        return ([_plain(cell) for cell in row] for row in self.rows)


def words(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return date_format(timezone.localtime(cell), "SHORT_DATETIME_FORMAT")
    if isinstance(cell, date):
        return date_format(cell, "SHORT_DATE_FORMAT")
    if isinstance(cell, int):
        return number_format(cell, force_grouping=True)
    return "–" if cell is None else cell


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, datetime):
        return f"{timezone.localtime(cell):%Y-%m-%d %H:%M}"
    return cell.isoformat() if isinstance(cell, date) else cell


# --- Each of them -------------------------------------------------------------------------------


def statuses(course: Course) -> Table:
    names = [status_name(status) for status in SHOWN]
    rows: list[list[Cell]] = [[moment, *counts] for moment, counts in course.rows]
    return Table("conversations", _("Conversations over time"), [_("From"), *names], rows)


def waits(found: dict[Status, Waiting | None]) -> Table:
    header = [
        _("Status"),
        _("Conversations"),
        _("Looked at"),
        _("Last message (median)"),
        _("Last message (oldest)"),
    ]
    rows: list[list[Cell]] = []
    for status, it in found.items():
        known = it or Waiting()
        rows.append([status_name(status), known.total, known.looked_at, known.median, known.oldest])
    return Table("waiting", _("What waits now"), header, rows)


def days(written: Written) -> Table:
    rows: list[list[Cell]] = [[day, count] for day, count in written.by_day.items()]
    return Table("days", _("By day"), [_("Day"), _("Messages")], rows)


def hours(written: Written) -> Table:
    rows: list[list[Cell]] = [[hour_name(hour), it] for hour, it in enumerate(written.by_hour)]
    return Table("hours", _("By hour of the day"), [_("Hour"), _("Messages")], rows)


def kinds(written: Written) -> Table:
    rows: list[list[Cell]] = [
        [str(Kind(kind).label), count] for kind, count in written.most_used_kinds
    ]
    return Table("kinds", _("By kind"), [_("Kind"), _("Messages")], rows)


def outcomes(written: Written) -> Table:
    rows: list[list[Cell]] = [
        [str(part.label), getattr(written.outcomes, part.value)] for part in Part
    ]
    return Table("outcomes", _("By outcome"), [_("Outcome"), _("Messages")], rows)


def people(written: Written) -> Table:
    names = User.objects.in_bulk(written.by_person)
    most_first = sorted(written.by_person.items(), key=lambda it: -it[1].total)
    rows: list[list[Cell]] = [
        [names[pk].display_name, counts.total, *_parts(counts)] for pk, counts in most_first
    ]
    header = [_("Person"), _("Messages"), *_part_names()]
    return Table("people", _("By person"), header, rows)


def broadcasts(begun: list[tuple[Broadcast, Counts]]) -> Table:
    rows: list[list[Cell]] = [
        [it.name, it.started_at, counts.total, *_parts(counts)] for it, counts in begun
    ]
    header = [_("Broadcast"), _("Begun"), _("Recipients"), *_part_names()]
    return Table("broadcasts", _("Broadcasts"), header, rows)


def _part_names() -> list[str]:
    ended = (Part.SENT, Part.REJECTED, Part.UNCERTAIN, Part.CANCELLED)
    return [*(str(part.label) for part in ended), _("Not yet")]


def _parts(counts: Counts) -> list[Cell]:
    return [counts.sent, counts.rejected, counts.uncertain, counts.cancelled, counts.left]


def status_name(status: Status) -> str:
    return {
        Status.UNREAD: pgettext("conversations", "Unread"),
        Status.PENDING: pgettext("conversations", "Pending"),
        Status.IMPORTANT: pgettext("conversations", "Important"),
        Status.DONE: pgettext("conversations", "Done"),
    }[status]


def hour_name(hour: int) -> str:
    return format_time(time(hour % 24), "short", locale=to_locale(get_language() or "en"))


# --- By name ------------------------------------------------------------------------------------


def whose(person: User) -> User | None:
    """Whose messages a person sees: admins everybody's, agents their own."""
    return None if person.is_admin else person


Make = Callable[[User, Period], Table]
EVERY: dict[str, Make] = {
    "conversations": lambda _, period: statuses(selectors.course(period)),
    "waiting": lambda _, period: waits(selectors.waiting()),
    "days": lambda person, period: days(selectors.written(period, whose(person))),
    "hours": lambda person, period: hours(selectors.written(period, whose(person))),
    "kinds": lambda person, period: kinds(selectors.written(period, whose(person))),
    "outcomes": lambda person, period: outcomes(selectors.written(period, whose(person))),
    "people": lambda person, period: people(selectors.written(period)),
    "broadcasts": lambda _, period: broadcasts(selectors.begun(period)),
}
FOR_ADMINS = {"waiting", "people", "broadcasts"}
