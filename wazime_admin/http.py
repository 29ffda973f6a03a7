"""Types that views share."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from wazime_admin.team.models import User


class PageRequest(HttpRequest):
    """A request of somebody who is logged in, as every page of the dashboard gets it."""

    user: User
    htmx: HtmxDetails
