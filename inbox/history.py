"""WaziMe's history and this dashboard's ledger as one thread, without showing a message twice.

The ledger stays right about what this dashboard did; the history adds what the customer wrote, what
was sent from elsewhere, and whether a message was delivered. Pure functions: nothing is asked here.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from inbox.models import Attempt, Kind, Message, Outcome
from wazime_admin.wazime.types import HistoryMessage, MessageKind, Place, Sender, identifier

# Where clocks differ by more, a message is known by the id that WaziMe gave it when it was sent.
EARLIEST = timedelta(seconds=-2)
LATEST = timedelta(minutes=10)

KINDS: Mapping[str, tuple[MessageKind, ...]] = {
    Kind.TEXT: (MessageKind.TEXT,),
    Kind.IMAGE: (MessageKind.IMAGE,),
    Kind.DOCUMENT: (MessageKind.DOCUMENT,),
    Kind.VIDEO: (MessageKind.VIDEO,),
    Kind.AUDIO: (MessageKind.AUDIO,),
    Kind.LOCATION: (MessageKind.LOCATION,),
    Kind.CTA_URL: (MessageKind.URL, MessageKind.BUTTON),
    Kind.INTERACTIVE_LIST: (MessageKind.LIST,),
    Kind.TEMPLATE: tuple(MessageKind),
}

Mark = tuple[datetime, int]  # a place in a thread: when, and the row's id


@dataclass(frozen=True)
class Line:
    """One message of a thread: of the ledger, of the history, or of both."""

    at: datetime
    message: Message | None = None
    row: HistoryMessage | None = None

    @property
    def mark(self) -> Mark:
        return self.at, self.row.id if self.row else 0


def merge(ledger: Sequence[Message], rows: Iterable[HistoryMessage]) -> list[Line]:
    """Everything once, oldest first. ledger: oldest first, with the attempts of each message.

    What is in both stands where WaziMe has it. Of whom nobody knows the sender is left out.
    """
    known = dated(rows)
    found = _same(ledger, [row for row in known if row.sender is Sender.US])
    ours = {row.id for several in found.values() for row in several}
    lines = [_line(message, found.get(message.pk, [])) for message in ledger]
    lines += [
        Line(row.created_at, row=row)
        for row in known
        if row.id not in ours and row.sender and row.created_at
    ]
    return sorted(lines, key=lambda line: line.mark)


def dated(rows: Iterable[HistoryMessage]) -> list[HistoryMessage]:
    """Each once, oldest first. One without a time has that of the one before it in WaziMe's list,
    which is newest first, or of the next that has one."""
    given = list({row.id: row for row in rows}.values())
    times = [row.created_at for row in given]
    for order in (range(len(times)), range(len(times) - 1, -1, -1)):
        for before, here in pairwise(order):
            times[here] = times[here] or times[before]
    timed = [replace(row, created_at=at) for row, at in zip(given, times, strict=True) if at]
    return sorted(timed, key=_mark)


def edge(rows: Iterable[HistoryMessage], count: int) -> Mark | None:
    """Where the newest `count` of these begin; None where there are none."""
    newest = dated(rows)[-count:]
    return _mark(newest[0]) if newest else None


def _mark(row: HistoryMessage) -> Mark:
    assert row.created_at  # noqa: S101 - dated() has seen to it
    return row.created_at, row.id


def _line(message: Message, rows: list[HistoryMessage]) -> Line:
    """rows: what each of its attempts became; the last one tells how far it got."""
    if rows:
        return Line(_mark(rows[-1])[0], message, rows[-1])
    attempts = list(message.attempts.all())
    return Line(attempts[-1].started_at if attempts else message.created_at, message)


# --- What is the same -------------------------------------------------------------------------

Rows = dict[int, HistoryMessage]  # by their ids, the oldest first
Find = Callable[[Message, Attempt, Rows], HistoryMessage | None]


def _same(ledger: Sequence[Message], rows: list[HistoryMessage]) -> dict[int, list[HistoryMessage]]:
    """What became of each message. A row is of one attempt only, and the surest comes first: what
    WaziMe took for certain must not be found for an attempt of which nobody knows."""
    left = {row.id: row for row in rows}
    tries = [(message, attempt) for message in ledger for attempt in message.attempts.all()]
    found: dict[int, Rows] = {message.pk: {} for message in ledger}
    for outcomes, find in _PASSES:
        for message, attempt in tries:
            became = found[message.pk]
            if attempt.outcome not in outcomes or attempt.number in became:
                continue
            if row := find(message, attempt, left):
                became[attempt.number] = left.pop(row.id)
    return {pk: [became[number] for number in sorted(became)] for pk, became in found.items()}


def _with_its_id(message: Message, attempt: Attempt, left: Rows) -> HistoryMessage | None:
    row = left.get(_sent_id(attempt) or 0)
    return row if row and _is_of_kind(message, row) and _says(message, row) else None


def _with_its_words(message: Message, attempt: Attempt, left: Rows) -> HistoryMessage | None:
    """A row without a name may be a file that certainly arrived, never one of which nobody knows:
    other files look the same."""
    if message.kind == Kind.TEMPLATE:
        return None
    names = {message.media.name if message.media else ""}
    if attempt.outcome == Outcome.SENT:
        names.add("")
    for row in left.values():
        is_it = _is_then(attempt, row) and _is_of_kind(message, row) and row.filename in names
        if is_it and _says(message, row):
            return row
    return None


def _at_its_time(message: Message, attempt: Attempt, left: Rows) -> HistoryMessage | None:
    """What a template became by its variables is not in the ledger: only the time tells."""
    if message.kind != Kind.TEMPLATE:
        return None
    return next((row for row in left.values() if _is_then(attempt, row)), None)


_PASSES: tuple[tuple[tuple[str, ...], Find], ...] = (
    ((Outcome.SENT,), _with_its_id),
    ((Outcome.SENT,), _with_its_words),
    (("", Outcome.UNCERTAIN), _with_its_words),
    ((Outcome.SENT,), _at_its_time),
)


def _is_then(attempt: Attempt, row: HistoryMessage) -> bool:
    begin, end = attempt.started_at + EARLIEST, (attempt.ended_at or attempt.started_at) + LATEST
    return bool(row.created_at and begin <= row.created_at <= end)


def _is_of_kind(message: Message, row: HistoryMessage) -> bool:
    return row.kind is None or row.kind in KINDS[message.kind]


def _says(message: Message, row: HistoryMessage) -> bool:
    """Whether the words are the same, or what stands in their place. Spaces may have been cut."""
    if message.kind == Kind.TEMPLATE:
        return True
    if message.kind == Kind.LOCATION:
        return _point(message.fields) == _point(vars(row.place or Place()))
    wanted = "" if message.kind == Kind.AUDIO else message.text
    return wanted.split() == row.text.split()


def _point(place: Mapping[str, str]) -> tuple[float, ...]:
    try:
        return tuple(round(float(place[name]), 4) for name in ("latitude", "longitude"))
    except (KeyError, ValueError):
        return ()


def _sent_id(attempt: Attempt) -> int | None:
    """The id that WaziMe gave the message when it took it, from the answer that was kept."""
    try:
        return identifier(json.loads(attempt.raw)["data"]["message"]["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
