"""The inbox: the list, one conversation beside it, and its status."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from contacts.numbers import parse
from inbox import progress, seeing, selectors, services, snoozing, threads
from inbox.forms import StatusForm
from inbox.history import Line
from inbox.models import Message, State
from inbox.recorded import is_up_to_date
from inbox.teamwork import assigned, presence
from inbox.teamwork import selectors as team_selectors
from inbox.teamwork.selectors import Teamwork
from inbox.templatetags.snoozes import moment
from inbox.threads import Thread
from inbox.views.composer import composer_context
from inbox.views.fragments import unchanged, version_of
from wazime_admin.http import PageRequest, page_number, search_text
from wazime_admin.team.models import User
from wazime_admin.trouble import Trouble, Words, explain, explain_cause
from wazime_admin.wazime.errors import Cause, Rejected, WaziMeError
from wazime_admin.wazime.types import Conversation, Status

STATUS_NAMES = {
    Status.NONE: gettext_lazy("No status"),
    Status.UNREAD: gettext_lazy("Unread"),
    Status.PENDING: gettext_lazy("Pending"),
    Status.IMPORTANT: gettext_lazy("Important"),
    Status.DONE: gettext_lazy("Done"),
}
STATUS_CHOICES = tuple(
    (status, STATUS_NAMES[status])
    for status in (Status.PENDING, Status.IMPORTANT, Status.DONE, Status.UNREAD)
)
# A tab holds many conversations: other languages say so.
TAB_NAMES = {
    None: pgettext_lazy("conversations", "All"),
    Status.UNREAD: pgettext_lazy("conversations", "Unread"),
    Status.PENDING: pgettext_lazy("conversations", "Pending"),
    Status.IMPORTANT: pgettext_lazy("conversations", "Important"),
    Status.DONE: pgettext_lazy("conversations", "Done"),
}


@require_safe
@vary_on_headers("HX-Request")
def index(request: PageRequest) -> HttpResponse:
    context = list_context(request)
    if not request.htmx:
        return render(request, "inbox/index.html", context)
    listing = context["listing"]
    if unchanged(request, listing["version"]):
        return HttpResponse(status=204)
    response = render(request, "inbox/_list_answer.html", context)
    address = f"{_page_path(request)}{listing['query']}"
    response["HX-Push-Url" if _is_step(request, address) else "HX-Replace-Url"] = address
    return response


@require_safe
@vary_on_headers("HX-Request")
def conversation(request: PageRequest, conversation_id: int) -> HttpResponse:
    context = conversation_context(request, conversation_id)
    opened = context.get("conversation")
    if request.htmx:
        response = render(request, "inbox/_conversation.html", context)
        if opened and _see(request, opened):
            # Not before the page has the conversation's address: the list asks by it.
            response["HX-Trigger-After-Settle"] = "conversation-changed"
        return response
    return render(
        request,
        "inbox/index.html",
        context | list_context(request, opened),
        status=404 if context.get("missing") else 200,
    )


@require_safe
def what_is_new(request: PageRequest) -> HttpResponse:
    """The navigation's count alone, for the poll of a page without a list."""
    found = _unseen(request, selectors.newest())
    if unchanged(request, version_of(found)):
        return HttpResponse(status=204)
    return render(request, "inbox/_news.html", {"news": news_of(found, polls=True)})


@require_POST
def status(request: PageRequest, conversation_id: int) -> HttpResponse:
    form = StatusForm(request.POST)
    if not form.is_valid():
        return HttpResponse(_("There is no such status."), status=422)
    wanted, seen = form.cleaned_data["status"], form.cleaned_data["seen"]
    change = changed(
        request.user,
        wanted,
        seen,
        lambda: services.change_status(conversation_id=conversation_id, status=wanted, seen=seen),
    )
    if not request.htmx:
        messages.add_message(request, change.level, change.sentence)
        return redirect("inbox:conversation", conversation_id)
    context = status_context(conversation_id, change.current) | {"change": change}
    response = render(request, "inbox/_status.html", context, status=change.code)
    response["HX-Trigger"] = "conversation-changed"
    return response


# --- Contexts: the first page, the htmx request and the poll use the same ------------------------


