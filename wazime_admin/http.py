"""Types that views share."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from wazime_admin.team.models import User


class PageRequest(HttpRequest):
    """A request of somebody who is logged in, as every page of the dashboard gets it."""

    user: User
    htmx: HtmxDetails


def current_path(request: HttpRequest) -> str:
    """Path and query of the page that an htmx request comes from; "" when it does not tell one."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    try:
        return htmx.current_url_abs_path or ""
    except ValueError:  # what the browser sent is no address
        return ""


def page_number(request: HttpRequest) -> int:
    """`?page=`, from 1; anything that is no page number is the first page."""
    asked = request.GET.get("page", "")
    # Only so many digits, as int() refuses thousands of them.
    return min(max(int(asked[:7]), 1), 1_000_000) if asked.isascii() and asked.isdigit() else 1
