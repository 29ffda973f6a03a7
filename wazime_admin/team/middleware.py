"""Login on every page, and each person's own clock."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.contrib.auth import middleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode

from wazime_admin.http import is_path


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Every view needs a login unless it is marked `login_not_required`."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """Send the person to the login, and from there back to the page they stood on.

        For a POST that is the page with the form. An htmx request would follow a redirect inside
        its fragment: `HX-Redirect` makes htmx change the page's address instead.
        """
        htmx = getattr(request, "htmx", None)
        if not htmx and request.method in ("GET", "HEAD"):
            return super().handle_no_permission(request, view_func)
        page = htmx.current_url_abs_path if htmx else _path_of(request.headers.get("Referer", ""))
        if not page or not is_path(page):
            page = "/"
        login = f"{resolve_url(self.get_login_url(view_func))}?{urlencode({'next': page})}"
        if htmx:
            return HttpResponse(status=401, headers={"HX-Redirect": f"{login}&ended=1"})
        return HttpResponseRedirect(login)


def _path_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class PrivateMiddleware:
    """Keep what somebody sees who is logged in out of shared caches, and have it asked for again.

    Not `no-store`: going back in the browser must find what was written on the page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and request.user.is_authenticated:
            patch_cache_control(response, private=True, no_cache=True)
        return response


class TimeZoneMiddleware:
    """Show times in the zone that the browser told (cookie `tz`), else the installation's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            timezone.activate(ZoneInfo(request.COOKIES["tz"]))
        except (KeyError, ValueError, OSError):
            timezone.deactivate()
        return self.get_response(request)
