"""What the reports count. Reads only."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Func, IntegerField
from django.utils import timezone

from inbox import gate
from inbox.broadcasts import selectors as broadcasts
from inbox.broadcasts.models import Broadcast
from inbox.broadcasts.selectors import OTHERS, STATES, Counts
from inbox.models import NO_BROADCAST, Message
from inbox.reports.models import Sample
from inbox.reports.periods import DAYS, Period
from wazime_admin.cache import shared
from wazime_admin.team.models import User
from wazime_admin.wazime import reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.reading import Question
from wazime_admin.wazime.types import Status

# --- What people wrote --------------------------------------------------------------------------

# How many messages each author wrote of each kind in each quarter of an hour of a day in UTC, by
# the author's id, the kind and the quarter: the smallest piece that belongs to one hour of one day
# in every time zone.
Day = dict[int, dict[str, dict[int, int]]]
QUARTERS = 96
# A day changes no more so long after it: no message is deleted, and none is written so slowly.
SETTLING = timedelta(hours=1)
# How long it is kept then, in seconds: 35 days after somebody has last had it counted.
KEPT = 35 * 86_400
# So many broadcasts are told of, the newest.
BROADCASTS_SHOWN = 100


@dataclass(frozen=True)
class Written:
    """What was written here in a period, the recipients of broadcasts aside.

    at: when it was counted; by_person: by the author's id.
    """

    at: datetime
    by_day: dict[date, int]
    by_hour: list[int]
    by_kind: dict[str, int]
    by_person: dict[int, Counts]

    @property
    def most_used_kinds(self) -> list[tuple[str, int]]:
        return sorted(self.by_kind.items(), key=lambda it: -it[1])

    @property
    def outcomes(self) -> Counts:
        return _sum(self.by_person.values())

    @property
    def total(self) -> int:
        return sum(self.by_kind.values())


def written(period: Period, author: User | None = None) -> Written:
    """By everybody, or by one person; counted once for all who look.

    However large the ledger is, only what it does not know yet is counted: the days that have not
    settled, and the few messages that were not sent. All others were.
    """
    who = author.pk if author else None
    return shared(f"reports:written:{who}:{period.key}", lambda: _written(period, who))


def _written(period: Period, who: int | None) -> Written:
    now = timezone.now()
    others = _not_sent(period, who, now)
    by_day: Counter[date] = Counter(dict.fromkeys(period.days, 0))
    by_hour, by_kind, totals = Counter[int](), Counter[str](), Counter[int]()
    first, last = period.begin.astimezone(UTC).date(), min(period.end, now).astimezone(UTC).date()
    for day, authors in _days(first, last, now).items():
        clocks = _clocks(day, period)
        for author, kinds in authors.items():
            if who not in (None, author):
                continue
            for kind, quarters in kinds.items():
                for quarter, count in quarters.items():
                    if clock := clocks[quarter]:
                        by_day[clock.date()] += count
                        by_hour[clock.hour] += count
                        by_kind[kind] += count
                        totals[author] += count
    return Written(
        at=now,
        by_day=dict(by_day),
        by_hour=[by_hour[hour] for hour in range(24)],
        by_kind=dict(by_kind),
        by_person={pk: _outcomes(total, others.get(pk, {})) for pk, total in totals.items()},
    )


def _not_sent(period: Period, who: int | None, now: datetime) -> dict[int, dict[str, int]]:
    """How many are not sent (yet), by author and state."""
    found = Message.objects.filter(NO_BROADCAST, state__in=OTHERS).order_by()
    found = found.filter(created_at__gte=period.begin, created_at__lt=min(period.end, now))
    if who:
        found = found.filter(author=who)
    by_author: dict[int, dict[str, int]] = {}
    for author, state, count in found.values_list("author", "state").annotate(Count("id")):
        by_author.setdefault(author, {})[state] = count
    return by_author


def _outcomes(total: int, others: dict[str, int]) -> Counts:
    by_state = {**others, "sent": total - sum(others.values())}
    return Counts(
        **{
            part.value: sum(by_state.get(state, 0) for state in states)
            for part, states in STATES.items()
        }
    )


def _sum(counts: Iterable[Counts]) -> Counts:
    every = list(counts)
    return Counts(**{part.value: sum(getattr(it, part.value) for it in every) for part in STATES})


def _clocks(day: date, period: Period) -> list[datetime | None]:
    """What the reader's clock shows at each quarter of the day; None outside of the period."""
    midnight = datetime.combine(day, time.min, UTC)
    moments = [midnight + quarter * timedelta(minutes=15) for quarter in range(QUARTERS)]
    return [timezone.localtime(it) if period.begin <= it < period.end else None for it in moments]


def count_settled_days() -> None:
    """Have all days counted that pages ask for, before somebody waits for it."""
    now = timezone.now()
    today = now.date()
    _days(today - timedelta(days=max(DAYS.values())), today - timedelta(days=1), now)


def _days(first: date, last: date, now: datetime) -> dict[date, Day]:
    """Each day in UTC with what was written up to now: kept since it settled, or counted."""
    every = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    settled = (now - SETTLING).astimezone(UTC).date()
    epoch = gate.epoch()  # a restored ledger has other days
    keys = {day: f"reports:day:{epoch}:{day}" for day in every if day < settled}
    kept: dict[str, Day] = cache.get_many(keys.values())
    fresh = {day: _count(day, now) for day in every if keys.get(day) not in kept}
    cache.set_many({keys[day]: counted for day, counted in fresh.items() if day in keys}, KEPT)
    return {day: fresh[day] if day in fresh else kept[keys[day]] for day in every}


