"""Writing to a customer, and the thread of what was sent."""

import json
import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inbox import selectors, services
from inbox.forms import ReplyForm
from inbox.views.conversations import conversation_context, list_context, thread_context
from inbox.views.fragments import unchanged
from wazime_admin.http import PageRequest
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Conversation


@require_GET
def thread(request: PageRequest, conversation_id: int) -> HttpResponse:
    """The thread alone, for the poll: 204 while nothing has changed."""
    try:
        opened = selectors.conversation(conversation_id).value
    except WaziMeError:
        return HttpResponse(status=204)  # the page around it says what is wrong
    context = thread_context(request, opened)
    if unchanged(request, context["version"]):
        return HttpResponse(status=204)
    return render(request, "inbox/_thread.html", context)


@require_POST
def write(request: PageRequest, conversation_id: int) -> HttpResponse:
    """Put a text into the ledger. Whatever goes wrong, the text comes back in the composer."""
    form = ReplyForm(request.POST)
    try:
        opened = selectors.conversation(conversation_id).value
    except WaziMeError as error:
        form.add_error(None, _("Not sent. %(cause)s") % {"cause": explain(error).cause})
        return _refused(request, conversation_id, form, code=502)
    if refusal := selectors.why_not_writable(opened):
        form.add_error(None, refusal)
    if not form.is_valid() or opened.contact is None:
        return _refused(request, conversation_id, form, code=422)
    try:
        services.write_message(
            author=request.user,
            send_id=form.cleaned_data["send_id"],
            contact=opened.contact,
            conversation_id=opened.id,
            content=form.content(),
            from_number=form.cleaned_data["from_number"],
        )
    except services.Conflict:
        form = ReplyForm({**request.POST.dict(), "send_id": uuid.uuid4()})
        form.add_error(
            None, _("This page has already sent another text. Send this one too if you want.")
        )
        return _refused(request, conversation_id, form, code=409)
    return _accepted(request, opened)


def _accepted(request: PageRequest, opened: Conversation) -> HttpResponse:
    """The thread with the new message, and beside it a composer for the next one."""
    if not request.htmx:
        return redirect("inbox:conversation", opened.id)
    context = thread_context(request, opened) | {
        "form": ReplyForm(initial={"send_id": uuid.uuid4()}),
        "conversation_id": opened.id,
    }
    response = render(request, "inbox/_sent.html", context)
    response["HX-Trigger"] = json.dumps({"draft-sent": {"key": f"conversation-{opened.id}"}})
    return response


def _refused(
    request: PageRequest, conversation_id: int, form: ReplyForm, *, code: int
) -> HttpResponse:
    """The composer with the text and, beside it, why it was not taken."""
    if request.htmx:
        context = {"form": form, "conversation_id": conversation_id}
        response = render(request, "inbox/_composer.html", context, status=code)
        response["HX-Retarget"], response["HX-Reswap"] = "#composer", "outerHTML"
        return response
    context = conversation_context(request, conversation_id) | list_context(request)
    return render(request, "inbox/index.html", context | {"form": form}, status=code)
