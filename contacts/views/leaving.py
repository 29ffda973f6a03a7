"""Where to go on after a form."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from wazime_admin.http import PageRequest, is_path


def back(request: PageRequest, otherwise: str) -> str:
    """The list as the person left it: `?next=`, if that is an address of ours.

    otherwise: the name of the address to go to without it.
    """
    wanted = request.GET.get("next", "")
    return wanted if is_path(wanted) else reverse(otherwise)


def leave(request: PageRequest, otherwise: str) -> HttpResponse:
    address = back(request, otherwise)
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
