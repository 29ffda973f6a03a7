"""Which conversations have something new for a person.

WaziMe tells when the last message of a conversation was, not whose it was. What was sent from here
is in the ledger; whatever came after that and after the person looked last is new.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from contacts.numbers import folded
from inbox.models import Attempt, Outcome, Seen
from inbox.selectors import CLOCKS_APART
from wazime_admin.sql import places
from wazime_admin.team.models import User
from wazime_admin.wazime.types import Conversation

EVERY = 0  # the conversation_id that stands for all; WaziMe's own begin with 1
UNDER_WAY = ""
OURS = (UNDER_WAY, Outcome.SENT, Outcome.UNCERTAIN)
_MARKS = """SELECT id, conversation_id, until FROM inbox_seen
    WHERE person_id = %s AND conversation_id IN ({ids})
"""


def unseen(person: User, conversations: Iterable[Conversation]) -> list[Conversation]:
    """Those that have something new for this person, in the order given.

    One query, and one more where something was said since they looked. To somebody who looks for
    the first time nothing is new: that is written down.
    """
    given = list(conversations)
    ids = [EVERY, *(row.id for row in given)]
    marks = Seen.objects.raw(_MARKS.format(ids=places(ids)), [person.pk, *ids])
    until = {mark.conversation_id: mark.until for mark in marks}
    if EVERY not in until:
        _begin(person)
        return []
    moved = [
        row
        for row in given
        if row.last_message_at
        and row.last_message_at > max(until[EVERY], until.get(row.id, until[EVERY]))
    ]
    return _not_ours(moved) if moved else []


def see(*, person: User, conversation: Conversation) -> None:
    """Nothing that is in the conversation by now is new to this person any more."""
    if conversation.last_message_at is None:
        return
    seen = Seen(person=person, conversation_id=conversation.id, until=conversation.last_message_at)
    Seen.objects.bulk_create(
        [seen],
        update_conflicts=True,
        unique_fields=["person", "conversation_id"],
        update_fields=["until"],
    )


def _begin(person: User) -> None:
    first = Seen(person=person, conversation_id=EVERY, until=timezone.now())
    Seen.objects.bulk_create([first], ignore_conflicts=True)


def _not_ours(moved: list[Conversation]) -> list[Conversation]:
    """Without those whose last message may be one of ours, sent a moment ago or under way."""
    numbers = {row.id: _number(row) for row in moved}
    attempts = Attempt.objects.filter(message__number__in=numbers.values(), outcome__in=OURS)
    ours: dict[str, datetime] = dict(
        attempts.order_by()
        .values_list("message__number")
        .annotate(last=Max(Coalesce("ended_at", Now())))
    )

    def is_ours(row: Conversation) -> bool:
        sent = ours.get(numbers[row.id])
        return bool(sent and row.last_message_at and row.last_message_at <= sent + CLOCKS_APART)

    return [row for row in moved if not is_ours(row)]


def _number(conversation: Conversation) -> str:
    contact = conversation.contact
    return folded(contact.mobile_code, contact.mobile) if contact else ""
