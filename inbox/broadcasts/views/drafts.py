"""A broadcast before it starts: what it says, who gets it, and what will happen."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_timedelta
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.services import PerhapsCreated
from inbox import lookups
from inbox.broadcasts import audiences as files
from inbox.broadcasts import forecast, selectors, services
from inbox.broadcasts.audiences import Look
from inbox.broadcasts.building import sentences
from inbox.broadcasts.forms import (
    SOURCES,
    ColumnsForm,
    DraftForm,
    NameForm,
    TestForm,
    VariablesForm,
    has_gaps,
    values_of,
    variables_on,
)
from inbox.broadcasts.models import Audience, Broadcast, BroadcastState, LeftOut, Reason, Source
from inbox.broadcasts.variables import FIELDS, rendered
from inbox.models import Message, State
from inbox.services import Conflict
from inbox.views.fragments import version_of
from wazime_admin.cache import shared
from wazime_admin.exports import csv_response, readers_delimiter
from wazime_admin.http import PageRequest, page_number
from wazime_admin.team.access import admin_required
from wazime_admin.templatetags.ui import locale
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError

LEFT_OUT_PER_PAGE = 100
PREVIEWS = 3


# --- The form ---------------------------------------------------------------------------------


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """`?template_id=&search=&audience=` choose something before."""
    if request.method != "POST":
        asked = {name: request.GET[name] for name in PREFILLED if name in request.GET}
        return _form_page(request, DraftForm(person=request.user, initial=asked))
    form = DraftForm(request.POST, request.FILES, person=request.user)
    form.keep_file()
    if not form.is_valid():
        return _form_page(request, form, status=422)
    return redirect(_page_of(services.create_draft(author=request.user, **form.choices())))


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, broadcast_id: int) -> HttpResponse:
    """The whole form again; the draft's page has forms of its own for columns and variables."""
    draft = _broadcast(broadcast_id)
    if draft.state != BroadcastState.DRAFT:
        return _too_late(request, draft)
    if request.method != "POST":
        form = DraftForm(person=request.user, draft=draft, initial=values_of(draft))
        return _form_page(request, form, draft=draft)
    if part := PARTS.get(request.POST.get("part", "")):
        return part(request, draft)
    form = DraftForm(request.POST, request.FILES, person=request.user, draft=draft)
    form.keep_file()
    if not form.is_valid():
        return _form_page(request, form, draft=draft, status=422)
    choices = form.choices()
    if choices["audience"] != draft.audience or choices["template_id"] != draft.template_id:
        choices["variables"] = {}
    return _change(request, draft, **choices)


def _form_page(
    request: PageRequest, form: DraftForm, *, draft: Broadcast | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "draft": draft, "opened": _opened(form)}
    try:
        reading = lookups.approved_templates()
    except WaziMeError as error:
        context |= {"trouble": explain(error)}
    else:
        context |= {
            "templates": [(row, has_gaps(asdict(row))) for row in reading.value],
            "read_at": reading.read_at,
            "trouble": reading.trouble and explain(reading.trouble),
            "variables_on": variables_on(),
        }
    template = "broadcasts/edit.html" if draft else "broadcasts/new.html"
    return render(request, template, context, status=status)


def _opened(form: DraftForm) -> list[str]:
    """The ways to say who gets it that stand open: those with something in them or wrong."""
    wrong = form.errors if form.is_bound else {}
    filled = [name for name in SOURCES if name in wrong or form[name].value()]
    if form.file_at_hand:
        filled.append("recipients_file")
    return filled or ["recipients"]


# --- Its page ---------------------------------------------------------------------------------


def draft_context(request: PageRequest, broadcast: Broadcast) -> dict[str, Any]:
    """What broadcasts/draft.html and its fragment _draft.html show of a draft, or a scheduled
    broadcast. `error` may be added: why it was not started."""
    look = None if request.htmx else _look(broadcast)  # the fragment shows nothing of it
    gaps = has_gaps(broadcast.template)
    outlook = outlook_of(broadcast)
    return {
        "broadcast": broadcast,
        "audience": broadcast.audience,
        "build_trouble": sentences(broadcast.build_trouble),
        "previews": previews(broadcast),
        "outlook": outlook,
        "repeat": selectors.repeat(broadcast, recipients=outlook.recipients),
        "look": look,
        "columns_form": look and ColumnsForm(initial=broadcast.audience.columns, look=look),
        "variables_form": VariablesForm(draft=broadcast, look=look)
        if gaps and variables_on()
        else None,
        "has_gaps": gaps,
        "needs_variables": gaps and variables_on() and not any(broadcast.variables.values()),
        "name_form": NameForm(),
        **_test_context(broadcast),
    }


