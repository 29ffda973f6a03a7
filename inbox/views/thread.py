"""What was said in one conversation: the thread, its poll, and what came before it."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from inbox import progress, selectors, threads
from inbox.history import Line, Mark
from inbox.models import Message, State
from inbox.teamwork import presence
from inbox.teamwork import selectors as team_selectors
from inbox.teamwork.selectors import Teamwork
from inbox.threads import Thread
from inbox.views.fragments import unchanged, version_of
from inbox.views.status import status_context
from wazime_admin.http import PageRequest, page_number
from wazime_admin.team.models import User
from wazime_admin.trouble import explain, explain_cause
from wazime_admin.wazime.errors import Cause, WaziMeError
from wazime_admin.wazime.types import Conversation


@require_GET
def thread(request: PageRequest, conversation_id: int) -> HttpResponse:
    """The thread alone, for the poll: 204 while nothing has changed."""
    try:
        opened = selectors.conversation(conversation_id).value
    except WaziMeError:
        return HttpResponse(status=204)  # the page around it says what is wrong
    context = thread_context(request, opened)
    if unchanged(request, context["version"]):
        return HttpResponse(status=204)
    context |= status_context(conversation_id, opened.status)
    context["teamwork"] = team_selectors.teamwork(conversation_id)
    return render(request, "inbox/_thread_answer.html", context)


@require_GET
@vary_on_headers("HX-Request")
def older(request: PageRequest, conversation_id: int) -> HttpResponse:
    """What was said before; for the thread that is scrolled up, and as a page of its own."""
    before = threads.to_mark(request.GET.get("before", ""))
    number = page_number(request)
    if before is None or number < 2:
        raise Http404
    context: dict[str, Any] = {"conversation_id": conversation_id}
    try:
        opened = selectors.conversation(conversation_id).value
    except WaziMeError as error:
        context["trouble"] = explain(error)
    else:
        context |= _before(request, opened, number, before)
    name = "inbox/_older.html" if request.htmx else "inbox/older.html"
    return render(request, name, context)


def _before(
    request: PageRequest, opened: Conversation, number: int, before: Mark
) -> dict[str, Any]:
    thread = threads.older(opened, number, before)
    if thread is None:
        return {"conversation": opened, "older_url": "", "is_cut_off": True}
    return {
        "conversation": opened,
        "entries": entries_of(request.user, thread.lines),
        "older_url": older_url(opened.id, thread),
        "begins": thread.since is None,
    }


# --- What it shows ------------------------------------------------------------------------------


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
        "seen_message": thread.newest_message,
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
    tab = request.headers.get("X-Looking", None if request.htmx else "")
    return presence.look(
        conversation_id=conversation_id,
        person=request.user,
        tab=tab and tab[:20],
        is_writing="X-Writing" in request.headers,
    )
