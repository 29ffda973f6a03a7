from typing import cast

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from inbox.selectors import Signals
from wazime_admin.http import PageRequest


def signals(request: HttpRequest) -> dict[str, object]:
    """What every page tells; asked for when a page shows it, which the login does not."""
    return {"signals": SimpleLazyObject(lambda: Signals(cast(PageRequest, request).user))}
