"""What the inbox's pages look at. Reads only."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from contacts import searching
from contacts.numbers import folded, parse, search_term
from inbox import gate, recorded
from inbox.models import UNDECIDED, Attempt, Message, Outcome, State
from wazime_admin.team.models import User
from wazime_admin.trouble import Trouble
from wazime_admin.wazime import offers, reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.errors import WaziMeError
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


@dataclass(frozen=True)
class Inbox:
    """A page of it; how many conversations each tab has, where the page is not out of date; and the
    newest of all, which are the first page of the first tab; what was said last, where it is known.
    """

    page: Reading[Page[Conversation]]
    counts: Counts
    newest: tuple[Conversation, ...]
    last_texts: recorded.LastTexts = field(default_factory=dict)


def inbox(*, status: Status | None, search: str = "", page: int = 1) -> Inbox:
    """The same with what stands around it, all in one look. Raises WaziMeError."""
    wanted, first_of_all = _page(status, search, page), _page(None, "", 1)
    texts = [recorded.last_texts(wanted)] if offers.is_known_to_have_history() else []
    around: list[Question[Any]] = [*map(_count, TABS), *texts]
    found, first, *rest = reading.read_all(wanted, first_of_all, *around)
    if isinstance(found, WaziMeError):
        raise found
    if not found.trouble and found.value.rows:
        offers.has_history(found.value.rows[0].id)  # so that the next look brings the last texts
    newest = () if isinstance(first, WaziMeError) else first.value.rows
    values = [None if isinstance(each, WaziMeError) else each.value for each in rest]
    counts = {} if found.trouble else dict(zip(TABS, values, strict=False))
    return Inbox(found, counts, newest, values[-1] or {} if texts else {})


def counts_now() -> tuple[Counts, WaziMeError | None]:
    """How many conversations each tab has, None where WaziMe does not tell what is true now; and
    why not, where something went wrong."""
    found = reading.read_all(*map(_count, TABS))
    troubles = [it if isinstance(it, WaziMeError) else it.trouble for it in found]
    counts = {
        tab: None if trouble or isinstance(it, WaziMeError) else it.value
        for tab, it, trouble in zip(TABS, found, troubles, strict=True)
    }
    return counts, next(filter(None, troubles), None)


def newest() -> tuple[Conversation, ...]:
    """The first page of the inbox, which everybody's polls read anyway; nothing without WaziMe."""
    try:
        return conversations(status=None).value.rows
    except WaziMeError:
        return ()


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
    """Where the vendor shows what the customer wrote; empty when the installation has no link, or
    it goes by the number and there is none."""
    contact = conversation.contact
    number = f"{contact.mobile_code}{contact.mobile}" if contact else ""
    url: str = settings.WAZIME_PANEL_URL
    if "{mobile}" in url and not number:
        return ""
    return url.replace("{conversation_id}", str(conversation.id)).replace("{mobile}", quote(number))


# --- The ledger -------------------------------------------------------------------------------

THREAD_SHOWN = 100


def thread(
    conversation_id: int, contact: Contact | None, *, before: datetime | None = None
) -> list[Message]:
    """What this dashboard sent in a conversation, oldest first, the newest THREAD_SHOWN of it.

    Each message has its author, and its attempts in order. before: of what was written until then.
    """
    mine = _in_thread(conversation_id, contact)
    if before:
        mine &= Q(created_at__lt=before)
    newest = _with_evidence(Message.objects.filter(mine)).order_by("-id")[:THREAD_SHOWN]
    return list(reversed(newest))


def answer_since(
    conversation: Conversation, *, seen_message: int, person: User, send_id: UUID
) -> Message | None:
    """The newest answer of somebody else in a conversation, written after a message that this
    person saw; None also when what they send now under `send_id` is in the ledger already."""
    answers = Message.objects.filter(
        _in_thread(conversation.id, conversation.contact), id__gt=seen_message, broadcast=None
    )
    gone = answers.exclude(state__in=(State.CANCELLED, State.REJECTED)).exclude(author=person)
    answer = gone.select_related("author").order_by("-id").first()
    if answer and Message.objects.filter(send_id=send_id).exists():
        return None
    return answer


