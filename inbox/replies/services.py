"""What people do with saved replies."""

from django.db import IntegrityError, transaction
from django.db.models import F

from inbox.replies import selectors
from inbox.replies.models import SavedReply
from wazime_admin.team.models import User


class ShortcutTaken(Exception):
    """Another reply of the same owner has this shortcut."""


def save_reply(*, reply: SavedReply, shortcut: str, text: str, owner: User | None) -> None:
    """Save a new reply or a changed one; one that was deleted meanwhile is made again.

    owner: None for everybody's. Raises ShortcutTaken.
    """
    reply.shortcut, reply.text, reply.owner = shortcut, text, owner
    try:
        with transaction.atomic():
            reply.save()
    except IntegrityError:
        raise ShortcutTaken from None


def count_use(*, reply_id: int, person: User) -> None:
    selectors.replies_of(person).filter(pk=reply_id).update(uses=F("uses") + 1)
