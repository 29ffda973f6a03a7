"""Which part of the ledger somebody wants to look at, as an address says it."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox.models import UNDECIDED, Kind, State
from inbox.selectors import NO_BROADCAST, Wanted
from wazime_admin.wazime.types import MAX_ID

ATTENTION, ALL = "attention", "all"
STATES: dict[str, tuple[State, ...]] = {
    ATTENTION: UNDECIDED,
    ALL: (),
    **{state.value: (state,) for state in State},
}
DAYS = {"today": 1, "7": 7, "30": 30}
SENSIBLE = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


def day_field(label: Any) -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        localize=False,
        validators=SENSIBLE,
        widget=widget,
    )


class OutboxFilter(forms.Form):
    """An address's parameters. What makes no sense is left out, so that no address is an error."""

    state = forms.ChoiceField(choices=[(name, name) for name in STATES], required=False)
    person = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("Every kind")), *Kind.choices], required=False
    )
    period = forms.ChoiceField(
        label=_("Time"),
        choices=[
            ("", _("At any time")),
            ("today", _("Today")),
            ("7", _("Last 7 days")),
            ("30", _("Last 30 days")),
            ("dates", _("From … to …")),
        ],
        required=False,
    )
    since = day_field(_("From"))
    until = day_field(_("To"))
    search = forms.CharField(max_length=100, required=False)
    broadcast = forms.RegexField(r"^(all|[1-9][0-9]{0,17})$", required=False)
    before = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)

    def clean_state(self) -> str:
        return self.cleaned_data["state"] or ATTENTION

    def given(self) -> dict[str, Any]:
        """What was given and makes sense, by name."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if value}
        return {"state": ATTENTION, **found}

    def wanted(self) -> Wanted:
        given = self.given()
        since, until = _period(given)
        return Wanted(
            states=STATES[given["state"]],
            author_id=given.get("person"),
            kind=given.get("kind", ""),
            since=since,
            until=until,
            search=given.get("search", ""),
            broadcast=given.get("broadcast", NO_BROADCAST),
        )

    def address(self, **changes: Any) -> str:
        """The page that shows the same, but for these changes; from the newest on."""
        parts = {**self.given(), "before": None, **changes}
        if parts["state"] == ATTENTION:
            parts["state"] = None
        shown = {name: parts[name] for name in self.fields if parts.get(name)}
        return reverse("inbox:outbox") + (f"?{urlencode(shown)}" if shown else "")


def _period(given: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """The moments between which it lies, in the reader's time zone; the second is outside."""
    period = given.get("period")
    if period in DAYS:
        return _midnight(timezone.localdate() - timedelta(days=DAYS[period] - 1)), None
    if period != "dates":
        return None, None
    since, until = given.get("since"), given.get("until")
    return since and _midnight(since), until and _midnight(until + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