def list_context(request: PageRequest, opened: Conversation | None = None) -> dict[str, Any]:
    """What _list.html shows: tabs with counts, one page of conversations, or why there is none.

    opened: what the page shows beside the list.
    """
    chosen, search, number = _chosen_status(request), search_text(request), page_number(request)
    whose = assigned.asked(request, request.user)
    counts: selectors.Counts = {}
    shown: tuple[Conversation, ...] = ()
    newest: tuple[Conversation, ...] = ()
    listing: dict[str, Any] = {
        "status": chosen,
        "search": search,
        "number": number,
        "query": _query(chosen, search, number, whose.given),
        "open_id": open_conversation_id(request),
        "write_url": _write_url(search) if chosen is None else "",
        "assigned": whose.given,
    }
    try:
        found = assigned.inbox(whose, status=chosen, search=search, page=number)
    except WaziMeError as error:
        listing["trouble"] = explain(error)
    else:
        reading, counts, newest = found.inbox.page, found.inbox.counts, found.inbox.newest
        shown = reading.value.rows
        listing |= {
            # Not where something else was said since.
            "last_texts": {
                row.id: found.inbox.last_texts[row.id]
                for row in shown
                if is_up_to_date(found.inbox.last_texts, row)
            },
            "page": reading.value,
            "digest": reading.digest,
            "read_at": reading.read_at,
            "trouble": reading.trouble and explain(reading.trouble),
            "last_query": _query(chosen, search, reading.value.last, whose.given),
            "assignees": {
                row.id: found.assignees[row.id].display_name
                for row in shown
                if row.id in found.assignees
            },
            "looked_through": found.looked_through,
        }
    unseen = _unseen(request, (*shown, *newest), opened)
    listing["unseen"] = [row.id for row in unseen]
    listing["snoozed"] = snoozing.snoozed(shown)
    counted = {row.id for row in newest}
    news = news_of([row for row in unseen if row.id in counted])
    # The digest stands for the page.
    seen = {name: str(value) for name, value in listing.items() if name not in {"read_at", "page"}}
    signals = selectors.Signals(request.user)
    version = version_of(seen, counts, signals.version, news.version)
    return {
        "listing": listing
        | {
            "version": version,
            "tabs": _tabs(chosen, search, counts, whose.given),
            "whose": _whose_choices(whose, chosen, search),
        },
        "statuses": STATUS_CHOICES,
        "signals": signals,
        "news": news,
    }


@dataclass(frozen=True)
class News:
    """What _news.html shows. told: the conversations, as JSON; polls: it asks for itself.

    Counted are only the newest of all conversations: no read of WaziMe is made for this but the one
    that every list makes.
    """

    count: int
    told: str
    version: str
    polls: bool = False


def news_of(unseen: list[Conversation], *, polls: bool = False) -> News:
    told = [
        {
            "name": row.contact.name if row.contact else "",
            "url": reverse("inbox:conversation", args=[row.id]),
            "at": row.last_message_at.isoformat() if row.last_message_at else "",
        }
        for row in unseen
    ]
    return News(len(unseen), json.dumps(told), version_of(unseen), polls)


def _unseen(
    request: PageRequest,
    conversations: tuple[Conversation, ...],
    opened: Conversation | None = None,
) -> list[Conversation]:
    """What has something new for this person. What they have opened they see, and so they do with
    what is open beside a list's poll while they look."""
    looked_at = opened.id if opened else None
    if request.headers.get("X-Looking"):
        looked_at = open_conversation_id(request)
    rows = {row.id: row for row in (*((opened,) if opened else ()), *conversations)}
    found = seeing.unseen(request.user, rows.values())
    for row in found:
        if row.id == looked_at:
            seeing.see(person=request.user, conversation=row)
    return [row for row in found if row.id != looked_at]


def _see(request: PageRequest, opened: Conversation) -> bool:
    """Whether there was something new for this person, who sees it now."""
    if not seeing.unseen(request.user, [opened]):
        return False
    seeing.see(person=request.user, conversation=opened)
    return True


def conversation_context(request: PageRequest, conversation_id: int) -> dict[str, Any]:
    """What _conversation.html shows, or why it cannot."""
    context: dict[str, Any] = {"conversation_id": conversation_id, "back": _back(request)}
    try:
        reading = selectors.conversation(conversation_id)
    except Rejected as error:
        return context | {"missing": explain(error)}
    except WaziMeError as error:
        known = _listed(request, conversation_id) or Conversation(conversation_id)
        return context | {"unreadable": explain(error)} | thread_context(request, known)
    opened = reading.value
    teamwork = team_selectors.teamwork(conversation_id)
    return (
        context
        | {
            "conversation": opened,
            "teamwork": teamwork,
            "read_at": reading.read_at,
            "stale": reading.trouble and explain(reading.trouble),
            "not_writable": selectors.why_not_writable(opened),
        }
        | status_context(conversation_id, opened.status)
        | thread_context(request, opened, teamwork)
        | composer_context(request, opened)
    )


