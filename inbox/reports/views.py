"""How the conversations stand, and what was sent: to admins of everybody, to agents of them."""

from typing import Any

from babel.dates import format_skeleton
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language, to_locale
from django.views.decorators.http import require_safe

from inbox.broadcasts.bars import pieces
from inbox.models import Kind
from inbox.reports import selectors, tables
from inbox.reports.periods import NAMES, Period, PeriodForm
from inbox.reports.selectors import SHOWN, Course, Written
from inbox.reports.tables import Table, words
from inbox.selectors import counts_now
from wazime_admin.charts import columns, line, percent
from wazime_admin.exports import csv_response, readers_delimiter
from wazime_admin.http import PageRequest
from wazime_admin.trouble import explain
from wazime_admin.wazime.types import Status


@require_safe
def page(request: PageRequest) -> HttpResponse:
    period = PeriodForm(request.GET).chosen()
    context = {"period": period, "choices": NAMES.items(), **_conversations(period)}
    context |= _messages(selectors.written(period, tables.whose(request.user)), period)
    if request.user.is_admin:
        context |= _for_admins(period, context["written"])
    return render(request, "reports/page.html", context)


@require_safe
def csv_file(request: PageRequest, name: str) -> HttpResponseBase:
    """One of the tables, over the same time as the page with the same parameters."""
    if name not in tables.EVERY:
        raise Http404
    if name in tables.FOR_ADMINS and not request.user.is_admin:
        raise PermissionDenied
    period = PeriodForm(request.GET).chosen()
    table = tables.EVERY[name](request.user, period)
    file_name = f"{name}-{period.first}-{period.last}.csv"
    return csv_response(file_name, table.header, table.lines, delimiter=readers_delimiter())


# --- Contexts -----------------------------------------------------------------------------------


def _conversations(period: Period) -> dict[str, Any]:
    """What _conversations.html shows: how many there are of each status, and were."""
    counts, trouble = counts_now()
    course = selectors.course(period)
    statuses = []
    for place, status in enumerate(SHOWN):
        chart, count = _line(course, place, period), counts[status]
        if status is Status.UNREAD and not chart:
            count = count or None  # servers that cannot look for it say that there are none
        statuses.append({"status": status, "count": words(count), "chart": chart})
    return {
        "statuses": statuses,
        "trouble": explain(trouble) if trouble else None,
        "course": course,
        "over_time": tables.statuses(course),
    }


def _line(course: Course, place: int, period: Period) -> Any:
    return line([(words(at), counts[place]) for at, counts in course.rows], _ends(period))


def _messages(written: Written, period: Period) -> dict[str, Any]:
    """What _messages.html shows."""
    if not written.total:
        return {"written": written}
    by_day, by_hour = tables.days(written), tables.hours(written)
    middle_of_day = [tables.hour_name(hour) for hour in (0, 6, 12, 18, 24)]
    return {
        "written": written,
        "pieces": pieces(written.outcomes),
        "by_day": by_day,
        "days_chart": columns(_values(by_day), _ends(period)),
        "by_hour": by_hour,
        "hours_chart": columns(_values(by_hour), middle_of_day),
        "kinds": tables.kinds(written),
        "kind_bars": [
            (Kind(kind).label, count, percent(100 * count / written.total))
            for kind, count in written.most_used_kinds
        ],
    }


def _for_admins(period: Period, written: Written) -> dict[str, Any]:
    begun = selectors.begun(period)
    return {
        "waits": tables.waits(selectors.waiting()),
        "people": tables.people(written),
        "begun": begun,
        "broadcasts": tables.broadcasts(begun),
        "most_broadcasts": selectors.BROADCASTS_SHOWN,
    }


def _values(table: Table) -> list[tuple[str, Any]]:
    return [(shown[0], row[1]) for shown, row in zip(table.shown, table.rows, strict=True)]


def _ends(period: Period) -> list[str]:
    """The first day and the last, below a chart."""
    locale = to_locale(get_language() or "en")
    return [format_skeleton("Md", day, locale=locale) for day in (period.first, period.last)]
