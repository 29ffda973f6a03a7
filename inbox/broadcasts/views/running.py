"""The broadcasts and each one's page: how far it is, and what stops it or lets it go on."""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import (
    HttpResponseClientRedirect,
    HttpResponseClientRefresh,
    reswap,
    retarget,
)

from inbox import gate
from inbox.broadcasts import selectors, services
from inbox.broadcasts.bars import chart, pieces
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.broadcasts.selectors import Counts, Progress, StallCause
from inbox.broadcasts.services import RUNNING, UNBEGUN
from inbox.broadcasts.views import drafts
from inbox.models import Attempt
from inbox.services import Conflict
from inbox.views.fragments import unchanged, version_of
from wazime_admin.http import PageRequest, page_number
from wazime_admin.team.access import admin_required
from wazime_admin.team.audit import record
from wazime_admin.team.models import Action
from wazime_admin.trouble import explain_cause
from wazime_admin.wazime.errors import Cause

LISTED = 20
SLOWEST = 0.1  # messages a second
# Digits of a number that was typed, and what people put between them.
TYPED_NUMBER = re.compile(r"\d[\d\s.,'’]{0,15}", re.ASCII)


class RateForm(forms.Form):
    rate = forms.FloatField(
        label=gettext_lazy("Messages a second at most"),
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean_rate(self) -> float:
        rate: float = self.cleaned_data["rate"]
        most = settings.WAZIME_SEND_RATE
        if not min(SLOWEST, most) <= rate <= most:
            bounds = {"least": floatformat(min(SLOWEST, most), -1), "most": floatformat(most, -1)}
            raise ValidationError(_("This is a number from %(least)s to %(most)s.") % bounds)
        return rate


# --- Looking ------------------------------------------------------------------------------------


@require_safe
@admin_required
@vary_on_headers("HX-Request")
def index(request: PageRequest) -> HttpResponse:
    context = list_context(request)
    if not request.htmx:
        return render(request, "broadcasts/list.html", context)
    if unchanged(request, context["version"]):
        return HttpResponse(status=204)
    return render(request, "broadcasts/_list.html", context)


@require_safe
@admin_required
@vary_on_headers("HX-Request")
def broadcast(request: PageRequest, broadcast_id: int) -> HttpResponse:
    """A broadcast before it begins as drafts.py shows it, afterwards live."""
    found = find(broadcast_id)
    if found.state in UNBEGUN:
        return _before(request, found)
    context = running_context(found)
    if not request.htmx:
        return render(request, "broadcasts/running.html", context)
    if not _asks_from_here(request):  # the page of a draft that has begun meanwhile
        return HttpResponseClientRefresh()
    return _live(request, context)


def _before(request: PageRequest, found: Broadcast) -> HttpResponse:
    context = drafts.draft_context(request, found)
    if not request.htmx:
        return render(request, "broadcasts/draft.html", context)
    if unchanged(request, context["outlook"].version):
        return HttpResponse(status=204)
    return render(request, "broadcasts/_draft.html", context)


def _live(request: PageRequest, context: dict[str, Any]) -> HttpResponse:
    """What has changed: nothing, the numbers alone, or the buttons too.

    The numbers change all the time, and nobody must lose what they type or have opened.
    """
    if request.headers.get("X-Controls") != context["controls_version"]:
        answer = render(request, "broadcasts/_running.html", context)
        return reswap(retarget(answer, "#broadcast"), "outerHTML")
    if unchanged(request, context["version"]):
        return HttpResponse(status=204)
    return render(request, "broadcasts/_progress.html", context)


# --- Doing --------------------------------------------------------------------------------------


@require_POST
@admin_required
def start(request: PageRequest, broadcast_id: int) -> HttpResponse:
    found = find(broadcast_id)
    typed = request.POST.get("confirm", "").strip()
    confirm = re.sub(r"\D", "", typed) if TYPED_NUMBER.fullmatch(typed) else ""
    try:
        services.start(
            broadcast=found, confirm=int(confirm or -1), seen=request.POST.get("seen", "")
        )
    except Conflict:
        return _not_started(request, broadcast_id)
    record(by=request.user, action=Action.BROADCAST_STARTED, about=found.name)
    return go_to_page(request, found)


@require_POST
@admin_required
def pause(request: PageRequest, broadcast_id: int) -> HttpResponse:
    return do(request, broadcast_id, lambda it: services.pause(broadcast=it))


@require_POST
@admin_required
def resume(request: PageRequest, broadcast_id: int) -> HttpResponse:
    return do(request, broadcast_id, lambda it: services.resume(broadcast=it))


@require_POST
@admin_required
def go_on(request: PageRequest, broadcast_id: int) -> HttpResponse:
    return do(request, broadcast_id, lambda it: services.go_on_without_new_contacts(broadcast=it))


@require_POST
@admin_required
def cancel(request: PageRequest, broadcast_id: int) -> HttpResponse:
    def cancel_it(it: Broadcast) -> None:
        services.cancel(broadcast=it)
        record(by=request.user, action=Action.BROADCAST_CANCELLED, about=it.name)

    return do(request, broadcast_id, cancel_it)


@require_POST
@admin_required
def retry(request: PageRequest, broadcast_id: int) -> HttpResponse:
    return do(request, broadcast_id, lambda it: services.retry(broadcast=it))


@require_POST
@admin_required
def rate(request: PageRequest, broadcast_id: int) -> HttpResponse:
    form = RateForm(request.POST)
    if form.is_valid():
        wanted = form.cleaned_data["rate"]
        return do(request, broadcast_id, lambda it: services.change_rate(broadcast=it, rate=wanted))
    if request.htmx and _asks_from_here(request):
        context = running_context(find(broadcast_id)) | {"rate_form": form}
        return render(request, "broadcasts/_running.html", context, status=422)
    return go_to_page(request, find(broadcast_id), form.errors["rate"].as_text())


@require_POST
@admin_required
def copy(request: PageRequest, broadcast_id: int) -> HttpResponse:
    draft = services.copy(broadcast=find(broadcast_id), author=request.user)
    return go_to_page(request, draft)


# --- How ----------------------------------------------------------------------------------------


def find(broadcast_id: int) -> Broadcast:
    return get_object_or_404(selectors.broadcasts(), pk=broadcast_id)


def do(
    request: PageRequest, broadcast_id: int, verb: Callable[[Broadcast], object]
) -> HttpResponse:
    """Do it, and show how the broadcast stands then, or who was quicker."""
    before = find(broadcast_id)
    try:
        verb(before)
    except Conflict:
        notice = _("Nothing was done: this broadcast has moved on since you looked.")
    else:
        notice = ""
    selectors.forget(before)
    after = find(broadcast_id)
    if not _asks_from_here(request):
        return go_to_page(request, after, notice)
    context = running_context(after) | {"notice": notice}
    return render(request, "broadcasts/_running.html", context, status=409 if notice else 200)


def go_to_page(request: PageRequest, found: Broadcast, notice: str = "") -> HttpResponse:
    """Lead to the broadcast's page, with or without a script."""
    if notice:
        messages.error(request, notice)
    address = reverse("broadcasts:broadcast", args=[found.pk])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _asks_from_here(request: PageRequest) -> bool:
    """Whether it is a request of the fragments that _running.html consists of."""
    return bool(request.htmx) and request.htmx.target in ("broadcast", "progress")


def _not_started(request: PageRequest, broadcast_id: int) -> HttpResponse:
    found = find(broadcast_id)
    if found.state not in UNBEGUN:
        return go_to_page(request, found, _("Somebody else was quicker: see how it stands now."))
    if found.state != BroadcastState.DRAFT:
        error = _("It has its time already: somebody else was quicker.")
    elif found.built_at is None:
        error = _("Its recipients are still being gathered. Wait until they are counted.")
    else:
        error = _("This is not the number of recipients. Type it as it is shown.")
    typed = {"error": error, "confirm": request.POST.get("confirm", "")}
    context = drafts.draft_context(request, found) | typed
    name = "broadcasts/_start.html" if request.htmx else "broadcasts/draft.html"
    return render(request, name, context, status=422)


# --- Contexts -----------------------------------------------------------------------------------


def list_context(request: PageRequest) -> dict[str, Any]:
    """What _list.html shows: a page of the broadcasts, each with its bar."""
    pages = Paginator(selectors.broadcasts(), LISTED)
    page = pages.get_page(page_number(request))
    counts = selectors.counts_of(page)
    rows = [
        {"broadcast": it, "counts": counts[it.pk], "pieces": pieces(counts[it.pk])} for it in page
    ]
    seen = [(it.pk, it.name, it.state, it.scheduled_at, it.built_at, counts[it.pk]) for it in page]
    return {
        "page": page,
        "rows": rows,
        "address": f"{reverse('broadcasts:list')}?page={page.number}",
        "is_live": any(_moves(it, counts[it.pk]) for it in page),
        "version": version_of(page.number, pages.count, seen),
    }


def _moves(it: Broadcast, counts: Counts) -> bool:
    """Whether something happens to it by itself."""
    if it.state in UNBEGUN:
        return it.state == BroadcastState.SCHEDULED or it.built_at is None
    return it.state in RUNNING or counts.left > 0


def running_context(found: Broadcast) -> dict[str, Any]:
    """What _running.html and, inside it, _progress.html show."""
    progress = selectors.progress(found)
    counts = progress.counts
    # While it runs the numbers of what failed change all the time; the buttons wait for its end.
    settled = () if found.state == BroadcastState.SENDING else (counts.rejected, counts.uncertain)
    controls_version = version_of(
        found.state, found.rate, found.pause_cause, found.pause_said, found.finished_at, settled
    )
    is_live = _moves(found, counts)
    course = [] if is_live else selectors.course(found)
    return {
        "broadcast": found,
        "previews": drafts.previews(found),
        "progress": progress,
        "counts": counts,
        "pieces": pieces(counts),
        "trouble": _stall_trouble(progress),
        "failures": [failure_of(attempt) for attempt in progress.failures],
        "rate_form": RateForm({"rate": found.rate}),
        "chart": chart(found, course),
        "course": course,
        "is_live": is_live,
        "controls_version": controls_version,
        "version": version_of(controls_version, is_live, *_shown(progress)),
    }


def _shown(progress: Progress) -> tuple[object, ...]:
    """What people see change: the end to the minute, as everything else changes meanwhile."""
    ends = progress.ends_at and progress.ends_at.replace(second=0, microsecond=0)
    failures = [(it.pk, it.message.not_before) for it in progress.failures]
    return progress.counts, round(progress.speed, 1), ends, progress.stall, failures


def _stall_trouble(progress: Progress) -> Any:
    stopped = progress.stall and progress.stall.cause == StallCause.GATE and gate.closed()
    return gate.trouble(stopped) if stopped else None


def failure_of(attempt: Attempt) -> dict[str, Any]:
    trouble = explain_cause(Cause(attempt.cause)) if attempt.cause else None
    return {"attempt": attempt, "message": attempt.message, "trouble": trouble}
