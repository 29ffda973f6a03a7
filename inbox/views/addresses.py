"""Addresses of the inbox: which part of the list is shown, and what is open beside it."""

import re
from urllib.parse import urlencode

from django.urls import reverse

from inbox.teamwork import assigned
from wazime_admin.http import PageRequest, page_number, search_text
from wazime_admin.wazime.types import Status


def chosen_status(request: PageRequest) -> Status | None:
    try:
        return Status(int(request.GET.get("status", "")))
    except ValueError:
        return None


def query(status: Status | None, search: str, number: int = 1, whose: str = "") -> str:
    """The list's part of an address, so that an opened conversation keeps its list beside it."""
    parts = {
        "status": "" if status is None else int(status),
        "search": search,
        "page": "" if number == 1 else number,
        "assigned": whose,
    }
    given = {name: value for name, value in parts.items() if value != ""}
    return f"?{urlencode(given)}" if given else ""


def back(request: PageRequest) -> str:
    chosen, search, number = chosen_status(request), search_text(request), page_number(request)
    whose = assigned.asked(request, request.user)
    return reverse("inbox:list") + query(chosen, search, number, whose.given)


def open_conversation_id(request: PageRequest) -> int | None:
    """The conversation on the page that a person looks at, None when there is none."""
    return _open_id(page_path(request))


def page_path(request: PageRequest) -> str:
    """The path of the page that a person looks at, which for a fragment is not its own."""
    shown = request.htmx.current_url_abs_path if request.htmx else request.path
    path = (shown or "").partition("?")[0]
    return path if _open_id(path) or path == reverse("inbox:new") else reverse("inbox:list")


def is_step(request: PageRequest, address: str) -> bool:
    """Whether one goes back from here: from another tab or page, not from polls and typing."""
    by_itself = request.htmx.trigger in {"conversations", "search"}
    return not by_itself and address != request.htmx.current_url_abs_path


def _open_id(path: str) -> int | None:
    opened = re.fullmatch(r"/inbox/(\d{1,18})/", path)
    return int(opened.group(1)) if opened else None
