"""How long pages take while uploads stand still half-way.

Rounds with and without them take turns, so that the machine's moods meet both. The floor is the
same page without them; the limit is on the ratio.
"""

import tempfile
import threading
import time
from pathlib import Path

from tests.bench.report import Line
from tests.bench.visitor import Visitor
from tests.stack import Stack

UPLOADS = 12
SIZE = 20 * 1024 * 1024  # bytes, of which half arrive
PEOPLE = 4
ROUNDS, SECONDS = 6, 5.0


def run() -> list[Line]:
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "data") as stack:
        visitor = Visitor(stack.url)
        conversation_id = visitor.writable_conversation()
        pages = ("/inbox/", f"/inbox/{conversation_id}/")
        lines = []
        for page in pages:
            _times(visitor, page)
            calm: list[float] = []
            stalled: list[float] = []
            for _ in range(ROUNDS):
                calm += _times(visitor, page)
                uploads = [visitor.stall(conversation_id, SIZE) for _ in range(UPLOADS)]
                time.sleep(0.5)
                stalled += _times(visitor, page)
                for upload in uploads:
                    upload.close()
            what = "the list" if page == "/inbox/" else "a conversation"
            lines += [
                Line(
                    f"{what}: p50 beside {UPLOADS} uploads", _at(stalled, 50), "ms", _at(calm, 50)
                ),
                Line(
                    f"{what}: p99 beside {UPLOADS} uploads",
                    _at(stalled, 99),
                    "ms",
                    _at(calm, 99),
                    limit=2,
                    limits_ratio=True,
                ),
            ]
        return lines


def _times(visitor: Visitor, page: str) -> list[float]:
    """How long each request took, in milliseconds, while PEOPLE ask for a page at once."""
    taken: list[float] = []
    end = time.monotonic() + SECONDS

    def ask(person: Visitor) -> None:
        while (begun := time.monotonic()) < end:
            person.get(page)
            taken.append(1000 * (time.monotonic() - begun))

    threads = [threading.Thread(target=ask, args=(visitor.another(),)) for _ in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def _at(times: list[float], percent: int) -> float:
    return sorted(times)[len(times) * percent // 100]
