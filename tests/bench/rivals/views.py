"""The floor: as little as there can be to do for a list of the same conversations."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inbox import selectors
from wazime_admin.wazime.types import Conversation


def floor(request: HttpRequest) -> HttpResponse:
    return render(request, "floor.html", {"rows": _rows()})


@cache
def _rows() -> tuple[Conversation, ...]:
    return selectors.conversations(status=None).value.rows