def _in_thread(conversation_id: int, contact: Contact | None) -> Q:
    mine = Q(conversation_id=conversation_id)
    if contact and contact.mobile:
        mine |= Q(number=folded(contact.mobile_code, contact.mobile))
    return mine


def message(message_id: int) -> Message | None:
    return _with_evidence(Message.objects.filter(pk=message_id)).first()


def last_attempt(message: Message) -> Attempt | None:
    attempts = list(message.attempts.all())
    return attempts[-1] if attempts else None


def may_decide(message: Message, person: User) -> bool:
    """Agents decide about what they wrote, admins about everything."""
    return person.is_admin or message.author_id == person.pk


def _with_evidence(messages: QuerySet[Message]) -> QuerySet[Message]:
    with_one = messages.select_related("author", "media", "broadcast")
    return with_one.prefetch_related("attempts__decided_by")


# --- The outbox -------------------------------------------------------------------------------

OUTBOX_SHOWN = 50
ATTEMPTS_SHOWN = 20
# Of more broadcasts than these the newest are offered to choose from.
BROADCASTS_SHOWN = 50
# What Wanted.broadcast is besides a broadcast's id.
NO_BROADCAST, EVERY_BROADCAST = "", "all"
# What is more than so many is told as "more than".
COUNTED = 1000
# What no index finds is looked for among so many rows, then among twice as many and so on, but not
# among more than the second at a time, and in all so many seconds long.
PORTION, LARGEST_PORTION, LOOKED_FOR = 500, 20_000, 0.3
# Rows are numbered in the order in which they are written, but for so many at the same time.
AT_ONCE = 1000
# WaziMe's times have whole seconds, and its clock may differ a little from ours.
CLOCKS_APART = timedelta(seconds=2)


