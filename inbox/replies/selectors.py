"""What the pages of saved replies look at. Reads only."""

from contextlib import suppress

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet

from contacts.searching import plain
from inbox import selectors
from inbox.replies.models import SavedReply
from wazime_admin.team.models import User
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Contact

PER_PAGE = 50
# A list to choose from is no longer; what is used least is left out.
OFFERED = 300


def replies_of(person: User) -> QuerySet[SavedReply]:
    """Those that a person may use: everybody's and their own, the most used first.

    Of two with the same shortcut and as many uses, their own comes first.
    """
    mine = Q(owner=person) | Q(owner=None)
    return SavedReply.objects.filter(mine).order_by(
        "-uses", "shortcut", F("owner").desc(nulls_last=True)
    )


def found_replies(person: User, *, search: str = "", page: int = 1) -> Page[SavedReply]:
    """One page of them; the last one for a page past the end. Case and accents do not matter."""
    wanted = plain(search.removeprefix("/"))
    found = [
        reply
        for reply in replies_of(person)
        if wanted in plain(reply.shortcut) or wanted in plain(reply.text)
    ]
    return Paginator(found, PER_PAGE).get_page(page)


def may_change(reply: SavedReply, person: User) -> bool:
    return person.is_admin if reply.is_shared else reply.owner_id == person.pk


def contact_of(conversation_id: int) -> Contact | None:
    """Who a conversation is with; None also when WaziMe cannot be asked."""
    with suppress(WaziMeError):
        return selectors.conversation(conversation_id).value.contact
    return None
