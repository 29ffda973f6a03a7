"""How much memory a document of 100 MB takes on its way from the browser to WaziMe.

A process's peak is reset before, so what is shown is its rise over its resting size. The floor is
the same with a document of a kilobyte.
"""

import json
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.bench.report import Line
from tests.bench.visitor import Visitor
from tests.stack import Stack

MB = 1024 * 1024
LIMIT = 16  # MB
PATIENCE = 120  # seconds
TIMES = 3


def run() -> list[Line]:
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "data") as stack:
        visitor = Visitor(stack.url)
        warm_up(stack, visitor)
        floor = rise(stack, visitor, 1024)
        rises = [rise(stack, visitor, 100 * MB) for _ in range(TIMES)]
        return [
            Line(
                f"{name}: peak over its resting size",
                max(found[name] for found in rises),
                "MB",
                floor[name],
                LIMIT,
            )
            for name in floor
        ]


def warm_up(stack: Stack, visitor: Visitor) -> None:
    """Everything that a process loads once is loaded: each web process answers some requests."""
    for _ in range(12):
        send(stack, visitor.another(), 1024)


def rise(stack: Stack, visitor: Visitor, size: int) -> dict[str, float]:
    """MB by the process's name, while a document of `size` bytes is uploaded and sent."""
    pids = {
        f"{program} {number}": pid
        for program in ("web", "worker")
        for number, pid in enumerate(stack.pids(program), 1)
    }
    resting = {name: reset_peak(pid) for name, pid in pids.items()}
    send(stack, visitor, size)
    return {name: peak_over(pid, resting[name]) for name, pid in pids.items()}


def send(stack: Stack, visitor: Visitor, size: int) -> None:
    before = len(accepted(stack))
    visitor.send_document(visitor.writable_conversation(), size)
    deadline = time.monotonic() + PATIENCE
    while len(accepted(stack)) == before:
        if time.monotonic() > deadline:
            raise TimeoutError("the document did not arrive")
        time.sleep(0.1)
    sent = accepted(stack)[-1]["file"]["size"]
    if sent != size:
        raise AssertionError(f"{sent} bytes arrived of {size}")


def accepted(stack: Stack) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{stack.sandbox_url}/_sandbox/accepted") as answer:
        accepted: list[dict[str, Any]] = json.load(answer)["accepted"]
        return accepted


def reset_peak(pid: int) -> float:
    """Begin to measure anew; the resting size in MB. See proc(5), clear_refs."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _memory(pid, "VmRSS")


def peak_over(pid: int, resting: float) -> float:
    """MB since the peak was reset."""
    return _memory(pid, "VmHWM") - resting


def _memory(pid: int, which: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, value = line.split(":", 1)
        if name == which:
            return int(value.split()[0]) / 1024
    raise LookupError(which)
