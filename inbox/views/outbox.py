"""The ledger as people see it: what was sent, what was not, and what somebody must decide."""

from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from inbox import selectors, services, threads
from inbox.filters import ALL, ATTENTION, STATES, OutboxFilter
from inbox.forms import DecisionForm
from inbox.models import UNDECIDED, Message, State
from inbox.selectors import Signals
from inbox.views.addresses import open_conversation_id
from inbox.views.fragments import unchanged, version_of
from inbox.views.thread import thread_context
from wazime_admin.http import PageRequest, is_path
from wazime_admin.team.models import User
from wazime_admin.trouble import explain_cause
from wazime_admin.wazime.errors import Cause, WaziMeError
from wazime_admin.wazime.types import Conversation

# Below what needs attention stand so many of the others.
LATEST_SHOWN = 20
TAB_NAMES = {
    ATTENTION: gettext_lazy("Needs attention"),
    ALL: gettext_lazy("All"),
    State.HELD: gettext_lazy("Held back"),
    State.QUEUED: gettext_lazy("Waiting"),
    State.SENDING: gettext_lazy("Sending"),
    State.SENT: gettext_lazy("Sent"),
    State.REJECTED: gettext_lazy("Not sent"),
    State.UNCERTAIN: gettext_lazy("Perhaps sent"),
    State.CANCELLED: gettext_lazy("Cancelled"),
}


@require_safe
@vary_on_headers("HX-Request")
def index(request: PageRequest) -> HttpResponse:
    context = outbox_context(request)
    if not request.htmx:
        return render(request, "inbox/outbox.html", context)
    if unchanged(request, context["outbox"]["version"]):
        return HttpResponse(status=204)
    response = render(request, "inbox/_outbox_answer.html", context)
    response["HX-Replace-Url"] = context["outbox"]["address"]
    return response


@require_safe
@vary_on_headers("HX-Request")
def entry(request: PageRequest, message_id: int) -> HttpResponse:
    """One row, opened to show every attempt, or folded again. As a page, the outbox from it on."""
    message = selectors.outbox_message(request.user, message_id)
    if message is None:
        raise Http404
    if not request.htmx:
        broadcast = {"broadcast": message.broadcast_id} if message.broadcast_id else {}
        query = {"state": ALL, "before": message_id + 1, "open": message_id, **broadcast}
        return redirect(f"{reverse('inbox:outbox')}?{urlencode(query)}")
    opened = "fold" not in request.GET
    return render(request, "inbox/_entry.html", {"entry": entry_of(message, opened=opened)})


# --- Decisions --------------------------------------------------------------------------------


class Decide(Protocol):
    def __call__(self, *, message: Message, person: User, seen_attempt: int) -> None: ...


@require_POST
def resend(request: PageRequest, message_id: int) -> HttpResponse:
    return _decide(request, message_id, services.resend)


@require_POST
def mark_sent(request: PageRequest, message_id: int) -> HttpResponse:
    return _decide(request, message_id, services.mark_sent)


@require_POST
def cancel(request: PageRequest, message_id: int) -> HttpResponse:
    return _decide(request, message_id, services.cancel)


def _decide(request: PageRequest, message_id: int, decide: Decide) -> HttpResponse:
    message = selectors.message(message_id)
    form = DecisionForm(request.POST)
    if message is None or not form.is_valid():
        raise Http404
    try:
        decide(message=message, person=request.user, seen_attempt=form.cleaned_data["attempt"])
    except services.Conflict:
        notice = _("Nothing was done: this message has moved on since you looked.")
    else:
        notice = ""
    if request.htmx and (request.htmx.target or "").startswith("outbox-"):
        return _entry_after(request, message_id, notice)
    if request.htmx:
        return _thread_of(request, message, notice)
    if notice:
        messages.error(request, notice)
    return redirect(_back(request, message))


def _entry_after(request: PageRequest, message_id: int, notice: str) -> HttpResponse:
    message = selectors.outbox_message(request.user, message_id)
    if message is None:
        raise Http404
    opened = entry_of(message, opened="open" in request.POST)
    context = {
        "entry": opened | {"notice": notice},
        "signals": Signals(request.user),
    }
    return render(request, "inbox/_decided.html", context, status=409 if notice else 200)


