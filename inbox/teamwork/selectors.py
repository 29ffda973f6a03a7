"""What the team's parts of the inbox show. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower

from inbox.teamwork.models import Assignment, Note
from wazime_admin.sql import places
from wazime_admin.team.models import User

Version = tuple[tuple[int, datetime], ...]


@dataclass(frozen=True)
class Teamwork:
    """What the team has settled about one conversation.

    people: whom it can be given to; assignee: whose it is, since assigned_at; notes: newest first,
    with their authors.
    """

    conversation_id: int
    people: list[User]
    assignee: User | None
    assigned_at: datetime | None
    notes: list[Note]

    @property
    def version(self) -> Version:
        """What `version` finds in one query."""
        given = [(self.assignee.pk, self.assigned_at)] if self.assignee and self.assigned_at else []
        return tuple(sorted([*given, *((note.pk, note.changed_at) for note in self.notes)]))

    @property
    def notes_version(self) -> str:
        return " ".join(f"{note.pk}:{note.changed_at.timestamp()}" for note in self.notes)


def teamwork(conversation_id: int) -> Teamwork:
    """In two queries."""
    given = Assignment.objects.filter(conversation_id=conversation_id, person=OuterRef("pk"))
    people = (
        User.objects.filter(is_active=True)
        .annotate(given_at=Subquery(given.values("at")))
        .order_by(Lower("first_name"), Lower("username"), "pk")
    )
    notes = Note.objects.filter(conversation_id=conversation_id).select_related("author")
    assignee = next((person for person in people if person.given_at), None)
    return Teamwork(
        conversation_id=conversation_id,
        people=list(people),
        assignee=assignee,
        assigned_at=assignee.given_at if assignee else None,
        notes=list(notes.order_by("-pk")),
    )


def version(conversation_id: int) -> Version:
    """Changes when there is something else to show. One query, for the poll."""
    given = Assignment.objects.filter(conversation_id=conversation_id, person__is_active=True)
    notes = Note.objects.filter(conversation_id=conversation_id)
    changes = given.values_list("person_id", "at").union(
        notes.values_list("pk", Coalesce("edited_at", "created_at")), all=True
    )
    return tuple(sorted(changes))


def assignees(conversation_ids: Iterable[int]) -> dict[int, User]:
    """Whose each of these conversations is, without those that are nobody's.

    One query, and one more for the people where there are any.
    """
    owners = _owners(list(conversation_ids))
    if not owners:
        return {}
    people = User.objects.in_bulk(set(owners.values()))
    return {
        conversation_id: people[person_id]
        for conversation_id, person_id in owners.items()
        if people[person_id].is_active
    }


_OWNERS = """SELECT conversation_id, person_id FROM teamwork_assignment
    WHERE person_id IS NOT NULL AND conversation_id IN ({ids})
"""


def _owners(conversation_ids: list[int]) -> dict[int, int]:
    if not conversation_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_OWNERS.format(ids=places(conversation_ids)), conversation_ids)
        return dict(cursor.fetchall())