@dataclass(frozen=True)
class Wanted:
    """A part of the ledger.

    states: none for all of them; since, until: when it was written, until being outside;
    search: a number or a piece of one, a piece of a text, a file's or a template's name;
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


@dataclass(frozen=True)
class Found:
    """A page of the ledger, the newest first.

    before: where the next page begins, None after the last; looked_back_to: when what was looked
    through last was written, where looking took so long that it ended before the page was full.
    """

    messages: list[Message]
    before: int | None = None
    looked_back_to: datetime | None = None


def outbox(person: User, wanted: Wanted, *, before: int | None = None) -> Found:
    """The newest OUTBOX_SHOWN messages that this person may see. before: from an earlier Found.

    The page is found in as little time among millions of rows as among a few: by an index, or as
    far back as LOOKED_FOR seconds reach.
    """
    found = _visible(person).filter(_of_broadcast(wanted.broadcast))
    if wanted.author_id and wanted.broadcast == NO_BROADCAST:
        found, wanted = found.filter(author_id=wanted.author_id), replace(wanted, author_id=None)
    if before:
        found = found.filter(id__lt=before)
    states, matches = wanted.states or tuple(State), _matches(wanted)
    if number := _whole_number(wanted.search):
        everything = found.filter(matches, number=number, state__in=states)
        ids = list(everything.order_by("-id").values_list("id", flat=True)[: OUTBOX_SHOWN + 1])
    elif matches:
        since, until = _written(wanted.since), _written(wanted.until)
        if wanted.since:
            found = found.filter(id__gt=since - AT_ONCE if since else MAX_ID)
        if until:
            found = found.filter(id__lt=until + AT_ONCE)
        ids, reached = _look_through(found, states, matches)
        if reached:
            return Found(_shown(ids), reached, _written_at(reached))
    else:
        ids = _newest(found, states, OUTBOX_SHOWN + 1)
    shown = ids[:OUTBOX_SHOWN]
    return Found(_shown(shown), shown[-1] if len(ids) > len(shown) else None)


def _newest(found: QuerySet[Message], states: Iterable[State], most: int) -> list[int]:
    """The newest ids. Each state by itself: for several at once no index has them in order."""
    each = [found.filter(state=state).order_by("-id")[:most] for state in states]
    rows = _ask(" UNION ALL ".join(["SELECT * FROM {}"] * len(each)), each)
    return sorted((pk for (pk,) in rows), reverse=True)[:most]


def _ask(sql: str, parts: list[QuerySet[Message]]) -> list[tuple[int, ...]]:
    """The rows of a query with these, as ids, in the places of {}. They are sliced, and a query of
    several such ones Django does not make for SQLite."""
    found = [rows.values("id").query.sql_with_params() for rows in parts]
    with connection.cursor() as cursor:
        whole = sql.format(*(f"({part}) AS part" for part, _ in found))
        cursor.execute(whole, [value for _, values in found for value in values])
        rows: list[tuple[int, ...]] = cursor.fetchall()
        return rows


def _look_through(
    found: QuerySet[Message], states: tuple[State, ...], matches: Q
) -> tuple[list[int], int | None]:
    """The newest ids that match, OUTBOX_SHOWN and one more; and how far back it looked, where time
    was up before."""
    ids: list[int] = []
    deadline = time.monotonic() + LOOKED_FOR
    rest, size = found, PORTION
    while newest := _newest(rest, states, 1):
        end = newest[0] - size
        portion = rest.filter(matches, id__gt=end, id__lte=newest[0], state__in=states)
        missing = OUTBOX_SHOWN + 1 - len(ids)
        ids += portion.order_by("-id").values_list("id", flat=True)[:missing]
        if len(ids) > OUTBOX_SHOWN:
            break
        rest, size = found.filter(id__lte=end), min(2 * size, LARGEST_PORTION)
        if time.monotonic() > deadline and _newest(rest, states, 1):
            return ids, end + 1
    return ids, None


def _shown(ids: list[int]) -> list[Message]:
    return list(_in_outbox(Message.objects.filter(pk__in=ids)).order_by("-id"))


def _written(moment: datetime | None) -> int | None:
    """The id of the first message that was written at this moment or later."""
    if moment is None:
        return None
    later = Message.objects.filter(created_at__gte=moment).order_by("created_at")
    return later.values_list("id", flat=True).first()


def _written_at(message_id: int) -> datetime | None:
    """When a message was written, or the next one where it is gone."""
    next_ones = Message.objects.filter(id__gte=message_id).order_by("id")
    return next_ones.values_list("created_at", flat=True).first()


def _whole_number(search: str) -> str:
    """The number that somebody looks for, folded; empty when it is a piece of one, or none."""
    number = parse(search) if search_term(search).isdecimal() else None
    return folded(number.mobile_code, number.mobile) if number else ""


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


def outbox_counts(person: User, broadcast: str = NO_BROADCAST) -> dict[State, int]:
    """How many messages of each state this person may see, COUNTED + 1 where there are more.

    broadcast: as in Wanted.
    """
    seen = _visible(person).filter(_of_broadcast(broadcast)).order_by()
    each = [seen.filter(state=state)[: COUNTED + 1] for state in State]
    columns = ", ".join(["(SELECT COUNT(*) FROM {})"] * len(each))
    (counts,) = _ask(f"SELECT {columns}", each)
    return dict(zip(State, counts, strict=True))


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
    """What no index answers; nothing when there is nothing of the kind."""
    matches = Q()
    if wanted.author_id:
        matches &= Q(author_id=wanted.author_id)
    if wanted.kind:
        matches &= Q(kind=wanted.kind)
    if wanted.since:
        matches &= Q(created_at__gte=wanted.since)
    if wanted.until:
        matches &= Q(created_at__lt=wanted.until)
    if wanted.search and not _whole_number(wanted.search):
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


_SIGNALS = """SELECT
        (SELECT COUNT(*) FROM (
            SELECT id FROM inbox_message
            WHERE broadcast_id IS NULL AND state IN (%s, %s) {of_author}
            LIMIT %s
        ) AS undecided),
        (SELECT COUNT(*) FROM inbox_gate WHERE closed_at IS NOT NULL)
"""


class Signals:
    """What every page tells: how much waits for this person's decision, and whether sending has
    stopped. One small query; one more while it has stopped, and two when somebody looks.

    What a broadcast's recipients need is told on its own page: it may be thousands.
    """

    def __init__(self, person: User) -> None:
        author, of_author = ([], "") if person.is_admin else ([person.pk], "AND author_id = %s")
        with connection.cursor() as cursor:
            cursor.execute(_SIGNALS.format(of_author=of_author), [*UNDECIDED, *author, COUNTED])
            self.attention, is_shut = cursor.fetchone()
        self.gate = gate.closed() if is_shut else None

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
