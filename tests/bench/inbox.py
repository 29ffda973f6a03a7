"""How long the inbox's list takes when what it shows is known, and how many are served a second.

The floor is a bare view that renders the same 20 rows from memory, behind the same login and
middleware; beside it stands one that writes a plain line for each. The rival is Django's own admin
with 20 of 10,000 rows. They take turns, on one server, so that the machine's moods meet all of
them. All are asked for without compression.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.report import Line
from tests.bench.visitor import Visitor
from tests.settings import ROOT
from tests.stack import Stack, environment

OURS, ROWS, LINES, CHANGELIST = PAGES = ("/inbox/", "/rows/", "/lines/", "/admin/inbox/message/")
FILLED = 10_000  # rows that the admin shows 20 of
ROUNDS = 5
ASKED = 100  # times in a round, one after the other
CONNECTIONS, SECONDS = 50, 5.0
ADMIN = ("admin", "wazime-demo")
SETTINGS = "tests.bench.rivals.settings"


def run() -> list[Line]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "data", DJANGO_SETTINGS_MODULE=SETTINGS) as stack,
    ):
        fill = [sys.executable, "-m", "tests.bench.rivals.fill", str(FILLED)]
        subprocess.run(fill, cwd=ROOT, env=environment(**stack.settings), check=True)
        visitor = Visitor(stack.url, account=ADMIN)
        took: dict[str, list[float]] = {page: [] for page in PAGES}
        rates: dict[str, list[float]] = {page: [] for page in PAGES}
        for _ in range(ROUNDS):
            for page in PAGES:
                _server_times(visitor, page)  # whoever comes first finds it cold
                took[page] += _server_times(visitor, page)
                rates[page].append(_rate(visitor, page))
    rate = {page: statistics.median(found) for page, found in rates.items()}
    return [
        Line("p50 beside the same rows", *_both(took, 50, ROWS), limit=1.5, limits_ratio=True),
        Line("p99 beside the same rows", *_both(took, 99, ROWS)),
        Line("p50 beside plain lines", *_both(took, 50, LINES)),
        Line("a second at 50 connections, beside the same rows", rate[OURS], "", rate[ROWS]),
        Line(
            "a second at 50 connections, beside Django's admin",
            rate[OURS],
            "times",
            rate[CHANGELIST],
            at_least=3,
        ),
    ]


def _both(took: dict[str, list[float]], percent: int, floor: str) -> tuple[float, str, float]:
    """Ours, the unit, and the floor's."""
    ours, theirs = (sorted(took[page])[len(took[page]) * percent // 100] for page in (OURS, floor))
    return ours, "ms", theirs


def _server_times(visitor: Visitor, page: str) -> list[float]:
    """What the server says that it worked, in milliseconds."""
    return [_duration(visitor.headers(page)["Server-Timing"]) for _ in range(ASKED)]


def _duration(timing: str) -> float:
    found = re.fullmatch(r"app;dur=([\d.]+)", timing)
    assert found
    return float(found[1])


def _rate(visitor: Visitor, page: str) -> float:
    """Answers a second while CONNECTIONS ask at once."""
    answered = 0
    lock = threading.Lock()
    end = time.monotonic() + SECONDS

    def ask() -> None:
        nonlocal answered
        with visitor.asker(page) as ask_once:
            while time.monotonic() < end:
                ask_once()
                with lock:
                    answered += 1

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered / SECONDS
