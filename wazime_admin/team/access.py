"""Who may do what. Every page asks for a login by itself (see middleware.py)."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase

from wazime_admin.http import PageRequest

P = ParamSpec("P")
View = Callable[Concatenate[PageRequest, P], HttpResponseBase]


def admin_required(view: View[P]) -> View[P]:
    """Answer 403 to everybody but admins."""

    @wraps(view)
    def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_admin:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
