"""Writing to a number that may have neither a conversation nor a contact yet."""

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from contacts.numbers import formatted
from contacts.services import PerhapsCreated, obtain_contact
from inbox import lookups, selectors
from inbox.forms import FirstMessageForm
from inbox.views.composer import composer_context, put, sent_events
from inbox.views.listing import list_context
from wazime_admin.http import PageRequest
from wazime_admin.team.models import User
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import Rejected, WaziMeError
from wazime_admin.wazime.types import Contact, Conversation


@require_safe
@vary_on_headers("HX-Request")
def new(request: PageRequest) -> HttpResponse:
    """A composer with a number above it; `?mobile_code=&mobile=` fill it in."""
    return _page(request, None)


@require_POST
def write_to_number(request: PageRequest) -> HttpResponse:
    """Find or create the contact, and put the message into the ledger."""
    form = FirstMessageForm(request.POST, request.FILES)
    if not form.is_valid() or form.number is None:
        return _page(request, form, code=422)
    values = form.cleaned_data
    try:
        contact = obtain_contact(
            number=form.number, firstname=values["firstname"], lastname=values["lastname"]
        )
    except PerhapsCreated:
        words = _(
            "Nothing was sent: WaziMe did not say whether it created the contact. Send again: "
            "the contact is looked for first."
        )
        form.add_error("mobile", words)
        return _page(request, form, code=502)
    except WaziMeError as error:
        form.add_error("mobile", _why_no_contact(error, request.user))
        return _page(request, form, code=422 if isinstance(error, Rejected) else 502)
    opened = _conversation_with(contact)
    if refusal := selectors.why_not_writable(opened or Conversation(0, contact)):
        form.add_error("mobile", refusal)
        return _page(request, form, code=422)
    conversation_id = opened.id if opened else None
    code = put(form, author=request.user, contact=contact, conversation_id=conversation_id)
    if code != 200:
        return _page(request, form, code=code)
    return _accepted(request, form, contact, opened)


def _accepted(
    request: PageRequest,
    form: FirstMessageForm,
    contact: Contact,
    opened: Conversation | None,
) -> HttpResponse:
    """Where it can be followed: the conversation, or while there is none the outbox."""
    number = formatted(contact.mobile_code, contact.mobile)
    words = _("Your message to %(number)s is on its way.") % {"number": number}
    if opened:
        follow = reverse("inbox:conversation", args=[opened.id])
    else:
        follow = reverse("inbox:outbox")
        messages.success(request, words)
    if not request.htmx:
        return redirect(follow)
    context = composer_context(request, None) | {"follow": follow, "words": words}
    response = render(request, "inbox/_sent_to_number.html", context)
    response["HX-Trigger"] = sent_events(form, None)
    return response


def _page(request: PageRequest, form: FirstMessageForm | None, *, code: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"is_new": True} | composer_context(request, None, form)
    if not request.htmx:
        return render(request, "inbox/index.html", context | list_context(request), status=code)
    response = render(request, "inbox/_new.html", context, status=code)
    if form:
        response["HX-Retarget"], response["HX-Reswap"] = "#conversation", "outerHTML"
    return response


def _conversation_with(contact: Contact) -> Conversation | None:
    """Only to follow the message: without an answer it goes out all the same."""
    with suppress(WaziMeError):
        return lookups.conversation_with(contact)
    return None


def _why_no_contact(error: WaziMeError, person: User) -> str:
    trouble = explain(error)
    cure = str(trouble.cure_for(person))
    reason = " ".join(filter(None, (str(trouble.cause), *trouble.said, cure)))
    return _("Nothing was sent. %(reason)s") % {"reason": reason}