def _listed(request: PageRequest, conversation_id: int) -> Conversation | None:
    """The conversation as the list beside it shows it; None when it does not."""
    chosen, search, number = _chosen_status(request), search_text(request), page_number(request)
    with suppress(WaziMeError):
        page = selectors.conversations(status=chosen, search=search, page=number).value
        return next((row for row in page.rows if row.id == conversation_id), None)
    return None


def status_context(conversation_id: int, current: Status | None) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "current": current,
        "statuses": STATUS_CHOICES,
        "snooze": snoozing.snooze_of(conversation_id, current),
    }


def thread_context(
    request: PageRequest, opened: Conversation, teamwork: Teamwork | None = None
) -> dict[str, Any]:
    """What _thread.html shows: this dashboard's messages, and where WaziMe tells, everything else
    that was said; and who else is here.

    teamwork: what the page shows of it, where that is known already.
    """
    thread = threads.newest(opened, threads.to_mark(request.GET.get("since", "")))
    ledger = [line.message for line in thread.lines if line.message]
    uploading = [m for m in ledger if m.state == State.SENDING and m.media]
    percentages = progress.percentages(uploading) if uploading else {}
    shown = [(m.pk, m.state, m.attempt_number) for m in ledger]
    company = _company(request, opened.id)
    settled = teamwork.version if teamwork else team_selectors.version(opened.id)
    return {
        "conversation": opened,
        "company": company,
        "panel_url": selectors.panel_url(opened),
        "entries": entries_of(request.user, thread.lines, percentages),
        "history": thread,
        "since": threads.to_text(thread.since) if thread.since else "",
        "restarted": thread.has_restarted and request.htmx and request.htmx.target == "thread",
        "older_url": older_url(opened.id, thread),
        "seen_message": ledger[-1].pk if ledger else 0,
        "unfinished": any(not message.is_final for message in ledger),
        "version": version_of(
            *(shown, percentages, opened.last_message_at, opened.status, timezone.localdate()),
            *(thread.has_history, thread.is_cut_off, [line.row for line in thread.lines]),
            *(company, settled),
        ),
    }


def entries_of(
    person: User, lines: list[Line], percentages: dict[int, int] | None = None
) -> list[dict[str, Any]]:
    """What _message.html and _recorded.html show, one for each line of a thread."""
    return [
        {"at": line.at, "row": line.row}
        | (_entry_of(person, line.message, percentages or {}) if line.message else {})
        for line in lines
    ]


def _entry_of(person: User, message: Message, percentages: dict[int, int]) -> dict[str, Any]:
    attempt = selectors.last_attempt(message)
    return {
        "message": message,
        "attempt": attempt,
        "percent": percentages.get(message.pk),
        "trouble": explain_cause(Cause(attempt.cause)) if attempt and attempt.cause else None,
        "may_decide": selectors.may_decide(message, person),
    }


def older_url(conversation_id: int, thread: Thread) -> str:
    """Where what was said before a thread is; empty when there is nothing."""
    if not thread.since or not thread.older_page:
        return ""
    query = {"page": thread.older_page, "before": threads.to_text(thread.since)}
    return f"{reverse('inbox:older', args=[conversation_id])}?{urlencode(query)}"


def _company(request: PageRequest, conversation_id: int) -> presence.Company:
    """Who else is here. A hidden tab does not say that it is looking."""
    return presence.look(
        conversation_id=conversation_id,
        person=request.user,
        is_looking=not request.htmx or "X-Looking" in request.headers,
        is_writing="X-Writing" in request.headers,
    )