def _thread_of(request: PageRequest, message: Message, notice: str) -> HttpResponse:
    """The thread on the page; a message to a number stands in one without knowing which."""
    conversation_id = open_conversation_id(request) or message.conversation_id
    if conversation_id is None:
        raise Http404
    try:
        opened = selectors.conversation(conversation_id).value
    except WaziMeError:
        opened = Conversation(conversation_id)
    context = thread_context(request, opened) | {"notice": notice}
    return render(request, "inbox/_thread.html", context, status=409 if notice else 200)


def _back(request: PageRequest, message: Message) -> str:
    """The page with the form: the outbox says which, a thread is known by its message."""
    page = request.POST.get("next", "")
    if is_path(page):
        return page
    if message.conversation_id is None:
        return reverse("inbox:outbox")
    return reverse("inbox:conversation", args=[message.conversation_id])


# --- Contexts ---------------------------------------------------------------------------------


def outbox_context(request: PageRequest) -> dict[str, Any]:
    """What _outbox.html shows: tabs with counts, and a page of the ledger."""
    chosen = OutboxFilter(request.GET)
    given, wanted = chosen.given(), chosen.wanted()
    signals = Signals(request.user)
    before = given.get("before")
    counts = selectors.outbox_counts(request.user, wanted.broadcast)
    found = selectors.outbox(request.user, wanted, before=before)
    shown = found.messages
    latest = _latest(request.user, chosen) if given["state"] == ATTENTION and not before else []
    opened = request.GET.getlist("open")
    entries = [entry_of(message, opened=str(message.pk) in opened) for message in shown]
    seen = [(m.pk, m.state, m.attempt_number) for m in [*shown, *latest]]
    address = chosen.address(before=before)
    return {
        "signals": signals,
        "outbox": {
            "filter": chosen,
            "given": given,
            "is_filtered": bool({"person", "kind", "period", "search", "broadcast"} & given.keys()),
            "tabs": _tabs(chosen, counts),
            "counted": selectors.COUNTED,
            "entries": entries,
            "latest": [entry_of(message, opened=str(message.pk) in opened) for message in latest],
            "everything": chosen.address(state=ALL),
            "unfiltered": OutboxFilter({"state": given["state"]}).address(),
            "newest": chosen.address() if before else "",
            "older": chosen.address(before=found.before) if found.before else "",
            "looked_back_to": found.looked_back_to,
            "address": address,
            "version": version_of(address, seen, bool(found.before), counts, signals.version),
        },
        "broadcasts": selectors.outbox_broadcasts(wanted.broadcast)
        if request.user.is_admin
        else [],
        "people": User.objects.order_by("first_name", "username") if request.user.is_admin else [],
    }


def entry_of(message: Message, *, opened: bool) -> dict[str, Any]:
    """What _entry.html shows: a message with its last attempt, opened with the evidence."""
    attempt = selectors.last_attempt(message)
    shown: dict[str, Any] = {
        "message": message,
        "attempt": attempt,
        "trouble": explain_cause(Cause(attempt.cause)) if attempt and attempt.cause else None,
        "opened": opened,
    }
    return shown | (_evidence(message) if opened else {})


def _evidence(message: Message) -> dict[str, Any]:
    """Every attempt with what it met, the newest first, and what the conversation tells since."""
    attempts = selectors.attempts(message)
    undecided = message.state in UNDECIDED and attempts and message.conversation_id
    sign, moment = selectors.trace(message, attempts[0]) if undecided else ("", None)
    return {
        "attempts": [
            {
                "attempt": attempt,
                "trouble": explain_cause(Cause(attempt.cause)) if attempt.cause else None,
            }
            for attempt in attempts
        ],
        "earlier": message.attempt_number - len(attempts),
        "arrived_at": threads.arrived_at(message) if message.state == State.UNCERTAIN else None,
        "trace": sign,
        "last_message_at": moment,
    }


def _latest(person: User, chosen: OutboxFilter) -> list[Message]:
    """The newest of those that need nobody's attention."""
    settled = tuple(state for state in State if state not in UNDECIDED)
    wanted = replace(chosen.wanted(), states=settled)
    return selectors.outbox(person, wanted).messages[:LATEST_SHOWN]


def _tabs(chosen: OutboxFilter, counts: dict[State, int]) -> list[dict[str, Any]]:
    return [
        {
            "label": TAB_NAMES[name],
            "url": chosen.address(state=name),
            "count": sum(counts[state] for state in states or State),
            "is_current": name == chosen.given()["state"],
        }
        for name, states in STATES.items()
    ]
