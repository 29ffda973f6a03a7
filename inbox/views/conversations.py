"""The inbox's pages: the list, and one conversation beside it."""

from contextlib import suppress
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from inbox import selectors
from inbox.teamwork import selectors as team_selectors
from inbox.views.addresses import back, chosen_status, is_step, page_path
from inbox.views.composer import composer_context
from inbox.views.fragments import unchanged, version_of
from inbox.views.listing import list_context, news_of, see, unseen
from inbox.views.status import status_context
from inbox.views.thread import thread_context
from wazime_admin.http import PageRequest, page_number, search_text
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import Rejected, WaziMeError
from wazime_admin.wazime.types import Conversation


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
    address = f"{page_path(request)}{listing['query']}"
    response["HX-Push-Url" if is_step(request, address) else "HX-Replace-Url"] = address
    return response


@require_safe
@vary_on_headers("HX-Request")
def conversation(request: PageRequest, conversation_id: int) -> HttpResponse:
    context = conversation_context(request, conversation_id)
    opened = context.get("conversation")
    if request.htmx:
        response = render(request, "inbox/_conversation.html", context)
        if opened and see(request, opened):
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
    found = unseen(request, selectors.newest())
    if unchanged(request, version_of(found)):
        return HttpResponse(status=204)
    return render(request, "inbox/_news.html", {"news": news_of(found, polls=True)})


def conversation_context(request: PageRequest, conversation_id: int) -> dict[str, Any]:
    """What _conversation.html shows, or why it cannot."""
    context: dict[str, Any] = {"conversation_id": conversation_id, "back": back(request)}
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
    chosen, search, number = chosen_status(request), search_text(request), page_number(request)
    with suppress(WaziMeError):
        page = selectors.conversations(status=chosen, search=search, page=number).value
        return next((row for row in page.rows if row.id == conversation_id), None)
    return None
