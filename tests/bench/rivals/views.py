"""The floors: as little as there can be to do for a list of the same conversations."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inbox import selectors
from wazime_admin.wazime.types import Conversation


def rows(request: HttpRequest) -> HttpResponse:
    """The same rows as the inbox has them, with nothing around them."""
    return render(request, "rows.html", {"rows": _rows()})


def lines(request: HttpRequest) -> HttpResponse:
    """A line of text for each: not what anybody could work with."""
    return render(request, "lines.html", {"rows": _rows()})


@cache
def _rows() -> tuple[Conversation, ...]:
    return selectors.conversations(status=None).value.rows
