"""How fast broadcasts go out, from a CSV file to the customers, with one worker process.

Every answer of the sandbox takes 200 milliseconds. The pace allows WAZIME_SEND_RATE messages a
second: the floor of a message's time is what the pace leaves for it, and the rival is a loop that
posts one message after the other to the same sandbox.
"""

import json
import re
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.bench.admin import Admin
from tests.bench.memory import peak_over, reset_peak
from tests.bench.report import Line
from tests.sandbox_server import CLIENT_ID, CLIENT_SECRET
from tests.stack import Stack

ANSWER = 0.2  # seconds
SENDS = ["inbox/send-message", "inbox/send-template-message"]
SEQUENTIAL = 20  # messages of the rival
FEW, MANY = 1_000, 100_000  # recipients
REPLIES, RECIPIENTS = 40, 5_000
PATIENCE = 1800  # seconds


def run() -> list[Line]:
    lines: list[Line] = []
    for rate in (20, 80, 200):
        with installation(rate) as (stack, admin):
            lines += pace(stack, admin, rate)
    with installation(200) as (stack, admin):
        lines += replies(stack, admin)
    with installation(200) as (stack, admin):
        lines += size(stack, admin)
    return lines


@contextmanager
def installation(rate: int) -> Iterator[tuple[Stack, Admin]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "data", WAZIME_SEND_RATE=str(rate)) as stack,
    ):
        fault = {"fault": "latency", "seconds": ANSWER, "endpoints": SENDS}
        _ask(f"{stack.sandbox_url}/_sandbox/faults", fault)
        yield stack, Admin(stack.url)


def pace(stack: Stack, admin: Admin, rate: int) -> list[Line]:
    each = seconds_each(broadcast(stack, admin, rate * 15, rate))
    rival = sequential(stack.sandbox_url)
    at_most = 1 / 0.95
    return [
        Line(f"{rate} a second: time of a message", each * 1000, "ms", 1000 / rate, at_most, True),
        Line(
            f"{rate} a second: beside one after the other",
            each * 1000,
            "ms",
            rival * 1000,
            0.1 if rate >= 80 else None,
            True,
        ),
    ]


def replies(stack: Stack, admin: Admin) -> list[Line]:
    """Replies in the middle of a broadcast, and before it."""
    ids = sorted(set(map(int, re.findall(r'"/inbox/(\d+)/"', admin.get("/inbox/")))))
    open_ids = [i for i in ids if 'name="send_id"' in admin.get(f"/inbox/{i}/")]
    quiet = [reply(stack, admin, open_ids[n % len(open_ids)], f"calm {n}") for n in range(REPLIES)]
    sender = threading.Thread(target=broadcast, args=(stack, Admin(stack.url), RECIPIENTS, 200))
    sender.start()
    while not accepted(stack, 0, "template"):
        time.sleep(0.2)
    busy = [reply(stack, admin, open_ids[n % len(open_ids)], f"busy {n}") for n in range(REPLIES)]
    sender.join()
    return [
        Line("a reply beside a broadcast: p95", p95(busy), "s", p95(quiet), 2),
        Line(
            "a reply beside a broadcast: p50",
            statistics.median(busy),
            "s",
            statistics.median(quiet),
        ),
    ]


def size(stack: Stack, admin: Admin) -> list[Line]:
    worker = stack.pids("broadcaster")[0]
    resting = reset_peak(worker)
    few = seconds_each(broadcast(stack, admin, FEW, 200))
    few_rise = peak_over(worker, resting)
    many = seconds_each(broadcast(stack, admin, MANY, 200, first=FEW))
    return [
        Line(f"time of a message of {MANY:,}", many * 1000, "ms", few * 1000, 1.2, True),
        Line(f"worker's peak over rest, {MANY:,}", peak_over(worker, resting), "MB", few_rise, 60),
    ]


# --- How --------------------------------------------------------------------------------------


def broadcast(
    stack: Stack, admin: Admin, count: int, rate: int, first: int = 0
) -> list[dict[str, Any]]:
    """Send to `count` people from a file; what arrived."""
    numbers = [f"55119{91_234_567 + first + place}" for place in range(count)]
    before = last_sequence(stack)
    path = admin.prepare_broadcast(numbers, rate)
    admin.post(f"{path}start/", confirm=str(count))
    arrived: list[dict[str, Any]] = []
    deadline = time.monotonic() + PATIENCE
    while len(arrived) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(arrived)} of {count} arrived")
        time.sleep(1)
        since = arrived[-1]["sequence"] if arrived else before
        arrived += accepted(stack, since, "template")
    return arrived


def seconds_each(arrived: list[dict[str, Any]]) -> float:
    """The time of a message, without the first ones: some are let through at once."""
    begun = sorted(message["started"] for message in arrived)[len(arrived) // 5 :]
    return (begun[-1] - begun[0]) / (len(begun) - 1)


def sequential(sandbox_url: str) -> float:
    """Seconds that a message takes when one is posted after the other."""
    headers = {"client-id": CLIENT_ID, "client-secret": CLIENT_SECRET}
    begun = time.monotonic()
    for place in range(SEQUENTIAL):
        form = {"mobile_code": "55", "mobile": f"1197{1000000 + place}", "template_id": "1"}
        requests.post(
            f"{sandbox_url}/external-api/inbox/send-template-message",
            data=form,
            headers=headers,
            timeout=30,
        ).raise_for_status()
    return (time.monotonic() - begun) / SEQUENTIAL


def reply(stack: Stack, admin: Admin, conversation_id: int, text: str) -> float:
    """Seconds from writing a reply to its being accepted."""
    since, begun = last_sequence(stack), time.time()
    admin.reply(conversation_id, text)
    while True:
        for message in accepted(stack, since, "text"):
            if message["text"] == text:
                return float(message["finished"]) - begun
        time.sleep(0.05)


def accepted(stack: Stack, since: int, kind: str) -> list[dict[str, Any]]:
    found = _ask(f"{stack.sandbox_url}/_sandbox/accepted?since={since}")["accepted"]
    return [message for message in found if message["kind"] == kind]


def last_sequence(stack: Stack) -> int:
    found = _ask(f"{stack.sandbox_url}/_sandbox/accepted")["accepted"]
    return found[-1]["sequence"] if found else 0


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def _ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