def previews(broadcast: Broadcast) -> list[dict[str, Any]]:
    """The template as each of the first recipients gets it; none where nothing is filled in."""
    if not (variables_on() and any(broadcast.variables.values())):
        return []
    first = Message.objects.filter(broadcast=broadcast).order_by("id")[:PREVIEWS]
    return [
        broadcast.template
        | {
            part: rendered(broadcast.template.get(part, ""), recipient.fields.get(name, []))
            for part, name in FIELDS.items()
        }
        for recipient in first
    ]


@dataclass(frozen=True)
class Outlook:
    """What will happen to a draft whose audience is built; nothing is counted before.

    reasons: the name, words and count of each reason for which somebody is left out; duration: of
    the sending alone, in words; ends_at: None when nobody gets it; a_day: people within 24 hours.
    """

    is_building: bool
    version: str
    begins_at: datetime
    recipients: int = 0
    new_contacts: int = 0
    reasons: Sequence[tuple[str, str, int]] = ()
    duration: str = ""
    ends_at: datetime | None = None
    a_day: int = 0

    @property
    def left_out(self) -> int:
        return sum(count for _name, _words, count in self.reasons)

    @property
    def needs_level(self) -> bool:
        """Whether the number may be on a level that does not let it write to so many."""
        return self.a_day > forecast.LEVELS[0]

    @property
    def level(self) -> int | None:
        """The least of Meta's levels that does; None for the one without a limit."""
        return forecast.level_needed(self.a_day)


def outlook_of(broadcast: Broadcast) -> Outlook:
    is_building = broadcast.built_at is None and not broadcast.build_trouble
    progress = (broadcast.rows_read, broadcast.rows_total) if is_building else None
    now = timezone.now()
    outlook = Outlook(
        is_building=is_building,
        version=version_of(broadcast.state, broadcast.built_at, broadcast.build_trouble, progress),
        begins_at=max(now, broadcast.scheduled_at or now),
    )
    if broadcast.built_at is None:
        return outlook
    zones, new_contacts = shared(
        f"broadcasts:audience:{broadcast.pk}:{broadcast.building}", lambda: _audience_of(broadcast)
    )
    recipients = sum(zones.values())
    end = forecast.end_of(
        zones, rate=broadcast.rate, begin=outlook.begins_at, quiet=broadcast.quiet_hours
    )
    return replace(
        outlook,
        recipients=recipients,
        new_contacts=new_contacts,
        reasons=_reasons(broadcast),
        duration=in_words(timedelta(seconds=math.ceil(recipients / broadcast.rate))),
        ends_at=end if recipients else None,
        a_day=forecast.most_a_day(recipients, broadcast.rate),
    )


def _audience_of(broadcast: Broadcast) -> tuple[dict[str, int], int]:
    """How many recipients are in which time zone, and how many of all are no contacts yet."""
    rows = Message.objects.filter(broadcast=broadcast, state=State.HELD).order_by()
    zones = dict(rows.values_list("time_zone").annotate(Count("id")))
    return zones, rows.filter(new_contact__isnull=False).count()


def in_words(length: timedelta) -> str:
    """ "3 hours" in the reader's language."""
    return format_timedelta(length, threshold=1.5, locale=locale())


# --- The forms on its page ----------------------------------------------------------------------


def _columns(request: PageRequest, draft: Broadcast) -> HttpResponse:
    look = _look(draft)
    if look is None:
        raise Http404
    form = ColumnsForm(request.POST, look=look)
    if not form.is_valid():
        return _draft_page(request, draft, columns_form=form)
    Audience.objects.filter(pk=draft.audience_id).update(columns=form.cleaned_data)
    return _change(request, draft)


