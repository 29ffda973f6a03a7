"""What the inbox's pages look at. Reads only."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from urllib.parse import quote

from django.conf import settings
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from contacts import searching
from contacts.numbers import folded, search_term
from inbox import gate
from inbox.models import UNDECIDED, Attempt, Message, Outcome, State
from wazime_admin.team.models import User
from wazime_admin.trouble import Trouble
from wazime_admin.wazime import reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.errors import Cause, Rejected, WaziMeError
from wazime_admin.wazime.reading import Question, Reading
from wazime_admin.wazime.types import MAX_ID, Contact, Conversation, Page, Status

TABS: tuple[Status | None, ...] = (
    None,
    Status.UNREAD,
    Status.PENDING,
    Status.IMPORTANT,
    Status.DONE,
)
# How far to look for one row in the list, where a server's details leave something out.
LOOKED_THROUGH = 100


# --- WaziMe's conversations -------------------------------------------------------------------


Counts = dict[Status | None, int | None]  # by tab; None where WaziMe does not say


def conversations(
    *, status: Status | None, search: str = "", page: int = 1
) -> Reading[Page[Conversation]]:
    """One page of the inbox, newest activity first. search: a name or a number, however written.

    Raises WaziMeError.
    """
    return reading.read(_page(status, search, page))


def conversations_and_counts(
    *, status: Status | None, search: str = "", page: int = 1
) -> tuple[Reading[Page[Conversation]], Counts]:
    """The same, and how many conversations each tab has; no counts where the page is out of date.

    Raises WaziMeError.
    """
    found, *counted = reading.read_all(_page(status, search, page), *map(_count, TABS))
    if isinstance(found, WaziMeError):
        raise found
    if found.trouble:
        return found, {}
    counts = [None if isinstance(count, WaziMeError) else count.value for count in counted]
    return found, dict(zip(TABS, counts, strict=True))


def _page(status: Status | None, search: str, page: int) -> Question[Page[Conversation]]:
    term, words = searching.question(search)

    def call(wazime: WaziMeClient) -> Page[Conversation]:
        if words:
            found = wazime.conversations(
                status=status, search=term, per_page=searching.LOOKED_THROUGH
            )
            return searching.with_all(words, found.rows, lambda row: row.contact)
        return wazime.conversations(status=status, search=term, page=page)

    return Question("conversations", "page", call, (status, term, words, page))


def _count(status: Status | None) -> Question[int | None]:
    return Question(
        "conversations",
        "count",
        lambda wazime: wazime.conversations(status=status, per_page=1).total,
        (status,),
    )


def conversation(conversation_id: int) -> Reading[Conversation]:
    """One conversation with its contact, notes and status. Raises WaziMeError."""
    if conversation_id > MAX_ID:
        raise Rejected(Cause.NOT_FOUND)
    return reading.read(
        Question(
            "conversations",
            "details",
            lambda wazime: _whole(wazime, conversation_id),
            (conversation_id,),
        )
    )


def current_status(conversation_id: int) -> Status | None:
    """The status as it is now, read past the cache; None when the server does not say."""
    return reading.read_now(lambda wazime: _whole(wazime, conversation_id)).status


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
    return messages.select_related("author", "media").prefetch_related("attempts__decided_by")


# --- The outbox -------------------------------------------------------------------------------

OUTBOX_SHOWN = 50
ATTEMPTS_SHOWN = 20
# Of more broadcasts than these the newest are offered to choose from.
BROADCASTS_SHOWN = 50
# What Wanted.broadcast is besides a broadcast's id.
NO_BROADCAST, EVERY_BROADCAST = "", "all"
# A longer queue is told as "more than".
COUNTED = 1000
# WaziMe's times have whole seconds, and its clock may differ a little from ours.
CLOCKS_APART = timedelta(seconds=2)


@dataclass(frozen=True)
class Wanted:
    """A part of the ledger.

    states: none for all of them; since, until: when it was written, until being outside;
    search: a piece of a number, a text, a file's or a template's name;
    broadcast: the id of the one whose recipients it is, NO_BROADCAST for what belongs to none,
    EVERY_BROADCAST for both.
    """

    states: tuple[State, ...] = ()
    author_id: int | None = None
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""
    broadcast: str = NO_BROADCAST


def outbox(person: User, wanted: Wanted, *, before: int | None = None) -> list[Message]:
    """The newest OUTBOX_SHOWN messages that this person may see, and one more if there is one.

    before: the id of the last message on the page before.
    """
    found = _visible(person).filter(_matches(wanted))
    if before:
        found = found.filter(id__lt=before)
    return list(_in_outbox(found).order_by("-id")[: OUTBOX_SHOWN + 1])


def outbox_message(person: User, message_id: int) -> Message | None:
    """None if there is no such message, or this person may not see it."""
    return _in_outbox(_visible(person).filter(pk=message_id)).first()


def _in_outbox(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With the author, the medium and, as the only one of the attempts, the last."""
    last = Attempt.objects.filter(number=F("message__attempt_number")).select_related("decided_by")
    return messages.select_related("author", "media", "broadcast").prefetch_related(
        Prefetch("attempts", last.defer("raw"))
    )


