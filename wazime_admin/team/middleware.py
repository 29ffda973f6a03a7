"""Login on every page, and each person's own clock."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import middleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Every view needs a login unless it is marked `login_not_required`."""

    def handle_no_permission(  # type: ignore[override]  # htmx needs more than a redirect
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """Send an htmx request's whole page to the login, and back to where it stood.

        A redirect would be followed inside the fragment: the login form would appear in the
        middle of a page. htmx changes the page's address on `HX-Redirect` instead.
        """
        htmx = getattr(request, "htmx", None)
        if not htmx:
            return super().handle_no_permission(request, view_func)
        page = htmx.current_url_abs_path or ""
        if not url_has_allowed_host_and_scheme(page, allowed_hosts=None):
            page = "/"
        login = f"{resolve_url(self.get_login_url(view_func))}?{urlencode({'next': page})}"
        return HttpResponse(status=401, headers={"HX-Redirect": login})


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
