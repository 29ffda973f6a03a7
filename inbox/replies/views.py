"""Saved replies: the pages to look after them, and the list that the composer offers."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    conditional_page,
    require_http_methods,
    require_POST,
    require_safe,
)
from django.views.decorators.vary import vary_on_headers

from contacts.views.leaving import back, leave
from inbox.forms import MESSAGE_LENGTH
from inbox.replies import selectors, services
from inbox.replies.forms import ReplyForm
from inbox.replies.models import SavedReply
from inbox.replies.variables import fill, values
from wazime_admin.http import PageRequest, page_number, search_text
from wazime_admin.wazime.types import Contact

LIST = "replies:list"
# Whom the preview writes to.
SOMEBODY, NOBODY = Contact(0, firstname="Maria", lastname="Souza"), Contact(0)


@require_safe
@vary_on_headers("HX-Request")
def index(request: PageRequest) -> HttpResponse:
    search = search_text(request)
    page = selectors.found_replies(request.user, search=search, page=page_number(request))
    rows = [(reply, selectors.may_change(reply, request.user)) for reply in page]
    context = {"search": search, "page": page, "rows": rows, "back": back(request, "inbox:list")}
    return render(request, "replies/_list.html" if request.htmx else "replies/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest) -> HttpResponse:
    return _edit(request, SavedReply(owner=None if request.user.is_admin else request.user))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, reply_id: int) -> HttpResponse:
    return _edit(request, _changeable(request, reply_id))


@require_POST
def delete(request: PageRequest, reply_id: int) -> HttpResponse:
    reply = _changeable(request, reply_id)
    reply.delete()
    messages.success(request, _("/%(shortcut)s was deleted.") % {"shortcut": reply.shortcut})
    return leave(request, LIST)


@require_POST
def preview(request: PageRequest) -> HttpResponse:
    """What the text in the form says to a customer, while it is written."""
    return render(request, "replies/_preview.html", _preview(request, request.POST.get("text", "")))


@require_safe
@conditional_page
def options(request: PageRequest) -> HttpResponse:
    """The list that the composer offers, its texts filled for `?for=`, a conversation's id."""
    asked = request.GET.get("for", "")
    contact = selectors.contact_of(int(asked)) if asked.isdecimal() and len(asked) < 19 else None
    known = values(contact, request.user)
    offered = selectors.replies_of(request.user)[: selectors.OFFERED]
    filled = [(reply, fill(reply.text, known)) for reply in offered]
    return render(request, "replies/_options.html", {"replies": filled})


@require_POST
def used(request: PageRequest, reply_id: int) -> HttpResponse:
    """Count that a person put it into a message."""
    services.count_use(reply_id=reply_id, person=request.user)
    return HttpResponse(status=204)


def _edit(request: PageRequest, reply: SavedReply) -> HttpResponse:
    if request.method != "POST":
        known = {"shortcut": reply.shortcut, "text": reply.text, "shared": reply.is_shared}
        return _form_page(request, ReplyForm(initial=known, person=request.user), reply)
    form = ReplyForm(request.POST, person=request.user)
    if not form.is_valid():
        return _form_page(request, form, reply, status=422)
    shortcut, text = form.cleaned_data["shortcut"], form.cleaned_data["text"]
    try:
        services.save_reply(reply=reply, shortcut=shortcut, text=text, owner=form.owner)
    except services.ShortcutTaken:
        form.say_taken(reply)
        return _form_page(request, form, reply, status=422)
    messages.success(request, _("/%(shortcut)s was saved.") % {"shortcut": shortcut})
    return leave(request, LIST)


def _form_page(
    request: PageRequest, form: ReplyForm, reply: SavedReply, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "reply": reply,
        "back": back(request, LIST),
        **_preview(request, form["text"].value() or ""),
    }
    template = "replies/_form.html" if request.htmx else "replies/form.html"
    return render(request, template, context, status=status)


def _preview(request: PageRequest, text: str) -> dict[str, object]:
    """What _preview.html shows: the text to somebody, and without a name where that differs."""
    said = text[:MESSAGE_LENGTH]
    named, nameless = (fill(said, values(who, request.user)) for who in (SOMEBODY, NOBODY))
    return {"named": named, "nameless": "" if nameless == named else nameless, "to": SOMEBODY.name}


def _changeable(request: PageRequest, reply_id: int) -> SavedReply:
    """The reply, if this person sees it (else 404) and may change it (else 403)."""
    reply = get_object_or_404(selectors.replies_of(request.user), pk=reply_id)
    if not selectors.may_change(reply, request.user):
        raise PermissionDenied
    return reply
