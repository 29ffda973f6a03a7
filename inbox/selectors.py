"""What the inbox's pages look at. Reads only."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from contacts.numbers import folded
from inbox.models import Attempt, Message
from wazime_admin.team.models import User
from wazime_admin.wazime import client, reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.reading import Reading
from wazime_admin.wazime.types import Contact, Conversation, Page, Status

TABS: tuple[Status | None, ...] = (
    None,
    Status.UNREAD,
    Status.PENDING,
    Status.IMPORTANT,
    Status.DONE,
)
# How far to look for one row in the list, where a server's details leave something out.
LOOKED_THROUGH = 100
# The counts of the tabs are one small read each: they are made side by side.
_counters = ThreadPoolExecutor(max_workers=len(TABS), thread_name_prefix="counts")


# --- WaziMe's conversations -------------------------------------------------------------------


def conversations(
    *, status: Status | None, search: str = "", page: int = 1
) -> Reading[Page[Conversation]]:
    """One page of the inbox, newest activity first. Raises WaziMeError."""

    def call(wazime: WaziMeClient) -> Page[Conversation]:
        return wazime.conversations(status=status, search=search, page=page)

    return reading.read("conversations", "page", call, status, search, page)


def tab_counts() -> dict[Status | None, int | None]:
    """How many conversations each tab has; None where WaziMe does not say."""

    def count(status: Status | None) -> int | None:
        try:
            return reading.read(
                "conversations",
                "count",
                lambda wazime: wazime.conversations(status=status, per_page=1).total,
                status,
            ).value
        except WaziMeError:
            return None

    return dict(zip(TABS, _counters.map(count, TABS), strict=True))


def conversation(conversation_id: int) -> Reading[Conversation]:
    """One conversation with its contact, notes and status. Raises WaziMeError."""
    return reading.read(
        "conversations", "details", lambda wazime: _whole(wazime, conversation_id), conversation_id
    )


def current_status(conversation_id: int) -> Status | None:
    """The status as it is now, read past the cache; None when the server does not say."""
    return _whole(client(), conversation_id).status


def _whole(wazime: WaziMeClient, conversation_id: int) -> Conversation:
    """The details, completed from the list where a server's details leave something out."""
    details = wazime.conversation(conversation_id)
    if details.status is not None and details.contact is not None:
        return details
    search = details.contact.mobile if details.contact else ""
    rows = wazime.conversations(search=search, per_page=LOOKED_THROUGH).rows
    row = next((row for row in rows if row.id == conversation_id), details)
    return replace(
        details,
        contact=details.contact or row.contact,
        status=row.status if details.status is None else details.status,
        last_message_at=details.last_message_at or row.last_message_at,
    )


def why_not_writable(conversation: Conversation) -> str:
    """Why nobody can be written to in this conversation; empty when somebody can."""
    contact = conversation.contact
    if contact is None:
        return _("WaziMe no longer has a contact for this conversation, so there is no number.")
    if not contact.mobile:
        return _("This contact has no number.")
    if contact.is_blocked:
        return _("This contact is blocked: WaziMe sends nothing to it.")
    return ""


def panel_url(conversation: Conversation) -> str:
    """Where the vendor shows what the customer wrote; empty when the installation has no link."""
    contact = conversation.contact
    number = f"{contact.mobile_code}{contact.mobile}" if contact else ""
    return settings.WAZIME_PANEL_URL.replace("{conversation_id}", str(conversation.id)).replace(
        "{mobile}", quote(number)
    )


# --- The ledger -------------------------------------------------------------------------------

THREAD_SHOWN = 100


def thread(conversation_id: int, contact: Contact | None) -> list[Message]:
    """What this dashboard sent in a conversation, oldest first, the newest THREAD_SHOWN of it.

    Each message has its author, and its attempts in order.
    """
    mine = Q(conversation_id=conversation_id)
    if contact and contact.mobile:
        mine |= Q(number=folded(contact.mobile_code, contact.mobile))
    newest = _with_evidence(Message.objects.filter(mine)).order_by("-id")[:THREAD_SHOWN]
    return list(reversed(newest))


def message(message_id: int) -> Message | None:
    return _with_evidence(Message.objects.filter(pk=message_id)).first()


def last_attempt(message: Message) -> Attempt | None:
    attempts = list(message.attempts.all())
    return attempts[-1] if attempts else None


def may_decide(message: Message, person: User) -> bool:
    """Agents decide about what they wrote, admins about everything."""
    return person.is_admin or message.author_id == person.pk


def _with_evidence(messages: QuerySet[Message]) -> QuerySet[Message]:
    return messages.select_related("author").prefetch_related("attempts__decided_by")
