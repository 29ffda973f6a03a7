"""Whose a conversation is, and the team's notes on it."""

import json

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox.teamwork import selectors, services
from inbox.teamwork.forms import AssignForm, NoteForm
from inbox.teamwork.models import Note
from inbox.teamwork.services import AssignedMeanwhile
from wazime_admin.http import PageRequest


@require_POST
def assign(request: PageRequest, conversation_id: int) -> HttpResponse:
    form = AssignForm(request.POST)
    if not form.is_valid():
        raise Http404
    refusal = ""
    try:
        services.assign(conversation_id=conversation_id, by=request.user, **form.cleaned_data)
    except AssignedMeanwhile as change:
        refusal = _words(change)
    if not request.htmx:
        if refusal:
            messages.error(request, refusal)
        return redirect("inbox:conversation", conversation_id)
    context = {"teamwork": selectors.teamwork(conversation_id), "refusal": refusal}
    code = 409 if refusal else 200
    response = render(request, "teamwork/_assignment.html", context, status=code)
    response["HX-Trigger"] = "conversation-changed"
    return response


@require_POST
def add_note(request: PageRequest, conversation_id: int) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _notes(request, conversation_id, form.error)
    text = form.cleaned_data["text"]
    services.add_note(conversation_id=conversation_id, author=request.user, text=text)
    response = _notes(request, conversation_id)
    response["HX-Trigger"] = json.dumps({"draft-sent": {"key": f"note-{conversation_id}"}})
    return response


@require_POST
def edit_note(request: PageRequest, note_id: int) -> HttpResponse:
    note, form = get_object_or_404(Note, pk=note_id), NoteForm(request.POST)
    if not form.is_valid():
        return _notes(request, note.conversation_id, form.error)
    services.edit_note(note=note, person=request.user, text=form.cleaned_data["text"])
    return _notes(request, note.conversation_id)


@require_POST
def delete_note(request: PageRequest, note_id: int) -> HttpResponse:
    note = get_object_or_404(Note, pk=note_id)
    services.delete_note(note=note, person=request.user)
    return _notes(request, note.conversation_id)


def _notes(request: PageRequest, conversation_id: int, error: str = "") -> HttpResponse:
    """The notes as they are now. What was typed stands outside of them, and stays."""
    if not request.htmx:
        if error:
            messages.error(request, error)
        return redirect("inbox:conversation", conversation_id)
    context = {"teamwork": selectors.teamwork(conversation_id), "error": error}
    return render(request, "teamwork/_notes.html", context, status=422 if error else 200)


def _words(change: AssignedMeanwhile) -> str:
    if change.assignee is None:
        words = _("%(by)s gave this conversation back meanwhile.")
    elif change.assignee == change.by:
        words = _("%(by)s took this conversation meanwhile.")
    else:
        words = _("%(by)s assigned this conversation to %(name)s meanwhile.")
    name = change.assignee.display_name if change.assignee else ""
    return words % {"by": change.by.display_name, "name": name}
