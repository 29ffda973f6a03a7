"""The opt-outs' pages, for admins: who gets no broadcast."""

from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from contacts import selectors, services
from contacts.forms import OptOutForm, OptOutsForm
from contacts.numbers import Number
from contacts.templatetags.phones import phone
from contacts.views.leaving import back, leave
from wazime_admin.http import PageRequest, page_number, search_text
from wazime_admin.team.access import admin_required
from wazime_admin.team.audit import record
from wazime_admin.team.models import Action

LIST = "contacts:opt_outs"
# As many lines that are no numbers are listed; the form holds all of them.
UNREAD_SHOWN = 50


@admin_required
@require_safe
@vary_on_headers("HX-Request")
def index(request: PageRequest) -> HttpResponse:
    search, number = search_text(request), page_number(request)
    context = {"search": search, "page": selectors.opt_outs(search=search, page=number)}
    template = "contacts/_opt_outs.html" if request.htmx else "contacts/opt_outs.html"
    return render(request, template, context)


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: PageRequest) -> HttpResponse:
    """What is a number is added; what is none comes back in the form, to be corrected."""
    if request.method != "POST":
        return _form_page(request, OptOutsForm())
    form = OptOutsForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    found, unread, reason = form.found(), form.unread(), form.cleaned_data["reason"]
    added = services.add_opt_outs(numbers=found, reason=reason, person=request.user)
    if added:
        record(by=request.user, action=Action.OPT_OUTS_ADDED, about=_listed(found))
    outcome = _outcome(added, len(found) - added) if found else ""
    if unread:
        left = {"numbers": "\n".join(text for _line, text in unread), "reason": reason}
        context = {"outcome": outcome, "unread": unread[:UNREAD_SHOWN], "count": len(unread)}
        return _form_page(request, OptOutsForm(initial=left), status=422, **context)
    (messages.success if added else messages.info)(request, outcome)
    return leave(request, LIST)


@admin_required
@require_POST
def remove(request: PageRequest, opt_out_id: int) -> HttpResponse:
    opt_out = selectors.opt_out(opt_out_id)
    if opt_out and services.remove_opt_out(opt_out_id=opt_out_id):
        record(by=request.user, action=Action.OPT_OUT_REMOVED, about=phone(opt_out))
        messages.success(request, _("Removed. This number can get broadcasts again."))
    else:
        messages.info(request, _("This number was not on the list any more."))
    return leave(request, LIST)


@admin_required
@require_POST
def decide(request: PageRequest) -> HttpResponse:
    """Opt one person out or in again, from the page of their contact."""
    form = OptOutForm(request.POST)
    if not form.is_valid():
        raise BadRequest
    number = form.number()
    if form.cleaned_data["opted_out"]:
        if services.add_opt_outs(numbers=[number], reason="", person=request.user):
            record(by=request.user, action=Action.OPT_OUTS_ADDED, about=phone(number))
    elif opt_out := selectors.opt_out_of(number):
        services.remove_opt_out(opt_out_id=opt_out.pk)
        record(by=request.user, action=Action.OPT_OUT_REMOVED, about=phone(number))
    if request.htmx:
        return render(request, "contacts/_opt_out.html", opt_out_context(number))
    return leave(request, LIST)


def opt_out_context(number: Number) -> dict[str, Any]:
    """What _opt_out.html shows."""
    return {"number": number, "opt_out": selectors.opt_out_of(number)}


def _form_page(
    request: PageRequest, form: OptOutsForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    """more: what was done and what is left; see contacts/_opt_outs_form.html."""
    context = {"form": form, "back": back(request, LIST), **more}
    template = "contacts/_opt_outs_form.html" if request.htmx else "contacts/opt_outs_form.html"
    return render(request, template, context, status=status)


def _listed(found: list[Number]) -> str:
    """The first of the numbers, for the record."""
    return ", ".join(phone(number) for number in found[:10]) + (" …" if found[10:] else "")


def _outcome(added: int, known: int) -> str:
    said = []
    if added:
        words = ngettext("%(count)s number was added.", "%(count)s numbers were added.", added)
        said.append(words % {"count": intcomma(added)})
    if known:
        words = ngettext(
            "%(count)s number was on the list already.",
            "%(count)s numbers were on the list already.",
            known,
        )
        said.append(words % {"count": intcomma(known)})
    return " ".join(said)
