"""Bars and charts as SVG's attributes: the CSP allows no inline style."""

import math
from dataclasses import dataclass

from django.utils.formats import number_format

from inbox.broadcasts.selectors import Column, Counts, Part

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
        shapes = (_percent(of) for of in (x, width, alone))
        found.append(Piece(part, count, _share(width), *shapes))
        x += width
    return found


def _share(percent: float) -> str:
    """Rounded, but never 100 % before it is all, nor 0 % when there is something."""
    if 0 < percent < 0.1:
        return f"< {number_format(0.1, 1)} %"
    rounded = min(round(percent, 1), 99.9) if percent < 100 else 100
    return f"{number_format(rounded, 0 if rounded in (0, 100) else 1)} %"


def _percent(value: float) -> str:
    return f"{value:.3f}%"


@dataclass(frozen=True)
class ChartColumn:
    column: Column
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Chart:
    """top, middle: messages per minute at the upper line and at the one below it."""

    columns: list[ChartColumn]
    top: int
    middle: float


def chart(columns: list[Column]) -> Chart | None:
    """Messages per minute over time; None when nothing was sent."""
    if not columns:
        return None
    top = _round_up(max(column.per_minute for column in columns))
    step = 100 / len(columns)
    gap = min(step * 0.15, 0.4)
    shown = []
    for place, column in enumerate(columns):
        height = 100 * column.per_minute / top
        shown.append(
            ChartColumn(
                column,
                _percent(place * step + gap / 2),
                _percent(100 - height),
                _percent(step - gap),
                _percent(height),
            )
        )
    return Chart(shown, top, top / 2)


def _round_up(value: float) -> int:
    """The next round number: 1, 2, 4, 6, 8, 10, 20, 40, …"""
    power: int = 10 ** max(math.floor(math.log10(max(value, 1))), 0)
    return next(factor * power for factor in (1, 2, 4, 6, 8, 10) if factor * power >= value)
