"""What the pages of broadcasts look at. Reads only; every number is counted from the ledger."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import models
from django.db.models import Count, F, FilteredRelation, Max, Min, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.numbers import folded, parse, search_term
from inbox import gate
from inbox.broadcasts.forecast import STEP, end_of
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.broadcasts.zones import awake
from inbox.models import UNDECIDED, WAITING, Attempt, Message, Outcome, State
from inbox.selectors import LARGEST_PORTION, LOOKED_FOR, PORTION
from wazime_admin import cache as cached
from wazime_admin.cache import shared

# How long the number of all recipients is kept, in seconds: a week.
TOTAL_KEPT = 604_800
# Over so long is measured how fast it goes.
SPEED_OVER = timedelta(seconds=10)
# After so long without a message there is something to say, if one knows why; or if nobody does.
STILL, STALLED = timedelta(seconds=15), timedelta(minutes=2)
FAILURES_SHOWN = 10
# "Not now" is told of the newest attempts only: there is no end to them.
RECENT_ATTEMPTS = 1000
RECIPIENTS_SHOWN = 50
TESTS_SHOWN = 3
# Who got a template so lately should not get it again by mistake. So many of a draft's recipients
# are looked for, and it is told when it is more than such a share of them.
LATELY = timedelta(days=7)
COMPARED = 5000
TOLD_SHARE = 0.1
# Set by the workers every second; it expires when they are gone.
WORKING = "broadcasts:working"


class Part(models.TextChoices):
    """The states of recipients as people see them."""

    SENT = "sent", _("Sent")
    REJECTED = "rejected", _("Not sent")
    UNCERTAIN = "uncertain", _("Perhaps sent")
    CANCELLED = "cancelled", _("Cancelled")
    SENDING = "sending", _("Sending")
    WAITING = "waiting", _("Waiting")


STATES: dict[Part, tuple[State, ...]] = {
    **{part: (State(part.value),) for part in Part if part != Part.WAITING},
    Part.WAITING: (State.HELD, State.QUEUED),
}
OTHERS = tuple(state for state in State if state != State.SENT)
TRIED = (State.SENT, State.REJECTED, State.UNCERTAIN)
GOT = (State.SENT, State.UNCERTAIN)  # the latter perhaps


@dataclass(frozen=True)
class Counts:
    """How many recipients stand in each part."""

    sent: int = 0
    rejected: int = 0
    uncertain: int = 0
    cancelled: int = 0
    sending: int = 0
    waiting: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, field.name) for field in fields(self))

    @property
    def left(self) -> int:
        return self.sending + self.waiting


class StallCause(StrEnum):
    GATE = "gate"
    NO_WORKER = "no_worker"
    QUIET_HOURS = "quiet_hours"
    PUT_OFF = "put_off"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Stall:
    """Nothing goes out. since: when something last did; until: when it goes on, where known."""

    cause: StallCause
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Progress:
    """speed: messages a second now; failures: the newest, each an attempt with its message; all
    but the counts while it is under way only."""

    counts: Counts
    speed: float = 0.0
    ends_at: datetime | None = None
    stall: Stall | None = None
    failures: tuple[Attempt, ...] = ()


# --- The list -----------------------------------------------------------------------------------


def broadcasts() -> QuerySet[Broadcast]:
    """All of them, the newest first, with their authors."""
    return Broadcast.objects.select_related("author").order_by("-id")


def counts_of(shown: Iterable[Broadcast]) -> dict[int, Counts]:
    """The counts of some broadcasts, by their ids, counted once for all who look."""
    broadcasts = list(shown)
    return shared(_key("counts", *broadcasts), lambda: _count(broadcasts))


def _count(broadcasts: list[Broadcast]) -> dict[int, Counts]:
    """Those that were sent, of most broadcasts nearly all, are what the others leave of all."""
    others = Message.objects.filter(broadcast__in=broadcasts, state__in=OTHERS).order_by()
    found: dict[int, dict[State, int]] = {it.pk: {} for it in broadcasts}
    for pk, state, count in others.values_list("broadcast", "state").annotate(Count("id")):
        found[pk][state] = count
    for pk, total in _totals(broadcasts).items():
        found[pk][State.SENT] = total - sum(found[pk].values())
    return {
        pk: Counts(
            **{part.value: sum(by.get(one, 0) for one in states) for part, states in STATES.items()}
        )
        for pk, by in found.items()
    }


def _totals(broadcasts: list[Broadcast]) -> dict[int, int]:
    """How many recipients there are in all, which changes no more once an audience is built."""
    keys = {it.pk: f"broadcasts:total:{it.pk}:{it.building}" for it in broadcasts}
    known = cache.get_many([keys[it.pk] for it in broadcasts if it.built_at])
    missing = [it for it in broadcasts if keys[it.pk] not in known]
    rows = Message.objects.filter(broadcast__in=missing).order_by().values_list("broadcast")
    counted = dict(rows.annotate(Count("id"))) if missing else {}
    fresh = {keys[it.pk]: counted.get(it.pk, 0) for it in missing}
    cache.set_many({keys[it.pk]: fresh[keys[it.pk]] for it in missing if it.built_at}, TOTAL_KEPT)
    return {it.pk: (known | fresh)[keys[it.pk]] for it in broadcasts}


# --- Before it begins ---------------------------------------------------------------------------


def tests(broadcast: Broadcast) -> list[Message]:
    """Its last TESTS_SHOWN tests, the newest first."""
    return list(broadcast.tests.order_by("-id")[:TESTS_SHOWN])


@dataclass(frozen=True)
class Repeat:
    """Recipients who got the same template lately. people: at least so many where only a part of
    the recipients was looked for; last_at: when the last of them got it."""

    people: int
    last_at: datetime
    is_part: bool


def repeat(broadcast: Broadcast, *, recipients: int) -> Repeat | None:
    """Many of a draft's recipients whom another broadcast has sent its template lately.

    recipients: how many the draft has. Two queries, the second of bounded length and only where
    there is such a broadcast.
    """
    since = timezone.now() - LATELY
    others = Broadcast.objects.filter(template_id=broadcast.template_id, started_at__isnull=False)
    lately = others.filter(Q(finished_at=None) | Q(finished_at__gte=since))
    ids = list(lately.values_list("id", flat=True))
    if not ids:
        return None
    first = _recipients(broadcast).order_by("id").values("number")[:COMPARED]
    # Not in the WHERE clause, which shall lead to the index of numbers and not to all rows lately.
    got = Q(state__in=GOT, finished_at__gte=since)
    found = Message.objects.filter(broadcast__in=ids, number__in=first).aggregate(
        people=Count("number", distinct=True, filter=got), last_at=Max("finished_at", filter=got)
    )
    if found["people"] <= TOLD_SHARE * min(recipients, COMPARED):
        return None
    return Repeat(**found, is_part=recipients > COMPARED)


# --- While it runs ------------------------------------------------------------------------------


def progress(broadcast: Broadcast) -> Progress:
    """How far it is, counted once for all who look."""
    return shared(_key("progress", broadcast), lambda: _progress(broadcast))


def forget(broadcast: Broadcast) -> None:
    """Count anew: somebody has just changed what was counted."""
    cached.forget(_key(what, broadcast) for what in ("counts", "progress"))


def _progress(broadcast: Broadcast) -> Progress:
    now = timezone.now()
    counts = _count([broadcast])[broadcast.pk]
    if broadcast.state not in (BroadcastState.SENDING, BroadcastState.PAUSED):
        return Progress(counts)
    failures = _failures(broadcast, counts)
    if broadcast.state == BroadcastState.PAUSED:
        return Progress(counts, failures=failures)
    zones = _waiting_by_zone(broadcast) if counts.waiting else {}
    speed = _speed(broadcast, now)
    stall = _stall(broadcast, zones, now) if zones else None
    is_known = stall is None or stall.cause == StallCause.QUIET_HOURS
    ends_at = _ends_at(broadcast, zones, counts.left, speed, now) if is_known else None
    return Progress(counts, speed, ends_at, stall, failures)


def _waiting_by_zone(broadcast: Broadcast) -> dict[str, int]:
    rows = _recipients(broadcast).filter(WAITING).order_by()
    return dict(rows.values_list("time_zone").annotate(Count("id")))


def _speed(broadcast: Broadcast, now: datetime) -> float:
    since = max(now - SPEED_OVER, broadcast.running_since or now - SPEED_OVER)
    ended = Message.objects.filter(broadcast=broadcast, finished_at__gt=since, state__in=TRIED)
    # Not from its first moments: one message in a tenth of a second is not ten a second.
    return ended.count() / max((now - since).total_seconds(), 2.0)


def _ends_at(
    broadcast: Broadcast, zones: dict[str, int], left: int, speed: float, now: datetime
) -> datetime:
    """When it ends, as fast as it goes now; as fast as it may go, where that is not known yet."""
    rate = speed or min(broadcast.rate, settings.WAZIME_SEND_RATE)
    ends = end_of(zones, rate=rate, begin=now, quiet=broadcast.quiet_hours)
    return ends + timedelta(seconds=(left - sum(zones.values())) / rate)


def _stall(broadcast: Broadcast, zones: dict[str, int], now: datetime) -> Stall | None:
    """Why nothing goes out, at night at once and otherwise after a while; None while it does."""
    since = max(filter(None, (broadcast.running_since, _last_tried_at(broadcast))), default=now)
    ready = awake(zones, now) if broadcast.quiet_hours else list(zones)
    night = None if ready else Stall(StallCause.QUIET_HOURS, since, _awake_at(zones, now))
    if now - since < STILL:
        return night  # the only cause that is certain at once
    if gate.closed():
        return Stall(StallCause.GATE, since)
    if not cache.get(WORKING):
        return Stall(StallCause.NO_WORKER, since)
    if night:
        return night
    waiting = _recipients(broadcast).filter(WAITING, time_zone__in=ready)
    if not waiting.filter(Q(not_before=None) | Q(not_before__lte=now)).exists():
        first = waiting.aggregate(first=Min("not_before"))["first"]
        return Stall(StallCause.PUT_OFF, since, first)
    return Stall(StallCause.UNKNOWN, since) if now - since >= STALLED else None


def _last_tried_at(broadcast: Broadcast) -> datetime | None:
    last = (_last_ended(broadcast, state)[:1] for state in TRIED)
    moments = [message.finished_at for message in chain.from_iterable(last) if message.finished_at]
    return max(moments, default=None)


def _last_ended(broadcast: Broadcast, state: State) -> QuerySet[Message]:
    """The last ones first. Of one state, as an index has them in order."""
    ended = _recipients(broadcast).filter(state=state, finished_at__isnull=False)
    return ended.order_by("-finished_at").only("finished_at")


def _awake_at(zones: Iterable[str], now: datetime) -> datetime:
    """When the quiet hours end in the first of the zones."""
    step = timedelta(seconds=STEP)
    moment = now - timedelta(seconds=now.timestamp() % STEP) + step
    while not awake(zones, moment):
        moment += step
    return moment


def _failures(broadcast: Broadcast, counts: Counts) -> tuple[Attempt, ...]:
    """What went wrong last: what did not leave, what may have, and what was put off lately."""
    attempts = Attempt.objects.select_related("message").defer("raw")
    found: list[Attempt] = []
    if counts.rejected or counts.uncertain:
        failed = (_last_ended(broadcast, state)[:FAILURES_SHOWN] for state in UNDECIDED)
        last = [message.pk for message in chain.from_iterable(failed)]
        found += attempts.filter(message__in=last, number=F("message__attempt_number"))
    if broadcast.state == BroadcastState.SENDING:
        newest = Attempt.objects.aggregate(newest=Max("id"))["newest"] or 0
        put_off = attempts.filter(id__gt=newest - RECENT_ATTEMPTS, message__broadcast=broadcast)
        put_off = put_off.filter(outcome__in=(Outcome.NOT_NOW, Outcome.STOPPED))
        # Each once, and only while it still waits.
        waits = put_off.filter(number=F("message__attempt_number"), message__finished_at=None)
        found += waits.order_by("-id")[:FAILURES_SHOWN]
    newest_first = sorted(found, key=lambda it: it.ended_at or it.started_at, reverse=True)
    return tuple(newest_first[:FAILURES_SHOWN])


# --- After it -----------------------------------------------------------------------------------

# The chart's columns are as wide as one of these, in seconds, so that they are not too many.
WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
MOST_COLUMNS = 60
SHORTEST = 60  # seconds


@dataclass(frozen=True)
class Column:
    """A piece of the time in which it was sent. per_minute: messages."""

    begin: datetime
    count: int
    per_minute: float


def course(broadcast: Broadcast) -> list[Column]:
    """How fast it went, from the first message to the last; nothing before it has ended, nor of
    less than a minute: a few messages in a second were no hundreds a minute."""
    if broadcast.finished_at is None:
        return []
    key = f"broadcasts:course:{broadcast.pk}:{broadcast.finished_at.timestamp()}"
    return cache.get_or_set(key, lambda: _course(broadcast), 3600) or []


def _course(broadcast: Broadcast) -> list[Column]:
    # What was marked as sent later says nothing about how fast it went.
    sent = _recipients(broadcast, Part.SENT).filter(finished_at__lte=broadcast.finished_at)
    bounds = sent.aggregate(begin=Min("finished_at"), end=Max("finished_at"))
    if bounds["begin"] is None:
        return []
    begin, end = (moment.replace(microsecond=0) for moment in bounds.values())
    duration = (end - begin).total_seconds() + 1
    if duration < SHORTEST:
        return []
    fitting = (width for width in WIDTHS if duration <= width * MOST_COLUMNS)
    width = timedelta(seconds=next(fitting, int(duration / MOST_COLUMNS) + 1))
    moments = [begin + place * width for place in range(int((end - begin) / width) + 1)]
    # One by one: the database counts what lies between two entries of an index.
    counted = [
        sent.filter(finished_at__gte=it, finished_at__lt=it + width).count() for it in moments
    ]
    return [
        Column(moment, count, count * 60 / width.total_seconds())
        for moment, count in zip(moments, counted, strict=True)
    ]


# --- The recipients -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A page of the recipients. after: where the next one begins, None after the last; is_cut:
    looking took so long that it ended before the page was full."""

    messages: list[Message]
    after: int | None = None
    is_cut: bool = False


