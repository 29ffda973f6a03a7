"""The request as views have it."""

from collections.abc import Callable
from typing import Any

import django_htmx.middleware
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme

from wazime_admin.team.models import User


class PagesGZipMiddleware(GZipMiddleware):
    """Pages and fragments go out compressed: a page of the inbox is a fifth of its size then.

    Nothing else: files of customers are compressed already and are sent by the server itself, and
    a large table would have to be kept until it is done. What BREACH guesses by a page's length is
    masked: the CSRF token anew in every answer, and the length by Django's random bytes.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        return super().process_response(request, response) if is_page else response


class HtmxDetails(django_htmx.middleware.HtmxDetails):
    @cached_property
    def current_url_abs_path(self) -> str | None:
        """None also when what the browser sent is no address."""
        try:
            return super().current_url_abs_path
        except ValueError:
            return None


def htmx_details(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., Any]:
    """The middleware that sets `request.htmx`, in place of django-htmx's."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
        return get_response(request)

    return answer


class PageRequest(HttpRequest):
    """A request of somebody who is logged in, as every page of the dashboard gets it."""

    user: User
    htmx: HtmxDetails


def is_path(address: str) -> bool:
    """Whether an address is a path of this dashboard, so that somebody can be sent there."""
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, None)


def search_text(request: HttpRequest) -> str:
    """`?search=`, as far as it can be what somebody typed."""
    return request.GET.get("search", "").strip()[:100]


def page_number(request: HttpRequest) -> int:
    """`?page=`, from 1; anything that is no page number is the first page."""
    asked = request.GET.get("page", "")
    # Only so many digits, as int() refuses thousands of them.
    return min(max(int(asked[:7]), 1), 1_000_000) if asked.isascii() and asked.isdigit() else 1
