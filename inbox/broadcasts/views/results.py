"""What became of each recipient: a table, a file, and what may have left decided at once."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from inbox import selectors as ledger
from inbox.broadcasts import selectors, services
from inbox.broadcasts.models import Broadcast
from inbox.broadcasts.selectors import Part, Recipient
from inbox.broadcasts.views.running import do, find
from inbox.models import UNDECIDED, Attempt, CancelReason, Decision, Message, Outcome, State
from wazime_admin.exports import csv_response
from wazime_admin.http import PageRequest
from wazime_admin.team.access import admin_required
from wazime_admin.team.models import User
from wazime_admin.trouble import explain_cause
from wazime_admin.wazime.errors import Cause
from wazime_admin.wazime.types import MAX_ID

COLUMNS = ["mobile_code", "mobile", "name", "state", "reason", "attempts", "finished_at"]


class ResultsFilter(forms.Form):
    """An address's parameters. What makes no sense is left out, so that no address is an error."""

    state = forms.ChoiceField(choices=Part.choices, required=False)
    search = forms.CharField(max_length=100, required=False)
    after = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)

    def given(self) -> dict[str, Any]:
        """What was given and makes sense, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class DecisionForm(forms.Form):
    """seen: how many uncertain recipients the person saw."""

    decision = forms.ChoiceField(choices=Decision.choices)
    seen = forms.IntegerField(min_value=1, max_value=MAX_ID)


@require_safe
@admin_required
@vary_on_headers("HX-Request")
def index(request: PageRequest, broadcast_id: int) -> HttpResponse:
    context = results_context(request, find(broadcast_id))
    if not request.htmx:
        return render(request, "broadcasts/results.html", context)
    response = render(request, "broadcasts/_results.html", context)
    response["HX-Replace-Url"] = context["address"]
    return response


@require_safe
@admin_required
def csv_file(request: PageRequest, broadcast_id: int) -> HttpResponseBase:
    found = find(broadcast_id)
    return csv_response(f"broadcast-{found.pk}.csv", COLUMNS, _lines(found))


@require_POST
@admin_required
def decide(request: PageRequest, broadcast_id: int) -> HttpResponse:
    """Send all uncertain ones again, or take them for sent."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise Http404
    decision, seen = Decision(form.cleaned_data["decision"]), form.cleaned_data["seen"]
    return do(
        request,
        broadcast_id,
        lambda it: services.decide_uncertain(
            broadcast=it, person=request.user, decision=decision, seen=seen
        ),
    )


# --- Contexts -----------------------------------------------------------------------------------


def results_context(request: PageRequest, found: Broadcast) -> dict[str, Any]:
    """What _results.html shows: tabs with counts, and a page of the recipients."""
    given = ResultsFilter(request.GET).given()
    part = Part(given["state"]) if "state" in given else None
    search, after = given.get("search", ""), given.get("after", 0)
    page = selectors.recipients(found, part=part, search=search, after=after)
    newer = {name: value for name, value in given.items() if name != "after"}
    return {
        "broadcast": found,
        "given": given,
        "tabs": _tabs(found, part, search),
        "rows": [recipient_of(message) for message in page.messages],
        "is_cut": page.is_cut,
        "address": _address(found, given),
        "unfiltered": _address(found, {}),
        "first": _address(found, newer) if after else "",
        "next": _address(found, newer | {"after": page.after}) if page.after else "",
    }


def _tabs(found: Broadcast, current: Part | None, search: str) -> list[dict[str, Any]]:
    counts = selectors.counts_of([found])[found.pk]
    tabs: list[tuple[Part | None, Any, int]] = [(None, _("All"), counts.total)]
    tabs += [(part, part.label, getattr(counts, part.value)) for part in Part]
    return [
        {
            "label": label,
            "count": count,
            "url": _address(found, {"state": part, "search": search}),
            "is_current": part == current,
        }
        for part, label, count in tabs
    ]


def _address(found: Broadcast, given: dict[str, Any]) -> str:
    parts = {name: given[name] for name in ResultsFilter.base_fields if given.get(name)}
    path = reverse("broadcasts:results", args=[found.pk])
    return path + (f"?{urlencode(parts)}" if parts else "")


# --- A recipient --------------------------------------------------------------------------------


def recipient_of(message: Message) -> dict[str, Any]:
    """A row of the table: said are WaziMe's own words."""
    attempt = ledger.last_attempt(message)
    decider = attempt.decided_by if attempt else None
    return {
        "message": message,
        "name": message.name,
        "reason": reason_of(message, attempt, decider),
        "said": said_of(message, attempt),
        "is_undecided": message.state in UNDECIDED,
    }


def reason_of(
    message: Message | Recipient, attempt: Attempt | Recipient | None, decider: User | None
) -> str:
    """Why it is in its state, where there is something to say. decider: of the attempt."""
    if message.state == State.CANCELLED:
        return str(CancelReason(message.cancel_reason).label) if message.cancel_reason else ""
    if attempt is None:
        return ""
    if attempt.decision == Decision.MARK_SENT and decider:
        return _("Marked as sent by %(name)s") % {"name": decider.display_name}
    if attempt.outcome == Outcome.SENT or not attempt.cause:
        return ""
    return str(explain_cause(Cause(attempt.cause)).cause)


def said_of(message: Message | Recipient, attempt: Attempt | Recipient | None) -> str:
    ended_well = message.state in (State.SENT, State.CANCELLED)
    return attempt.said or "" if attempt and not ended_well else ""


def _lines(found: Broadcast) -> Iterator[list[object]]:
    """A row per recipient, as COLUMNS names them; finished_at in UTC, as ISO 8601 writes it."""
    deciders = User.objects.in_bulk()
    for row in selectors.every_recipient(found):
        decider = deciders.get(row.decided_by) if row.decided_by else None
        yield [
            row.mobile_code,
            row.mobile,
            row.name,
            row.state,
            " ".join(filter(None, (reason_of(row, row, decider), said_of(row, row)))),
            row.attempt_number,
            row.finished_at and row.finished_at.isoformat(timespec="seconds"),
        ]