def recipients(
    broadcast: Broadcast, *, part: Part | None = None, search: str = "", after: int = 0
) -> Found:
    """RECIPIENTS_SHOWN of them in the audience's order.

    search: a number or a piece of one; after: from an earlier Found.
    """
    found = _recipients(broadcast).filter(id__gt=after)
    states = STATES[part] if part else ()
    if number := parse(search):
        found = found.filter(number=folded(number.mobile_code, number.mobile))
    elif search:
        ids, reached = _look_through(found, Q(number__contains=search_term(search)), states)
        if reached:
            return Found(_shown(ids), reached, is_cut=True)
        return _page(ids)
    return _page(_first(found, states, RECIPIENTS_SHOWN + 1))


def _first(found: QuerySet[Message], states: tuple[State, ...], most: int) -> list[int]:
    """The first ids. Each state by itself: of several at once no index knows the order."""
    each = [found.filter(state=state) for state in states] if states else [found]
    ids = (some.order_by("id").values_list("id", flat=True)[:most] for some in each)
    return sorted(chain.from_iterable(ids))[:most]


def _look_through(
    found: QuerySet[Message], matches: Q, states: tuple[State, ...]
) -> tuple[list[int], int | None]:
    """As the outbox looks for what no index finds, but from the first one on."""
    ids: list[int] = []
    deadline = time.monotonic() + LOOKED_FOR
    rest, size = found, PORTION
    while first := _first(rest, states, 1):
        reached = first[0] + size
        portion = rest.filter(matches, id__lte=reached)
        ids += _first(portion, states, RECIPIENTS_SHOWN + 1 - len(ids))
        if len(ids) > RECIPIENTS_SHOWN:
            break
        rest, size = found.filter(id__gt=reached), min(2 * size, LARGEST_PORTION)
        if time.monotonic() > deadline and _first(rest, states, 1):
            return ids, reached
    return ids, None


