"""Over which days a report goes, as an address says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox.filters import day_field

DAYS = {"7": 7, "30": 30, "90": 90}
USUAL, DATES = "30", "dates"
MOST_DAYS = 366
NAMES = {"7": _("Last 7 days"), "30": _("Last 30 days"), "90": _("Last 90 days")}


@dataclass(frozen=True)
class Period:
    """Whole days in the reader's time zone, the last included. choice: one of DAYS, or DATES."""

    choice: str
    first: date
    last: date

    @property
    def begin(self) -> datetime:
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The moment after it."""
        return _midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=place) for place in range(self.length))

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def key(self) -> str:
        """What it is called in the cache: the same days are others elsewhere."""
        return f"{timezone.get_current_timezone_name()}:{self.first}:{self.last}"

    @property
    def query(self) -> str:
        """The address's parameters."""
        if self.choice != DATES:
            return urlencode({"period": self.choice})
        return urlencode({"period": DATES, "since": self.first, "until": self.last})


class PeriodForm(forms.Form):
    """An address's parameters. What makes no sense is left out, so that no address is an error."""

    period = forms.ChoiceField(choices=[*NAMES.items(), (DATES, DATES)], required=False)
    since = day_field(_("From"))
    until = day_field(_("To"))

    def chosen(self) -> Period:
        """MOST_DAYS at most, none of them to come."""
        self.is_valid()
        given, today = self.cleaned_data, timezone.localdate()
        choice = given.get("period") or USUAL
        if choice in DAYS:
            return Period(choice, today - timedelta(days=DAYS[choice] - 1), today)
        last = min(given.get("until") or today, today)
        first = given.get("since") or last - timedelta(days=DAYS[USUAL] - 1)
        return Period(DATES, max(min(first, last), last - timedelta(days=MOST_DAYS - 1)), last)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
