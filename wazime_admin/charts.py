"""Charts as SVG's attributes: the CSP allows no inline style."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    label: str
    value: float
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Columns:
    """top, middle: what the upper line stands for, and the one below it; ticks: words below the
    columns, from the first to the last."""

    columns: list[Column]
    top: int
    middle: float
    ticks: Sequence[str]


def columns(values: Sequence[tuple[str, float]], ticks: Sequence[str]) -> Columns:
    """A column for each label and its value."""
    top = round_up(max(value for _, value in values))
    step = 100 / len(values)
    gap = min(step * 0.15, 0.4)
    shown = []
    for place, (label, value) in enumerate(values):
        height = 100 * value / top
        shapes = (place * step + gap / 2, 100 - height, step - gap, height)
        shown.append(Column(label, value, *map(percent, shapes)))
    return Columns(shown, top, top / 2, ticks)


@dataclass(frozen=True)
class Point:
    """What is told where the mouse is: the strip of the chart that belongs to a value."""

    label: str
    value: float
    x: str
    width: str


@dataclass(frozen=True)
class Line:
    """path: in a square of 100 by 100, broken where nothing is known; the others as of Columns."""

    path: str
    points: list[Point]
    top: int
    middle: float
    ticks: Sequence[str]


def line(values: Sequence[tuple[str, float | None]], ticks: Sequence[str]) -> Line | None:
    """A line through the values, None being a gap; None where there is nothing but gaps."""
    known = [value for _, value in values if value is not None]
    if not known:
        return None
    top, step = round_up(max(known)), 100 / len(values)
    path, points, is_drawing = [], [], False
    for place, (label, value) in enumerate(values):
        if value is not None:
            x, y = place * step + step / 2, 100 - 100 * value / top
            # Of no length, so that a value between two gaps is a dot.
            path.append(f"{'L' if is_drawing else 'M'}{x:.2f} {y:.2f}h0")
            points.append(Point(label, value, percent(place * step), percent(step)))
        is_drawing = value is not None
    return Line("".join(path), points, top, top / 2, ticks)


def percent(value: float) -> str:
    return f"{value:.3f}%"


def round_up(value: float) -> int:
    """The next round number: 1, 2, 4, 6, 8, 10, 20, 40, …"""
    power: int = 10 ** max(math.floor(math.log10(max(value, 1))), 0)
    return next(factor * power for factor in (1, 2, 4, 6, 8, 10) if factor * power >= value)
