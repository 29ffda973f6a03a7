"""What the inbox's list shows, for its page, its fragment and its poll; and what is new to whom."""

import json
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import pgettext_lazy

from contacts.numbers import parse
from inbox import seeing, selectors, snoozing
from inbox.recorded import is_up_to_date
from inbox.teamwork import assigned
from inbox.views.addresses import chosen_status, open_conversation_id, query
from inbox.views.fragments import version_of
from inbox.views.status import STATUS_CHOICES
from wazime_admin.http import PageRequest, page_number, search_text
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Conversation, Status

# A tab holds many conversations: other languages say so.
TAB_NAMES = {
    None: pgettext_lazy("conversations", "All"),
    Status.UNREAD: pgettext_lazy("conversations", "Unread"),
    Status.PENDING: pgettext_lazy("conversations", "Pending"),
    Status.IMPORTANT: pgettext_lazy("conversations", "Important"),
    Status.DONE: pgettext_lazy("conversations", "Done"),
}


def list_context(request: PageRequest, opened: Conversation | None = None) -> dict[str, Any]:
    """What _list.html shows: tabs with counts, one page of conversations, or why there is none.

    opened: what the page shows beside the list.
    """
    chosen, search, number = chosen_status(request), search_text(request), page_number(request)
    whose = assigned.asked(request, request.user)
    counts: selectors.Counts = {}
    shown: tuple[Conversation, ...] = ()
    newest: tuple[Conversation, ...] = ()
    listing: dict[str, Any] = {
        "status": chosen,
        "search": search,
        "number": number,
        "query": query(chosen, search, number, whose.given),
        "open_id": open_conversation_id(request),
        "write_url": _write_url(search) if chosen is None else "",
        "assigned": whose.given,
    }
    try:
        found = assigned.inbox(whose, status=chosen, search=search, page=number)
    except WaziMeError as error:
        listing["trouble"] = explain(error)
    else:
        counts, newest = found.inbox.counts, found.inbox.newest
        shown = found.inbox.page.value.rows
        last = found.inbox.page.value.last
        listing |= _page(found) | {"last_query": query(chosen, search, last, whose.given)}
    fresh = unseen(request, (*shown, *newest), opened)
    listing["unseen"] = [row.id for row in fresh]
    counted = {row.id for row in newest}
    news = news_of([row for row in fresh if row.id in counted])
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


# --- Its parts ----------------------------------------------------------------------------------


def _page(found: assigned.Found) -> dict[str, Any]:
    """The conversations, and what stands beside each."""
    reading, last_texts = found.inbox.page, found.inbox.last_texts
    rows = reading.value.rows
    return {
        "page": reading.value,
        "digest": reading.digest,
        "read_at": reading.read_at,
        "trouble": reading.trouble and explain(reading.trouble),
        "looked_through": found.looked_through,
        "snoozed": snoozing.snoozed(rows),
        "assignees": {
            row.id: found.assignees[row.id].display_name
            for row in rows
            if row.id in found.assignees
        },
        # Not where something else was said since.
        "last_texts": {
            row.id: last_texts[row.id] for row in rows if is_up_to_date(last_texts, row)
        },
    }


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
            url=path + query(status, search, whose=whose),
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
            url=path + query(status, search, whose=given),
            is_current=given == whose.given,
        )
        for given, label in assigned.choices(whose).items()
    )


def _write_url(search: str) -> str:
    """Where to write to the number that was searched for; empty when it is none."""
    number = parse(search)
    return f"{reverse('inbox:new')}?{urlencode(asdict(number))}" if number else ""


# --- What is new --------------------------------------------------------------------------------


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


def news_of(fresh: list[Conversation], *, polls: bool = False) -> News:
    told = [
        {
            "name": row.contact.name if row.contact else "",
            "url": reverse("inbox:conversation", args=[row.id]),
            "at": row.last_message_at.isoformat() if row.last_message_at else "",
        }
        for row in fresh
    ]
    return News(len(fresh), json.dumps(told), version_of(fresh), polls)


def unseen(
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


def see(request: PageRequest, opened: Conversation) -> bool:
    """Whether there was something new for this person, who sees it now."""
    if not seeing.unseen(request.user, [opened]):
        return False
    seeing.see(person=request.user, conversation=opened)
    return True
