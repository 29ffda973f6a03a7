"""What the pages of broadcasts look at. Reads only; every number is counted from the ledger."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from django.db import models
from django.db.models import Count, F, Max, Min, Prefetch, Q, QuerySet
from django.db.models.functions import TruncSecond
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.numbers import search_term
from inbox import gate
from inbox.broadcasts.forecast import STEP, end_of
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.broadcasts.zones import awake
from inbox.models import Attempt, Message, Outcome, State

T = TypeVar("T")

# Everybody who looks within so many seconds gets the same numbers.
KEPT = 1
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
LOOKED_FOR = 5000
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
    """The counts of some broadcasts, by their ids: one query for those that nobody looked at."""
    keys = {_key("counts", broadcast): broadcast.pk for broadcast in shown}
    known: dict[str, Counts] = cache.get_many(keys)
    missing = {key: pk for key, pk in keys.items() if key not in known}
    if missing:
        counted = _count(list(missing.values()))
        fresh = {key: counted.get(pk, Counts()) for key, pk in missing.items()}
        cache.set_many(fresh, KEPT)
        known |= fresh
    return {pk: known[key] for key, pk in keys.items()}


def _count(ids: list[int]) -> dict[int, Counts]:
    rows = Message.objects.filter(broadcast__in=ids).order_by()
    found: dict[int, dict[State, int]] = {}
    for pk, state, count in rows.values_list("broadcast", "state").annotate(Count("id")):
        found.setdefault(pk, {})[state] = count
    return {
        pk: Counts(
            **{part.value: sum(by.get(one, 0) for one in states) for part, states in STATES.items()}
        )
        for pk, by in found.items()
    }


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
    first = _recipients(broadcast).order_by("id").values("number")[:LOOKED_FOR]
    # Not in the WHERE clause, which shall lead to the index of numbers and not to all rows lately.
    got = Q(state__in=GOT, finished_at__gte=since)
    found = Message.objects.filter(broadcast__in=ids, number__in=first).aggregate(
        people=Count("number", distinct=True, filter=got), last_at=Max("finished_at", filter=got)
    )
    if found["people"] <= TOLD_SHARE * min(recipients, LOOKED_FOR):
        return None
    return Repeat(**found, is_part=recipients > LOOKED_FOR)


# --- While it runs ------------------------------------------------------------------------------


def progress(broadcast: Broadcast) -> Progress:
    """How far it is, counted once a second for all who look."""
    return _once("progress", broadcast, lambda: _progress(broadcast))


def forget(broadcast: Broadcast) -> None:
    """Count anew: somebody has just changed what was counted."""
    cache.delete_many([_key(what, broadcast) for what in ("counts", "progress")])


def _progress(broadcast: Broadcast) -> Progress:
    now = timezone.now()
    counts = _count([broadcast.pk]).get(broadcast.pk, Counts())
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
    rows = _recipients(broadcast, Part.WAITING).order_by()
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
    waiting = _recipients(broadcast, Part.WAITING).filter(time_zone__in=ready)
    if not waiting.filter(Q(not_before=None) | Q(not_before__lte=now)).exists():
        first = waiting.aggregate(first=Min("not_before"))["first"]
        return Stall(StallCause.PUT_OFF, since, first)
    return Stall(StallCause.UNKNOWN, since) if now - since >= STALLED else None


def _last_tried_at(broadcast: Broadcast) -> datetime | None:
    ended = Message.objects.filter(broadcast=broadcast, finished_at__isnull=False)
    newest = ended.filter(state__in=TRIED).order_by("-finished_at")
    return newest.values_list("finished_at", flat=True).first()


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
        ended = Message.objects.filter(broadcast=broadcast, finished_at__isnull=False)
        failed = ended.filter(state__in=(State.REJECTED, State.UNCERTAIN)).order_by("-finished_at")
        ids = list(failed.values_list("id", flat=True)[:FAILURES_SHOWN])
        found += attempts.filter(message__in=ids, number=F("message__attempt_number"))
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


@dataclass(frozen=True)
class Column:
    """A piece of the time in which it was sent. per_minute: messages."""

    begin: datetime
    count: int
    per_minute: float


def course(broadcast: Broadcast) -> list[Column]:
    """How fast it went, from the first message to the last; nothing before it has ended."""
    if broadcast.finished_at is None:
        return []
    key = f"broadcasts:course:{broadcast.pk}:{broadcast.finished_at.timestamp()}"
    return cache.get_or_set(key, lambda: _course(broadcast), 3600) or []


def _course(broadcast: Broadcast) -> list[Column]:
    # What was marked as sent later says nothing about how fast it went.
    sent = _recipients(broadcast, Part.SENT).filter(finished_at__lte=broadcast.finished_at)
    seconds = sent.annotate(second=TruncSecond("finished_at")).order_by("second")
    counted = dict(seconds.values_list("second").annotate(Count("id")))
    if not counted:
        return []
    begin, end = min(counted), max(counted)
    duration = (end - begin).total_seconds() + 1
    fitting = (width for width in WIDTHS if duration <= width * MOST_COLUMNS)
    width = next(fitting, int(duration / MOST_COLUMNS) + 1)
    sums = [0] * (int((duration - 1) // width) + 1)
    for second, count in counted.items():
        sums[int((second - begin).total_seconds() // width)] += count
    return [
        Column(begin + timedelta(seconds=place * width), count, count * 60 / width)
        for place, count in enumerate(sums)
    ]


# --- The recipients -----------------------------------------------------------------------------


def recipients(
    broadcast: Broadcast, *, part: Part | None = None, search: str = "", after: int = 0
) -> list[Message]:
    """RECIPIENTS_SHOWN of them in the audience's order, and one more if there is one.

    search: a piece of a number; after: the id of the last one on the page before.
    """
    found = _recipients(broadcast, part).filter(id__gt=after)
    if search:
        found = found.filter(number__contains=search_term(search))
    return list(with_last_attempt(found).order_by("id")[: RECIPIENTS_SHOWN + 1])


def every_recipient(broadcast: Broadcast, *, at_once: int = 500) -> Iterable[Message]:
    """All of them in the audience's order, few at a time in memory."""
    every = with_last_attempt(_recipients(broadcast)).order_by("id")
    return every.iterator(chunk_size=at_once)


def with_last_attempt(messages: QuerySet[Message]) -> QuerySet[Message]:
    last = Attempt.objects.filter(number=F("message__attempt_number")).select_related("decided_by")
    return messages.prefetch_related(Prefetch("attempts", last.defer("raw")))


def _recipients(broadcast: Broadcast, part: Part | None = None) -> QuerySet[Message]:
    found = Message.objects.filter(broadcast=broadcast)
    return found.filter(state__in=STATES[part]) if part else found


# --- Once for all who look ----------------------------------------------------------------------


def _once(what: str, broadcast: Broadcast, count: Callable[[], T]) -> T:
    return cast(T, cache.get_or_set(_key(what, broadcast), count, KEPT))


def _key(what: str, broadcast: Broadcast) -> str:
    """Of another state other things are counted, and the last counts must not be those before."""
    return f"broadcasts:{what}:{broadcast.pk}:{broadcast.state}"
