"""What people do in the inbox. Verbs; each changes the ledger or WaziMe."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from contacts.numbers import folded
from inbox import gate, nudging, selectors, sending
from inbox.content import Content
from inbox.models import Attempt, Decision, Message, Snooze, State
from wazime_admin.team.models import User
from wazime_admin.wazime import client, reading
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Contact, Status


class Conflict(Exception):
    """Somebody was quicker, or the same id was used for something else. Nothing was done."""


@dataclass(frozen=True)
class StatusChanged(Conflict):
    """The status is no longer what the person saw."""

    current: Status


# --- Writing ----------------------------------------------------------------------------------


def write_message(
    *,
    author: User,
    send_id: UUID,
    contact: Contact,
    content: Content,
    conversation_id: int | None = None,
    from_number: str = "",
) -> Message:
    """Put a message to a contact into the ledger and tell a worker of it.

    The same `send_id` again is the same message: a double click or a retried request gets the row
    that is there. Raises Conflict when that row has other content or another author.
    """
    row = Message(
        send_id=send_id,
        author=author,
        conversation_id=conversation_id,
        mobile_code=contact.mobile_code,
        mobile=contact.mobile,
        number=folded(contact.mobile_code, contact.mobile),
        from_number=from_number,
        kind=content.kind,
        text=content.text,
        fields=dict(content.fields),
        label=content.label,
        media=content.media,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        there = Message.objects.select_related("media").get(send_id=send_id)
        if _says(there) != _says(row):
            raise Conflict from None
        return there
    nudging.nudge(row.pk)
    return row


def _says(message: Message) -> tuple[object, ...]:
    """What makes two messages the same: who says what to whom."""
    return (
        message.author_id,
        message.number,
        message.from_number,
        message.kind,
        message.text,
        message.fields,
        message.media and message.media.sha256,
    )


# --- Deciding ---------------------------------------------------------------------------------


def resend(*, message: Message, person: User, seen_attempt: int) -> None:
    """Queue a rejected or uncertain message once more. Raises Conflict, PermissionDenied."""
    _decide(message, person, seen_attempt, Decision.RESEND)
    nudging.nudge(message.pk)


def mark_sent(*, message: Message, person: User, seen_attempt: int) -> None:
    """Take a rejected or uncertain message for sent. Raises Conflict, PermissionDenied."""
    _decide(message, person, seen_attempt, Decision.MARK_SENT)
    nudging.nudge_next(number=message.number)


def cancel(*, message: Message, person: User, seen_attempt: int) -> None:
    """Take back a message that has not left: it waits, or was rejected and shall stay unsent.

    Raises Conflict, PermissionDenied.
    """
    _may_decide(message, person)
    unsent = (State.HELD, State.QUEUED, State.REJECTED)
    cancelled = Message.objects.filter(
        pk=message.pk, attempt_number=seen_attempt, state__in=unsent
    ).update(state=State.CANCELLED, finished_at=Now())
    if not cancelled:
        raise Conflict
    nudging.nudge_next(number=message.number)


def try_gate() -> WaziMeError | None:
    """Look at once whether sending works again, for an admin who has cured the cause.

    What still stands in the way; None when WaziMe answers, and the test is on its way.
    """
    still = gate.try_now()
    nudging.nudge(*sending.due_messages())
    return still


def _decide(message: Message, person: User, seen_attempt: int, decision: Decision) -> None:
    """Move the row that the person saw, and only that: the attempt's number says which it was."""
    _may_decide(message, person)
    undecided = Message.objects.filter(
        pk=message.pk,
        attempt_number=seen_attempt,
        state__in=(State.REJECTED, State.UNCERTAIN),
    )
    with transaction.atomic():
        if decision is Decision.RESEND:
            moved = undecided.update(
                state=State.QUEUED, finished_at=None, nudged_at=None, not_before=None
            )
        else:
            moved = undecided.update(state=State.SENT, finished_at=Now())
        if not moved:
            raise Conflict
        Attempt.objects.filter(message=message, number=seen_attempt).update(
            decision=decision, decided_by=person, decided_at=Now()
        )


def _may_decide(message: Message, person: User) -> None:
    if not selectors.may_decide(message, person):
        raise PermissionDenied


# --- Triage -----------------------------------------------------------------------------------


def change_status(
    *, conversation_id: int, status: Status, seen: Status | None = None
) -> datetime | None:
    """Set the status that a person chose, which ends a snooze: until when it was, None without one.
    Arguments as in set_status.

    One that somebody begins meanwhile stays: its Done may come last.
    """
    ended = Snooze.objects.filter(conversation_id=conversation_id).first()
    set_status(conversation_id=conversation_id, status=status, seen=seen)
    if ended is None:
        return None
    Snooze.objects.filter(pk=ended.pk, version=ended.version).delete()
    return ended.until


def set_status(*, conversation_id: int, status: Status, seen: Status | None = None) -> None:
    """Set a conversation's status.

    seen: what the person saw it to be; raises StatusChanged when it is something else by now (two
    agents at one conversation, or an undo after somebody's change). Raises WaziMeError.
    """
    if seen is not None:
        current = selectors.current_status(conversation_id)
        if current not in (None, seen):
            raise StatusChanged(current)
    try:
        client().set_status(conversation_id, status)
    finally:
        reading.drop("conversations")
