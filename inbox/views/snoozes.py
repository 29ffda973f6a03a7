"""Putting a conversation off until a time."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from inbox.forms import SnoozeForm
from inbox.views.status import snooze_until, status_context
from wazime_admin.http import PageRequest


@require_POST
def snooze(request: PageRequest, conversation_id: int) -> HttpResponse:
    form = SnoozeForm(request.POST, auto_id="snooze_%s")
    if not form.is_valid():
        return _refused(request, conversation_id, form)
    until, seen = form.cleaned_data["until"], form.cleaned_data["seen"]
    return snooze_until(request, conversation_id, until, seen)


def _refused(request: PageRequest, conversation_id: int, form: SnoozeForm) -> HttpResponse:
    """The menu as it was filled in, with what is wrong beside the field."""
    if not request.htmx:
        for error in form.errors.values():
            messages.error(request, " ".join(map(str, error)))
        return redirect("inbox:conversation", conversation_id)
    context = status_context(conversation_id, form.cleaned_data.get("seen"))
    return render(request, "inbox/_status.html", context | {"snooze_form": form}, status=422)
