"""What people settle among themselves about a conversation. Verbs."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now

from inbox.teamwork.models import Assignment, Note
from wazime_admin.team.models import User


@dataclass(frozen=True)
class AssignedMeanwhile(Exception):
    """The conversation is no longer whose the person saw it to be. Nothing was done."""

    assignee: User | None
    by: User


def assign(*, conversation_id: int, person: User | None, by: User, seen: int | None) -> None:
    """Make it this person's conversation, or nobody's. Of two at once the second one waits.

    seen: the id of whom it was assigned to when `by` decided, None for nobody. Raises
    AssignedMeanwhile.
    """
    with transaction.atomic():
        blank = Assignment(conversation_id=conversation_id, by=by)
        Assignment.objects.bulk_create([blank], ignore_conflicts=True)
        row = (
            Assignment.objects.select_for_update(of=("self",), no_key=True)
            .select_related("person", "by")
            .get(conversation_id=conversation_id)
        )
        if row.assignee == person:
            return
        if (row.assignee and row.assignee.pk) != seen:
            raise AssignedMeanwhile(row.assignee, row.by)
        Assignment.objects.filter(pk=row.pk).update(person=person, by=by, at=Now())


def add_note(*, conversation_id: int, author: User, text: str) -> None:
    Note.objects.create(conversation_id=conversation_id, author=author, text=text)


def edit_note(*, note: Note, person: User, text: str) -> None:
    """Raises PermissionDenied: people change what they wrote themselves."""
    if note.author_id != person.pk:
        raise PermissionDenied
    Note.objects.filter(pk=note.pk).update(text=text, edited_at=Now())


def delete_note(*, note: Note, person: User) -> None:
    """Raises PermissionDenied: admins delete everybody's, agents their own."""
    if note.author_id != person.pk and not person.is_admin:
        raise PermissionDenied
    note.delete()