def _variables(request: PageRequest, draft: Broadcast) -> HttpResponse:
    form = VariablesForm(request.POST, draft=draft, look=_look(draft))
    if not form.is_valid():
        return _draft_page(request, draft, variables_form=form)
    return _change(request, draft, variables=form.variables())


def _read_again(request: PageRequest, draft: Broadcast) -> HttpResponse:
    return _change(request, draft)


PREFILLED = ("template_id", "search", "audience")
PARTS = {"columns": _columns, "variables": _variables, "again": _read_again}


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def send_test(request: PageRequest, broadcast_id: int) -> HttpResponse:
    """Try the message with one number; GET shows what became of the last tests."""
    broadcast = _broadcast(broadcast_id)
    if broadcast.state not in services.UNBEGUN:
        return _too_late(request, broadcast)
    form = TestForm(request.POST if request.method == "POST" else None)
    is_wrong = form.is_bound and not (form.is_valid() and _sent_test(request, broadcast, form))
    if not request.htmx:
        if is_wrong:
            return _draft_page(request, broadcast, test_form=form)
        return redirect(f"{_page_of(broadcast)}#test")
    context = _test_context(broadcast) | ({"test_form": form} if is_wrong else {})
    status = 422 if is_wrong else 200
    return render(request, "broadcasts/_draft_test.html", context, status=status)


def _sent_test(request: PageRequest, broadcast: Broadcast, form: TestForm) -> Message | None:
    """Its message; None when there is none, and the form says why."""
    values = form.cleaned_data
    try:
        return services.send_test(
            broadcast=broadcast,
            number=values["number"],
            author=request.user,
            send_id=values["send_id"],
        )
    except Conflict:
        form.add_error("number", _("This page was used for another test. Load it again."))
    except PerhapsCreated:
        form.add_error(
            "number",
            _("Nothing was sent: WaziMe did not say whether it created the contact. Try again."),
        )
    except WaziMeError as error:
        trouble = explain(error)
        reason = " ".join(filter(None, (str(trouble.cause), *trouble.said, str(trouble.cure))))
        form.add_error("number", _("Nothing was sent. %(reason)s") % {"reason": reason})
    return None


@admin_required
@require_POST
def save_audience(request: PageRequest, broadcast_id: int) -> HttpResponse:
    broadcast = _broadcast(broadcast_id)
    form = NameForm(request.POST)
    if not form.is_valid():
        if broadcast.state in services.UNBEGUN:
            return _draft_page(request, broadcast, name_form=form)
        messages.error(request, " ".join(map(str, form["name"].errors)))
        return redirect(_page_of(broadcast))
    name = form.cleaned_data["name"]
    Audience.objects.filter(pk=broadcast.audience_id).update(name=name)
    messages.success(request, _("The audience %(name)s was saved.") % {"name": name})
    return redirect(_page_of(broadcast))


@admin_required
@require_POST
def stop(request: PageRequest, broadcast_id: int) -> HttpResponse:
    """Stop reading the recipients; they can be read again."""
    broadcast = _broadcast(broadcast_id)
    with suppress(Conflict):  # it was done already: its page shows that
        services.stop_building(broadcast=broadcast)
    return redirect(_page_of(broadcast))


@admin_required
@require_POST
def delete(request: PageRequest, broadcast_id: int) -> HttpResponse:
    broadcast = _broadcast(broadcast_id)
    try:
        services.delete_draft(broadcast=broadcast)
    except Conflict:
        return _too_late(request, broadcast)
    messages.success(request, _("The draft %(name)s was deleted.") % {"name": broadcast.name})
    return redirect("broadcasts:list")


# --- Who is left out --------------------------------------------------------------------------


@admin_required
@require_safe
def left_out(request: PageRequest, broadcast_id: int) -> HttpResponse:
    broadcast = _broadcast(broadcast_id)
    reason = request.GET.get("reason", "")
    reason = reason if reason in Reason.values else ""
    page = Paginator(_left_out(broadcast, reason), LEFT_OUT_PER_PAGE).get_page(page_number(request))
    reasons = _reasons(broadcast)
    context = {
        "broadcast": broadcast,
        "reason": reason,
        "tabs": [
            ("", pgettext("reasons", "All"), sum(count for *_words, count in reasons)),
            *reasons,
        ],
        "page": page,
        "by_line": _has_lines(broadcast),
    }
    return render(request, "broadcasts/left_out.html", context)


