"""Writing to a customer in a conversation."""

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox import selectors
from inbox.forms import MessageForm
from inbox.models import Message
from inbox.views.composer import composer_context, put, sent_events
from inbox.views.conversations import conversation_context
from inbox.views.listing import list_context
from inbox.views.thread import thread_context
from wazime_admin.http import PageRequest
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Conversation


@require_POST
def write(request: PageRequest, conversation_id: int) -> HttpResponse:
    """Put a message into the ledger. Whatever goes wrong, it comes back in the composer."""
    form = MessageForm(request.POST, request.FILES)
    try:
        opened = selectors.conversation(conversation_id).value
    except WaziMeError as error:
        form.add_error(None, _("Not sent. %(cause)s") % {"cause": explain(error).cause})
        return _refused(request, Conversation(conversation_id), form, code=502)
    if refusal := selectors.why_not_writable(opened):
        form.add_error(None, refusal)
    if not form.is_valid() or opened.contact is None:
        return _refused(request, opened, form, code=422)
    if answer := _answer_meanwhile(request, opened, form):
        form.add_error(None, _question(answer))
        return _refused(request, opened, form, code=409)
    code = put(form, author=request.user, contact=opened.contact, conversation_id=opened.id)
    if code != 200:
        return _refused(request, opened, form, code=code)
    return _accepted(request, opened, form)


def _accepted(request: PageRequest, opened: Conversation, form: MessageForm) -> HttpResponse:
    """The thread with the new message, and beside it a composer for the next one."""
    if not request.htmx:
        return redirect("inbox:conversation", opened.id)
    context = thread_context(request, opened) | composer_context(request, opened)
    response = render(request, "inbox/_sent.html", context)
    response["HX-Trigger"] = sent_events(form, opened)
    return response


def _answer_meanwhile(
    request: PageRequest, opened: Conversation, form: MessageForm
) -> Message | None:
    """What somebody else has sent since the page was shown, where the page says what it showed."""
    values = form.cleaned_data
    if values["seen_message"] is None:
        return None
    return selectors.answer_since(
        opened,
        seen_message=values["seen_message"],
        person=request.user,
        send_id=values["send_id"],
    )


def _question(answer: Message) -> str:
    """What is asked once: whoever has seen the answer, which comes along, may send."""
    words = _("%(name)s answered %(ago)s. Send yours too?")
    return words % {"name": answer.author.display_name, "ago": naturaltime(answer.created_at)}


def _refused(
    request: PageRequest, opened: Conversation, form: MessageForm, *, code: int
) -> HttpResponse:
    """The composer with what was written and, beside it, why it was not taken."""
    composer = composer_context(request, opened, form)
    if request.htmx:
        thread = thread_context(request, opened) if code == 409 else {}
        response = render(request, "inbox/_refused.html", composer | thread, status=code)
        response["HX-Retarget"], response["HX-Reswap"] = "#composer", "outerHTML"
        return response
    context = conversation_context(request, opened.id) | list_context(request)
    return render(request, "inbox/index.html", context | composer, status=code)