def _page(ids: list[int]) -> Found:
    shown = ids[:RECIPIENTS_SHOWN]
    return Found(_shown(shown), shown[-1] if len(ids) > len(shown) else None)


def _shown(ids: list[int]) -> list[Message]:
    return list(with_last_attempt(Message.objects.filter(pk__in=ids)).order_by("id"))


class Recipient(NamedTuple):
    """A row of the file: a message, and how its last attempt ended, where there was one."""

    mobile_code: str
    mobile: str
    name: str
    state: str
    cancel_reason: str
    attempt_number: int
    finished_at: datetime | None
    outcome: str | None
    cause: str | None
    said: str | None
    decision: str | None
    decided_by: int | None


def every_recipient(broadcast: Broadcast, *, at_once: int = 2000) -> Iterator[Recipient]:
    """All of them in the audience's order, few at a time in memory, in one query."""
    of_last = Q(attempts__number=F("attempt_number"))
    every = _recipients(broadcast).annotate(last=FilteredRelation("attempts", condition=of_last))
    of_attempt = Recipient._fields.index("outcome")
    columns = (
        *Recipient._fields[:of_attempt],
        *(f"last__{name}" for name in Recipient._fields[of_attempt:]),
    )
    rows = every.order_by("id").values_list(*columns)
    return map(Recipient._make, rows.iterator(chunk_size=at_once))


def with_last_attempt(messages: QuerySet[Message]) -> QuerySet[Message]:
    last = Attempt.objects.filter(number=F("message__attempt_number")).select_related("decided_by")
    return messages.prefetch_related(Prefetch("attempts", last.defer("raw")))


def _recipients(broadcast: Broadcast, part: Part | None = None) -> QuerySet[Message]:
    found = Message.objects.filter(broadcast=broadcast)
    return found.filter(state__in=STATES[part]) if part else found


def _key(what: str, *broadcasts: Broadcast) -> str:
    """Of another state other things are counted, and the last counts must not be those before."""
    return ":".join(["broadcasts", what, *(f"{it.pk}-{it.state}" for it in broadcasts)])
