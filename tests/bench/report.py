"""What a benchmark found: a table for people, JSON beside it for comparing runs."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.settings import ROOT

FOLDER = ROOT / "var" / "bench"


@dataclass(frozen=True)
class Line:
    """One figure. floor: the same thing measured in the same run with as little to do as there
    can be; limit: what value, or its ratio to the floor, must stay under; at_least: what its ratio
    must reach."""

    what: str
    value: float
    unit: str
    floor: float
    limit: float | None = None
    limits_ratio: bool = False
    at_least: float | None = None

    @property
    def ratio(self) -> float:
        return self.value / self.floor if self.floor else float("inf")

    @property
    def is_kept(self) -> bool:
        if self.at_least is not None:
            return self.ratio >= self.at_least
        measured = self.ratio if self.limits_ratio else self.value
        return self.limit is None or measured < self.limit


def report(name: str, lines: Iterable[Line]) -> bool:
    """Print the table and write `var/bench/<name>.json`; whether every limit was kept."""
    lines = list(lines)
    print(f"\n{name}")
    print(f"{'':<58}{'':>10}{'floor':>10}{'ratio':>8}   must stay under")
    for line in lines:
        shown = f"{line.what:<58}{line.value:>10.1f}{line.floor:>10.1f}{line.ratio:>8.2f}"
        print(f"{shown}   {_limit(line)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = [asdict(line) | {"ratio": line.ratio, "is_kept": line.is_kept} for line in lines]
    Path(FOLDER / f"{name}.json").write_text(json.dumps(found, indent=2))
    return all(line.is_kept for line in lines)


def _limit(line: Line) -> str:
    kept = "kept" if line.is_kept else "BROKEN"
    if line.at_least is not None:
        return f"(must be at least {line.at_least:g} times the rival: {kept})"
    if line.limit is None:
        return line.unit
    unit = "times the floor" if line.limits_ratio else line.unit
    return f"{line.limit:g} {unit}: {kept}"