def attempts(message: Message) -> list[Attempt]:
    """The last ATTEMPTS_SHOWN tries with all that they met, the newest first."""
    every = Attempt.objects.filter(message=message).select_related("decided_by")
    return list(every.order_by("-number")[:ATTEMPTS_SHOWN])


def outbox_counts(person: User, broadcast: str = NO_BROADCAST) -> dict[str, int]:
    """How many messages of each state this person may see. broadcast: as in Wanted."""
    seen = _visible(person).filter(_of_broadcast(broadcast))
    return dict(seen.values_list("state").annotate(Count("id")).order_by())


def outbox_broadcasts(chosen: str) -> list[tuple[str, str]]:
    """The newest broadcasts that have begun, and the chosen one, as ids and names."""
    field = Message._meta.get_field("broadcast")
    every = field.remote_field.model._default_manager.filter(started_at__isnull=False)
    newest = every.order_by("-id").values_list("id", "name")
    found = list(newest[:BROADCASTS_SHOWN])
    if chosen.isdecimal() and int(chosen) not in dict(found):
        found += newest.filter(pk=int(chosen))
    return [(str(pk), name) for pk, name in found]


def _visible(person: User) -> QuerySet[Message]:
    """Agents see what they wrote, admins everything."""
    everything = Message.objects.all()
    return everything if person.is_admin else everything.filter(author=person)


def _of_broadcast(broadcast: str) -> Q:
    if broadcast == EVERY_BROADCAST:
        return Q()
    return Q(broadcast=int(broadcast)) if broadcast else Q(broadcast=None)


def _matches(wanted: Wanted) -> Q:
    matches = _of_broadcast(wanted.broadcast)
    if wanted.states:
        matches &= Q(state__in=wanted.states)
    if wanted.author_id:
        matches &= Q(author_id=wanted.author_id)
    if wanted.kind:
        matches &= Q(kind=wanted.kind)
    if wanted.since:
        matches &= Q(created_at__gte=wanted.since)
    if wanted.until:
        matches &= Q(created_at__lt=wanted.until)
    if wanted.search:
        matches &= (
            Q(number__contains=search_term(wanted.search))
            | Q(text__icontains=wanted.search)
            | Q(label__icontains=wanted.search)
            | Q(media__name__icontains=wanted.search)
        )
    return matches


class Trace(StrEnum):
    """What a conversation's last message says about an attempt."""

    AFTER = "after"  # something was said since: it may be this message
    OTHER = "other"  # the same, but it may be another message that was sent from here
    BEFORE = "before"  # nothing was said since
    UNKNOWN = "unknown"  # WaziMe cannot be asked


def trace(message: Message, attempt: Attempt) -> tuple[Trace, datetime | None]:
    """What the conversation tells about an attempt, and when its last message was."""
    if message.conversation_id is None or attempt.ended_at is None:
        return Trace.UNKNOWN, None
    try:
        seen = _seen_since(attempt.ended_at, message.conversation_id)
    except WaziMeError:
        return Trace.UNKNOWN, None
    moment = seen.last_message_at
    if moment is None or moment < attempt.started_at - CLOCKS_APART:
        return Trace.BEFORE, moment
    others = Attempt.objects.filter(message__number=message.number, outcome=Outcome.SENT)
    since = others.filter(ended_at__gte=attempt.started_at).exclude(message=message)
    return (Trace.OTHER if since.exists() else Trace.AFTER), moment


def _seen_since(moment: datetime, conversation_id: int) -> Conversation:
    """The conversation as it was read after a moment, past the cache only if that is older."""
    known = conversation(conversation_id)
    if known.read_at >= moment:
        return known.value
    if known.trouble:
        raise known.trouble
    return reading.read_now(lambda wazime: _whole(wazime, conversation_id))


class Signals:
    """What every page tells: how much waits for this person's decision, and whether sending has
    stopped. Two small queries, three more while it has stopped and somebody looks.

    What a broadcast's recipients need is told on its own page: it may be thousands.
    """

    def __init__(self, person: User) -> None:
        undecided = _visible(person).filter(state__in=UNDECIDED, broadcast=None)
        self.attention = undecided.order_by()[:COUNTED].count()
        self.gate = gate.closed()

    @cached_property
    def trouble(self) -> Trouble | None:
        """Why sending has stopped, and the cure."""
        return gate.trouble(self.gate) if self.gate else None

    @cached_property
    def waiting(self) -> int:
        """How many messages wait to be sent, at most COUNTED."""
        queued = Message.objects.filter(state=State.QUEUED, broadcast=None)
        recipients = Message.objects.filter(
            broadcast__state="sending", state__in=(State.HELD, State.QUEUED)
        )
        waiting = [found.order_by()[:COUNTED].count() for found in (queued, recipients)]
        return min(sum(waiting), COUNTED)

    @property
    def version(self) -> tuple[object, ...]:
        """Changes when a page must be told."""
        return self.attention, self.gate and (self.gate.closed_at, self.gate.testing)

    @property
    def gate_version(self) -> str:
        """Changes when there is something else to say about why sending has stopped."""
        if self.gate is None:
            return "open"
        shut = self.gate
        said = (shut.closed_at, shut.cause, shut.testing, shut.failed_tests, self.waiting)
        return "/".join(map(str, said))
