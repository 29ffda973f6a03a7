"""The contacts' pages. Everybody reads them, admins change them."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from contacts import selectors, services
from contacts.forms import ContactForm, sign, unsign
from contacts.numbers import Number, folded
from contacts.services import Values, values_of
from contacts.views.leaving import back, leave
from contacts.views.opt_outs import opt_out_context
from wazime_admin.http import PageRequest, page_number, search_text
from wazime_admin.team.access import admin_required
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import Rejected, Uncertain, WaziMeError
from wazime_admin.wazime.types import Contact


@require_safe
@vary_on_headers("HX-Request")
def index(request: PageRequest) -> HttpResponse:
    template = "contacts/_list.html" if request.htmx else "contacts/list.html"
    return render(request, template, list_context(request))


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest) -> HttpResponse:
    if request.method != "POST":
        return _form_page(request, ContactForm())
    form = ContactForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        services.create_contact(values=form.values(), image=form.image())
    except WaziMeError as error:
        return _not_saved(request, form, error)
    messages.success(request, _("The contact %(name)s was created.") % {"name": form.name()})
    return leave(request, "contacts:list")


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, contact_id: int) -> HttpResponse:
    seen = unsign(request.POST.get("seen", ""), contact_id)
    hint = seen["mobile"] if seen else search_text(request)
    try:
        contact = selectors.find_contact(contact_id, hint=hint)
    except WaziMeError as error:
        return _unreadable(request, contact_id, seen, error)
    if contact is None:
        return _missing(request)
    current = values_of(contact)
    if request.method != "POST":
        form = ContactForm(initial=current)
        image = contact.image_src
        return _form_page(request, form, contact_id=contact_id, seen=current, image=image)
    return _save(request, contact, seen or current)


@admin_required
@require_POST
def delete(request: PageRequest, contact_id: int) -> HttpResponse:
    seen = unsign(request.POST.get("seen", ""), contact_id)
    try:
        services.delete_contact(contact_id=contact_id)
    except WaziMeError as error:
        context = {
            "contact_id": contact_id,
            "seen": seen,
            "signed": request.POST.get("seen", ""),
            "trouble": explain(error),
            "is_uncertain": isinstance(error, Uncertain),
            "back": back(request, "contacts:list"),
        }
        template = "contacts/_delete.html" if request.htmx else "contacts/delete.html"
        return render(request, template, context, status=422)
    messages.success(request, _("The contact was deleted."))
    return leave(request, "contacts:list")


# --- The list ---------------------------------------------------------------------------------


def list_context(request: PageRequest) -> dict[str, Any]:
    """What _list.html shows: one page of contacts, or why there is none."""
    search, number = search_text(request), page_number(request)
    context: dict[str, Any] = {"search": search, "number": number}
    try:
        reading = selectors.contacts(search=search, page=number)
    except WaziMeError as error:
        return context | {"trouble": explain(error)}
    return context | {
        "page": reading.value,
        "opted_out": selectors.opted_out(
            [folded(contact.mobile_code, contact.mobile) for contact in reading.value.rows]
        ),
        "read_at": reading.read_at,
        "trouble": reading.trouble and explain(reading.trouble),
    }


# --- The form ---------------------------------------------------------------------------------


def _form_page(
    request: PageRequest,
    form: ContactForm,
    *,
    contact_id: int | None = None,
    seen: Values | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The form, for a new contact when there is no id.

    seen: how the person knows the contact when they look at this page. more: image, and what is
    wrong: trouble, is_uncertain, is_gone, differences; see contacts/_form.html.
    """
    form.point_to_error()
    context = {
        **(opt_out_context(Number(seen["mobile_code"], seen["mobile"])) if seen else {}),
        "form": form,
        "contact_id": contact_id,
        "signed": sign(contact_id, seen) if contact_id and seen else "",
        "back": back(request, "contacts:list"),
        **more,
    }
    template = "contacts/_form.html" if request.htmx else "contacts/form.html"
    return render(request, template, context, status=status)


def _save(request: PageRequest, contact: Contact, seen: Values) -> HttpResponse:
    """What the request does not name stays as the person saw it."""
    form = ContactForm({**seen, **request.POST.dict()}, request.FILES, initial=seen)
    if not form.is_valid():
        return _form_page(request, form, contact_id=contact.id, seen=seen, status=422)
    try:
        saved = services.update_contact(
            contact=contact, seen=seen, values=form.values(), image=form.image()
        )
    except services.ChangedMeanwhile:
        theirs = values_of(contact)
        differences = form.differences(theirs)
        return _form_page(
            request, form, contact_id=contact.id, seen=theirs, status=409, differences=differences
        )
    except WaziMeError as error:
        return _not_saved(request, form, error, contact_id=contact.id, seen=seen)
    if saved:
        messages.success(request, _("The contact %(name)s was saved.") % {"name": form.name()})
    else:
        messages.info(request, _("Nothing changed."))
    return leave(request, "contacts:list")


def _not_saved(
    request: PageRequest,
    form: ContactForm,
    error: WaziMeError,
    contact_id: int | None = None,
    seen: Values | None = None,
) -> HttpResponse:
    """WaziMe's answer beside the fields that it is about, else above the form."""
    problem: dict[str, Any] = {}
    if not (isinstance(error, Rejected) and form.add_refusal(error)):
        problem = {"trouble": explain(error), "is_uncertain": isinstance(error, Uncertain)}
    return _form_page(request, form, contact_id=contact_id, seen=seen, status=422, **problem)


def _unreadable(
    request: PageRequest, contact_id: int, seen: Values | None, error: WaziMeError
) -> HttpResponse:
    """WaziMe does not say how the contact is now. What was typed is kept to be sent again."""
    trouble = explain(error)
    if request.method != "POST":
        context = {"trouble": trouble, "back": back(request, "contacts:list")}
        return render(request, "contacts/unreadable.html", context)
    known = seen or dict.fromkeys(services.FIELDS, "")
    form = ContactForm({**known, **request.POST.dict()}, initial=known)
    return _form_page(request, form, contact_id=contact_id, seen=seen, status=422, trouble=trouble)


def _missing(request: PageRequest) -> HttpResponse:
    """Nobody has this id, or not among the newest. What was typed can become a new contact."""
    if request.method != "POST":
        context = {"back": back(request, "contacts:list")}
        return render(request, "contacts/missing.html", context, status=404)
    return _form_page(request, ContactForm(request.POST), status=409, is_gone=True)
