"""Bars and charts as SVG's attributes: the CSP allows no inline style."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from babel.numbers import format_percent
from django.utils import timezone

from inbox.broadcasts.models import Broadcast
from inbox.broadcasts.selectors import Column, Counts, Part
from wazime_admin.charts import Columns, columns, percent
from wazime_admin.templatetags.ui import clock, locale

LEAST_SEEN = 1.5  # percent


@dataclass(frozen=True)
class Piece:
    """One part of a bar. share: for people; x, width: of the whole bar, for SVG; alone: its width
    in a bar of its own, where a few among thousands can still be seen."""

    part: Part
    count: int
    share: str
    x: str
    width: str
    alone: str


def pieces(counts: Counts) -> list[Piece]:
    """Each part of a broadcast, side by side in one bar."""
    found, x = [], 0.0
    for part in Part:
        count = getattr(counts, part.value)
        width = 100 * count / counts.total if counts.total else 0.0
        alone = max(width, LEAST_SEEN) if count else 0.0
        shapes = map(percent, (x, width, alone))
        found.append(Piece(part, count, share_of(width), *shapes))
        x += width
    return found


def share_of(percent: float) -> str:
    """Rounded, but never 100 % before it is all, nor 0 % when there is something."""
    if 0 < percent < 0.1:
        return f"< {_written(0.1)}"
    return _written(min(round(percent, 1), 99.9) if percent < 100 else 100)


def _written(percent: float) -> str:
    part = Decimal(str(percent)) / 100
    return format_percent(part, decimal_quantization=False, locale=locale())


def chart(broadcast: Broadcast, course: list[Column]) -> Columns | None:
    """Messages per minute over time; None when nothing was sent."""
    if not course:
        return None
    ends = filter(None, (broadcast.started_at, broadcast.finished_at))
    speeds = [(_clock(it.begin), it.per_minute) for it in course]
    return columns(speeds, ticks=list(map(_clock, ends)))


def _clock(moment: datetime) -> str:
    return clock(timezone.localtime(moment))
