"""Conversations that are Done until a time, and Pending then, whoever is logged in.

The snooze is written before WaziMe is told and forgotten after: a process that dies in between
leaves one that finds another status at its time and ends, never a conversation that nobody wakes.
For the same reason nobody forgets but the version that they know, and whoever has made it Done
writes their own again: somebody else may have replaced and forgotten it meanwhile.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models.functions import Now

from inbox import services
from inbox.models import Snooze
from wazime_admin.sql import places
from wazime_admin.team.models import User
from wazime_admin.wazime.errors import Cause, Rejected, Uncertain, WaziMeError
from wazime_admin.wazime.types import Conversation, Status

logger = logging.getLogger(__name__)

AT_ONCE = 50  # that are woken in one go
# Longer than it takes to ask WaziMe for a status and to set it.
AGAIN_AFTER = timedelta(minutes=5)
_SNOOZES = """SELECT id, conversation_id, until FROM inbox_snooze
    WHERE conversation_id IN ({ids})
"""
ASLEEP = (Status.DONE, None)  # None: the server does not say


def snoozed(conversations: Iterable[Conversation]) -> dict[int, datetime]:
    """Until when, by the conversation's id. One query; none where nothing is Done."""
    asleep = [row.id for row in conversations if row.status in ASLEEP]
    if not asleep:
        return {}
    found = Snooze.objects.raw(_SNOOZES.format(ids=places(asleep)), asleep)
    return {snooze.conversation_id: snooze.until for snooze in found}


def snooze_of(conversation_id: int, status: Status | None) -> Snooze | None:
    """The snooze of a conversation with this status, with the person who snoozed it."""
    if status not in ASLEEP:
        return None
    found = Snooze.objects.filter(conversation_id=conversation_id)
    return found.select_related("person").first()


def snooze(*, conversation_id: int, until: datetime, person: User, seen: Status | None) -> None:
    """Set a conversation to Done until then. seen: as in services.set_status.

    Raises services.StatusChanged and WaziMeError; then everything is as it was. Where the answer
    does not say whether it was done the snooze stays, so that it comes back if it was.
    """
    rows = Snooze.objects.filter(conversation_id=conversation_id)
    before = rows.first()
    previous = before.previous if before and seen in ASLEEP else seen
    row = {"until": until, "due_at": until, "person": person, "previous": previous}
    version = _write(conversation_id, row)
    try:
        services.set_status(conversation_id=conversation_id, status=Status.DONE, seen=seen)
    except Uncertain:
        raise
    except (services.StatusChanged, WaziMeError):
        rows.filter(version=version).delete()
        Snooze.objects.bulk_create([before] if before else [], ignore_conflicts=True)
        raise
    _write(conversation_id, row)


def _write(conversation_id: int, row: dict[str, Any]) -> UUID:
    version = uuid4()
    Snooze.objects.update_or_create(
        conversation_id=conversation_id, defaults=row | {"version": version}
    )
    return version


def wake_due() -> None:
    """Set to Pending what has slept until now."""
    due = Snooze.objects.filter(due_at__lte=Now()).order_by("due_at")
    for sleeping in due[:AT_ONCE]:
        if _claim(sleeping) and not _wake(sleeping):
            return


def _claim(sleeping: Snooze) -> bool:
    """Whether it is this process that wakes it. One that dies leaves it to the next try."""
    unclaimed = Snooze.objects.filter(pk=sleeping.pk, due_at=sleeping.due_at)
    return bool(unclaimed.update(due_at=Now() + AGAIN_AFTER))


def _wake(sleeping: Snooze) -> bool:
    """False when WaziMe cannot be asked: it sleeps on, as it does where WaziMe refuses. Where its
    status is another by now, or the conversation is gone, the snooze only ends."""
    conversation = sleeping.conversation_id
    try:
        services.set_status(conversation_id=conversation, status=Status.PENDING, seen=Status.DONE)
    except services.StatusChanged as error:
        logger.info("Conversation %s stays as it is: %s", conversation, error)
    except WaziMeError as error:
        if error.cause is not Cause.NOT_FOUND:
            logger.warning("Conversation %s sleeps on: %s", conversation, error.cause)
            return isinstance(error, Rejected)
        logger.info("Conversation %s is gone", conversation)
    Snooze.objects.filter(pk=sleeping.pk, version=sleeping.version).delete()
    return True