class _Quarter(Func):
    """Which quarter of an hour of its day in UTC. Not by Django's functions, which SQLite has to
    call in Python for each row."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        context["template"] = (
            "(substr(%(expressions)s, 12, 2) * 4 + substr(%(expressions)s, 15, 2) / 15)"
        )
        return self.as_sql(compiler, connection, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        hour, minute = (
            f"extract({part} from %(expressions)s at time zone 'UTC')::int"
            for part in ("hour", "minute")
        )
        context["template"] = f"({hour} * 4 + {minute} / 15)"
        return self.as_sql(compiler, connection, **context)


def _count(day: date, now: datetime) -> Day:
    begin = datetime.combine(day, time.min, UTC)
    until = min(begin + timedelta(days=1), now)
    found = Message.objects.filter(created_at__gte=begin, created_at__lt=until).order_by()
    rows = found.annotate(quarter=_Quarter("created_at")).values_list("author", "kind", "quarter")
    counted: Day = {}
    # Not in the WHERE clause, which shall lead to the index of days and not to all without one.
    for author, kind, quarter, count in rows.annotate(found=Count("id", filter=NO_BROADCAST)):
        if count:
            counted.setdefault(author, {}).setdefault(kind, {})[quarter] = count
    return counted


# --- Broadcasts ---------------------------------------------------------------------------------


def begun(period: Period) -> list[tuple[Broadcast, Counts]]:
    """The newest BROADCASTS_SHOWN that began in the period, each with what became of it."""
    found = broadcasts.broadcasts().filter(started_at__gte=period.begin, started_at__lt=period.end)
    shown = list(found.order_by("-started_at", "-id")[:BROADCASTS_SHOWN])
    counts = broadcasts.counts_of(shown) if shown else {}
    return [(it, counts[it.pk]) for it in shown]


# --- Conversations ------------------------------------------------------------------------------

SHOWN = (Status.UNREAD, Status.PENDING, Status.IMPORTANT, Status.DONE)
# How many hours a piece of the line stands for, in periods of so many days at most.
HOURS = ((8, 2), (35, 6))


@dataclass(frozen=True)
class Course:
    """How many conversations had which status: a row for each piece of the period, a day or the
    moment when some hours begin, with the last count in it for each of SHOWN, None where nobody
    could tell. last_at: of the last sample."""

    rows: list[tuple[date, tuple[int | None, ...]]]
    last_at: datetime | None


def course(period: Period) -> Course:
    return shared(f"reports:course:{period.key}", lambda: _course(period))


def _course(period: Period) -> Course:
    hours = next((hours for most, hours in HOURS if period.length <= most), 24)
    pieces: dict[tuple[date, int], dict[int, int]] = {
        (day, hour): {} for day in period.days for hour in range(0, 24, hours)
    }
    samples = Sample.objects.filter(at__gte=period.begin, at__lt=period.end).order_by("at")
    at = None
    for at, status, count in samples.values_list("at", "status", "count"):
        local = timezone.localtime(at)
        pieces[local.date(), local.hour // hours * hours][status] = count
    # Servers that cannot look for this status say that there are none.
    if not any(piece.get(Status.UNREAD) for piece in pieces.values()):
        for piece in pieces.values():
            piece.pop(Status.UNREAD, None)
    rows = [
        (_named(day, hour, hours), tuple(piece.get(status) for status in SHOWN))
        for (day, hour), piece in pieces.items()
    ]
    return Course(rows, at)


def _named(day: date, hour: int, hours: int) -> date:
    return day if hours == 24 else timezone.make_aware(datetime.combine(day, time(hour)))


# Who waits: these.
WAITING = (Status.UNREAD, Status.PENDING)
# So many rows are read at a time.
LOOKED_AT = 100


@dataclass(frozen=True)
class Waiting:
    """The conversations of a status. total: how many there are, None where WaziMe does not tell;
    looked_at: how many of them were read; median, oldest: when the last message was of the one in
    the middle, and of the one that has been still for longest, where that is known."""

    total: int | None = None
    looked_at: int = 0
    median: datetime | None = None
    oldest: datetime | None = None


def waiting() -> dict[Status, Waiting | None]:
    """How long what waits now has been still; None where WaziMe cannot be asked."""
    found = reading.read_all(*map(_waiting, WAITING))
    return {
        status: None if isinstance(answer, WaziMeError) or answer.trouble else answer.value
        for status, answer in zip(WAITING, found, strict=True)
    }


def _waiting(status: Status) -> Question[Waiting]:
    """The list has the newest first: the one in the middle is on the page in the middle, and the
    oldest on the last. No more than these are read, however many there are."""

    def call(wazime: WaziMeClient) -> Waiting:
        first = wazime.conversations(status=status, per_page=LOOKED_AT)
        if first.total is None or (status is Status.UNREAD and not first.total):
            return Waiting()  # as above
        middle = max(first.total - 1, 0) // 2
        pages = {1: first}
        for number in (middle // LOOKED_AT + 1, first.last):
            if number not in pages:
                pages[number] = wazime.conversations(status=status, page=number, per_page=LOOKED_AT)
        rows = pages[middle // LOOKED_AT + 1].rows
        place = middle % LOOKED_AT
        every = [row for page in pages.values() for row in page.rows]
        return Waiting(
            total=first.total,
            looked_at=len(every),
            median=rows[place].last_message_at if place < len(rows) else None,
            oldest=min((row.last_message_at for row in every if row.last_message_at), default=None),
        )

    return Question("conversations", "waiting", call, (status,))