# --- Status -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """How setting a status went. previous: what to go back to; None when that is not known;
    cure: what the person can do about the trouble; until: of a snooze."""

    wanted: Status
    current: Status | None
    previous: Status | None = None
    code: int = 200
    trouble: Trouble | None = None
    cure: Words = ""
    until: datetime | None = None

    @property
    def done(self) -> bool:
        return self.code == 200

    @property
    def level(self) -> int:
        return messages.SUCCESS if self.done else messages.ERROR

    @property
    def sentence(self) -> str:
        if self.until and self.done:
            at = timezone.localtime(self.until)
            return _("Snoozed until %(moment)s.") % {"moment": moment(at)}
        if self.done:
            return _("Status: %(status)s.") % {"status": STATUS_NAMES[self.wanted]}
        if self.wanted is Status.UNREAD and self.trouble and self.trouble.code is Cause.VALIDATION:
            return _("This WaziMe does not let conversations be set to Unread.")
        if self.trouble:
            said = " ".join(self.trouble.said)
            return " ".join(filter(None, (str(self.trouble.cause), said, str(self.cure))))
        return _("Somebody else changed the status meanwhile: it is now %(status)s.") % {
            "status": STATUS_NAMES[self.current or Status.NONE]
        }


def changed(
    person: User,
    wanted: Status,
    seen: Status | None,
    change: Callable[[], None],
    until: datetime | None = None,
) -> Change:
    """What became of a change of status."""
    try:
        change()
    except services.StatusChanged as other:
        return Change(wanted, current=other.current, code=409)
    except WaziMeError as error:
        code = 422 if isinstance(error, Rejected) else 502
        trouble = explain(error)
        return Change(
            wanted, current=seen, code=code, trouble=trouble, cure=trouble.cure_for(person)
        )
    return Change(wanted, current=wanted, previous=seen, until=until)


# --- Addresses --------------------------------------------------------------------------------


def _chosen_status(request: PageRequest) -> Status | None:
    try:
        return Status(int(request.GET.get("status", "")))
    except ValueError:
        return None


def _query(status: Status | None, search: str, number: int = 1, whose: str = "") -> str:
    """The list's part of an address, so that an opened conversation keeps its list beside it."""
    parts = {
        "status": "" if status is None else int(status),
        "search": search,
        "page": "" if number == 1 else number,
        "assigned": whose,
    }
    given = {name: value for name, value in parts.items() if value != ""}
    return f"?{urlencode(given)}" if given else ""


def _write_url(search: str) -> str:
    """Where to write to the number that was searched for; empty when it is none."""
    number = parse(search)
    return f"{reverse('inbox:new')}?{urlencode(asdict(number))}" if number else ""


@dataclass(frozen=True)
class Choice:
    """A part of the list to go to. count: how much is there, None when that is not known."""

    name: str
    label: str
    url: str
    is_current: bool
    count: int | None = None


def _tabs(
    chosen: Status | None, search: str, counts: selectors.Counts, whose: str
) -> tuple[Choice, ...]:
    path = reverse("inbox:list")
    return tuple(
        Choice(
            name=str(place),
            label=str(TAB_NAMES[status]),
            url=path + _query(status, search, whose=whose),
            is_current=status == chosen,
            # Some servers never list unread conversations: their zero says nothing.
            count=counts.get(status) or (None if status is Status.UNREAD else counts.get(status)),
        )
        for place, status in enumerate(selectors.TABS, 1)
    )


def _whose_choices(whose: assigned.Whose, status: Status | None, search: str) -> tuple[Choice, ...]:
    path = reverse("inbox:list")
    return tuple(
        Choice(
            name=given,
            label=str(label),
            url=path + _query(status, search, whose=given),
            is_current=given == whose.given,
        )
        for given, label in assigned.choices(whose).items()
    )


def open_conversation_id(request: PageRequest) -> int | None:
    """The conversation on the page that a person looks at, None when there is none."""
    return _open_id(_page_path(request))


def _page_path(request: PageRequest) -> str:
    """The path of the page that a person looks at, which for a fragment is not its own."""
    shown = request.htmx.current_url_abs_path if request.htmx else request.path
    path = (shown or "").partition("?")[0]
    return path if _open_id(path) or path == reverse("inbox:new") else reverse("inbox:list")


def _is_step(request: PageRequest, address: str) -> bool:
    """Whether one goes back from here: from another tab or page, not from polls and typing."""
    by_itself = request.htmx.trigger in {"conversations", "search"}
    return not by_itself and address != request.htmx.current_url_abs_path


def _open_id(path: str) -> int | None:
    opened = re.fullmatch(r"/inbox/(\d{1,18})/", path)
    return int(opened.group(1)) if opened else None


def _back(request: PageRequest) -> str:
    chosen, search, number = _chosen_status(request), search_text(request), page_number(request)
    whose = assigned.asked(request, request.user)
    return reverse("inbox:list") + _query(chosen, search, number, whose.given)
