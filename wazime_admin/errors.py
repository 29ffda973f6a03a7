"""The pages for what goes wrong."""

import errno
import sys
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from wazime_admin import serving

NOT_TYPED = {"csrfmiddlewaretoken", "login", "next", "send_id"}


def refused(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., Any]:
    """The middleware that answers a request whose body was not taken in."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        status: int | None = request.META.get(serving.REFUSED)
        return _page(request, status) if status else get_response(request)

    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, _shell(request))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404, _shell(request))


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """After too many logins or password changes from one place (allauth calls it)."""
    response = _page(request, 429)
    response["Retry-After"] = "60"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Without a request: what the context processors read may be what is broken."""
    status = 507 if disk_is_full(sys.exc_info()[1]) else 500
    return HttpResponse(render_to_string(f"errors/{status}.html"), status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show again what was typed: a form that was open too long must not cost anybody their text."""
    typed = {
        name: value
        for name, value in request.POST.items()
        if value and name not in NOT_TYPED and "password" not in name
    }
    back = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    return render(request, "errors/csrf.html", {"typed": typed, "back": back}, status=403)


def _page(request: HttpRequest, status: int, shell: dict[str, str] | None = None) -> HttpResponse:
    return render(request, f"errors/{status}.html", shell, status=status)


def _shell(request: HttpRequest) -> dict[str, str]:
    """Whoever is in keeps the navigation; a fragment's error is told without any page."""
    is_in = getattr(request, "user", AnonymousUser()).is_authenticated
    return {"shell": "base.html"} if is_in and not getattr(request, "htmx", None) else {}


def disk_is_full(failure: BaseException | None) -> bool:
    """SQLite says it in words only."""
    return getattr(failure, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(
        failure
    )
