"""The ledger as people see it: what was sent, what was not, and what somebody must decide."""

from typing import Protocol

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox import selectors, services
from inbox.forms import DecisionForm
from inbox.models import Message
from inbox.views.conversations import thread_context
from wazime_admin.http import PageRequest
from wazime_admin.team.models import User
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Conversation


class Decide(Protocol):
    def __call__(self, *, message: Message, person: User, seen_attempt: int) -> None: ...


@require_POST
def resend(request: PageRequest, message_id: int) -> HttpResponse:
    return _decide(request, message_id, services.resend)


@require_POST
def mark_sent(request: PageRequest, message_id: int) -> HttpResponse:
    return _decide(request, message_id, services.mark_sent)


@require_POST
def cancel(request: PageRequest, message_id: int) -> HttpResponse:
    return _decide(request, message_id, services.cancel)


def _decide(request: PageRequest, message_id: int, decide: Decide) -> HttpResponse:
    message = selectors.message(message_id)
    form = DecisionForm(request.POST)
    if message is None or not form.is_valid():
        raise Http404
    try:
        decide(message=message, person=request.user, seen_attempt=form.cleaned_data["attempt"])
    except services.Conflict:
        notice = _("Nothing was done: this message has moved on since you looked.")
    else:
        notice = ""
    if request.htmx:
        return _thread_of(request, message, notice)
    if notice:
        messages.error(request, notice)
    if message.conversation_id is None:
        return redirect("inbox:list")
    return redirect("inbox:conversation", message.conversation_id)


def _thread_of(request: PageRequest, message: Message, notice: str) -> HttpResponse:
    try:
        opened = selectors.conversation(message.conversation_id).value
    except WaziMeError:
        opened = Conversation(message.conversation_id)
    context = thread_context(request, opened) | {"notice": notice}
    return render(request, "inbox/_thread.html", context, status=409 if notice else 200)