@admin_required
@require_safe
def left_out_csv(request: PageRequest, broadcast_id: int) -> HttpResponseBase:
    broadcast = _broadcast(broadcast_id)
    reason = request.GET.get("reason", "")
    rows = _left_out(broadcast, reason if reason in Reason.values else "")
    return csv_response(
        f"broadcast-{broadcast.pk}-left-out.csv",
        [_("Line") if _has_lines(broadcast) else _("Place"), _("What it says"), _("Reason")],
        _cells(rows),
        delimiter=readers_delimiter(),
    )


def _cells(rows: QuerySet[LeftOut]) -> Iterator[tuple[object, ...]]:
    # Said now: the rows are read while the answer is sent, when the language may be another's.
    words = {name: str(label) for name, label in Reason.choices}
    found = rows.values_list("line", "text", "reason").iterator()
    return ((line, text, words[reason]) for line, text, reason in found)


def _has_lines(broadcast: Broadcast) -> bool:
    return broadcast.audience.source in (Source.FILE, Source.PASTED)


def _left_out(broadcast: Broadcast, reason: str) -> QuerySet[LeftOut]:
    rows = LeftOut.objects.filter(broadcast=broadcast).order_by("id")
    return rows.filter(reason=reason) if reason else rows


def _reasons(broadcast: Broadcast) -> list[tuple[str, str, int]]:
    """Each reason for which somebody is left out: its name, its words, how many."""
    rows = LeftOut.objects.filter(broadcast=broadcast)
    counts = dict(rows.values_list("reason").annotate(Count("id")).order_by())
    return [(name, str(words), counts[name]) for name, words in Reason.choices if name in counts]


# --- Saved audiences --------------------------------------------------------------------------


@admin_required
@require_safe
def audiences(request: PageRequest) -> HttpResponse:
    saved = Audience.objects.exclude(name="").select_related("author")
    context = {"audiences": saved.annotate(uses=Count("broadcasts")).order_by("name")}
    return render(request, "broadcasts/audiences.html", context)


@admin_required
@require_POST
def delete_audience(request: PageRequest, audience_id: int) -> HttpResponse:
    audience = get_object_or_404(Audience.objects.exclude(name=""), pk=audience_id)
    name = audience.name
    files.forget(audience)
    messages.success(request, _("The audience %(name)s was deleted.") % {"name": name})
    return redirect("broadcasts:audiences")


# --- How --------------------------------------------------------------------------------------


def _broadcast(broadcast_id: int) -> Broadcast:
    rows = Broadcast.objects.select_related("audience", "author")
    return get_object_or_404(rows, pk=broadcast_id)


def _page_of(broadcast: Broadcast) -> str:
    return reverse("broadcasts:broadcast", args=[broadcast.pk])


def _draft_page(request: PageRequest, broadcast: Broadcast, **wrong: Any) -> HttpResponse:
    """The draft's page with a form on it that is wrong."""
    context = draft_context(request, broadcast) | wrong
    return render(request, "broadcasts/draft.html", context, status=422)


def _change(request: PageRequest, draft: Broadcast, **choices: Any) -> HttpResponse:
    try:
        services.change_draft(broadcast=draft, **choices)
    except Conflict:
        return _too_late(request, draft)
    return redirect(_page_of(draft))


def _too_late(request: PageRequest, broadcast: Broadcast) -> HttpResponse:
    messages.error(request, _("Nothing was changed: this broadcast is no draft any more."))
    return redirect(_page_of(broadcast))


def _look(broadcast: Broadcast) -> Look | None:
    """The first rows of its file, None when there is no file."""
    audience = broadcast.audience
    return files.look(audience) if audience.source == Source.FILE else None


def _test_context(broadcast: Broadcast) -> dict[str, Any]:
    """What _draft_test.html shows: the form for a test, and what became of the last ones."""
    tests = selectors.tests(broadcast)
    return {
        "broadcast": broadcast,
        "test_form": TestForm(),
        "tests": tests,
        "is_testing": not all(test.is_final for test in tests),
    }
