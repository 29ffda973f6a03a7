"""What many people who look at the inbox cost WaziMe, and what a WaziMe that is down costs them.

Agents: each has a conversation open and asks for what a browser polls every 5 seconds, the list and
the thread, with the versions that it has. Their conversations are the same five, however many they
are, and they share a login and a few connections: what counts is what reaches the sandbox.

Down: rounds in which WaziMe answers, hangs and refuses connections take turns, so that the
machine's moods meet all; each begins in the moment in which WaziMe goes down. The floor is the
same page while WaziMe answers.
"""

import heapq
import re
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.report import Line
from tests.bench.visitor import Visitor
from tests.sandbox_server import CLIENT_ID, CLIENT_SECRET, Sandbox
from tests.stack import Stack

ACCOUNT = ("first", "a-password-of-benchmarks")
POLL = 5.0  # seconds between two polls of a browser
# Agents, and seconds to watch them: one refresh more or less must not decide about the limit.
CROWDS = {1: 15.0, 5: 60.0, 50: 15.0, 500: 60.0}
OPENED = 5  # conversations
CONNECTIONS = 16  # of all agents
PEOPLE = 50  # connections that ask for pages as fast as they get them
ROUNDS, CALM, DOWN = 2, 5.0, 8.0  # seconds
PATIENCE = 60  # seconds


def run() -> list[Line]:
    with installation() as (sandbox, visitor):
        return crowds(sandbox, visitor) + outages(sandbox, visitor.another())


@contextmanager
def installation() -> Iterator[tuple[Sandbox, Visitor]]:
    """A live one, so that its WaziMe can be stopped."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        settings = {
            "WAZIME_BASE_URL": sandbox.base_url,
            "WAZIME_CLIENT_ID": CLIENT_ID,
            "WAZIME_CLIENT_SECRET": CLIENT_SECRET,
            "SECRET_KEY": "a-long-random-text-of-its-own-that-nobody-else-has-7f3a",
            "DJANGO_SUPERUSER_USERNAME": ACCOUNT[0],
            "DJANGO_SUPERUSER_PASSWORD": ACCOUNT[1],
        }
        with Stack(Path(folder) / "data", **settings) as stack:
            yield sandbox, Visitor(stack.url, account=ACCOUNT)


# --- Agents -----------------------------------------------------------------------------------


class Tab:
    """A browser's tab with the list and a conversation."""

    def __init__(self, path: str, page: str) -> None:
        self._path = path
        self._fragments = dict(
            re.findall(r'hx-get="([^"]+)"[^>]*?"X-Version": "([^"]+)"', page, re.DOTALL)
        )

    def poll(self, visitor: Visitor) -> None:
        for path, version in self._fragments.items():
            headers = {"X-Version": version, "HX-Current-URL": self._path}
            if changed := re.search(r'"X-Version": "([^"]+)"', visitor.poll(path, headers)):
                self._fragments[path] = changed[1]


def crowds(sandbox: Sandbox, visitor: Visitor) -> list[Line]:
    pages = {path: visitor.get(path) for path in conversations(visitor)[:OPENED]}
    calls, polls = {}, {}
    for agents, seconds in CROWDS.items():
        calls[agents], polls[agents] = watched(sandbox, visitor, pages, agents, seconds)
    lines = [
        Line(
            f"calls to WaziMe: {many} agents beside {few}",
            calls[many],
            "a minute",
            calls[few],
            1.1 if few == OPENED else None,
            limits_ratio=True,
        )
        for few, many in ((1, 5), (5, 50), (5, 500))
    ]
    most = max(CROWDS)
    return [*lines, Line(f"polls of {most} agents", polls[most], "a minute", 2 * most * 60 / POLL)]


def conversations(visitor: Visitor) -> list[str]:
    """Their paths."""
    return sorted(set(re.findall(r'"(/inbox/\d+/)[?"]', visitor.get("/inbox/"))))


def watched(
    sandbox: Sandbox, visitor: Visitor, pages: dict[str, str], agents: int, seconds: float
) -> tuple[float, float]:
    """How many calls a minute reach WaziMe while so many agents poll, and how many polls are
    answered."""
    tabs = [Tab(*page) for _, page in zip(range(agents), cycle(pages.items()), strict=False)]
    begun = time.monotonic()
    due = [(begun + POLL * place / agents, place) for place in range(agents)]
    end = begun + POLL + seconds
    turn, polls = threading.Lock(), Counter[bool]()

    def browse(connection: Visitor) -> None:
        while True:
            with turn:
                if not due or due[0][0] > end:
                    return
                moment, place = heapq.heappop(due)
            time.sleep(max(0.0, moment - time.monotonic()))
            tabs[place].poll(connection)
            now = time.monotonic()
            with turn:
                polls[begun + POLL < now < end] += 2
                heapq.heappush(due, (max(moment + POLL, now), place))

    threads = [
        threading.Thread(target=browse, args=(visitor.another(),)) for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(POLL)
    before = sandbox.calls()
    time.sleep(seconds)
    calls = Counter(sandbox.calls()) - Counter(before)
    for thread in threads:
        thread.join()
    return calls.total() * 60 / seconds, polls[True] * 60 / seconds


# --- Down -------------------------------------------------------------------------------------


@contextmanager
def hanging(sandbox: Sandbox) -> Iterator[None]:
    sandbox.add_fault("latency", seconds=10)
    yield
    sandbox.clear_faults()


@contextmanager
def refusing(sandbox: Sandbox) -> Iterator[None]:
    port = urlsplit(sandbox.url).port
    sandbox.stop()
    yield
    sandbox.start(port=port)


def outages(sandbox: Sandbox, visitor: Visitor) -> list[Line]:
    calm, failed = list[float](), 0
    down: dict[str, list[float]] = {"hangs": [], "refuses": []}
    path = conversations(visitor)[0]
    for _ in range(ROUNDS):
        for how, outage in (("hangs", hanging), ("refuses", refusing)):
            wait_until_fresh(visitor, path)
            times, failures = ask(visitor, path, CALM)
            calm += times
            failed += failures
            with outage(sandbox):
                times, failures = ask(visitor, path, DOWN)
            down[how] += times
            failed += failures
    lines = [
        Line(
            f"a page seen before while WaziMe {how}: p{percent}",
            at(times, percent),
            "ms",
            at(calm, percent),
            3 if percent == 99 else None,
            limits_ratio=True,
        )
        for how, times in down.items()
        for percent in (50, 99)
    ]
    asked = len(calm) + sum(map(len, down.values()))
    return [*lines, Line("requests that failed", failed, "", asked, 1)]


def ask(visitor: Visitor, path: str, seconds: float) -> tuple[list[float], int]:
    """Milliseconds of each request while PEOPLE ask for two pages, and how many failed."""
    taken: list[float] = []
    failed: list[str] = []
    end = time.monotonic() + seconds

    def look(person: Visitor) -> None:
        for page in cycle(["/inbox/", path]):
            if (begun := time.monotonic()) > end:
                return
            try:
                content = person.get(page)
            except (RuntimeError, OSError) as error:
                content = str(error)
            taken.append(1000 * (time.monotonic() - begun))
            if f'"{path}' not in content:
                failed.append(page)

    threads = [threading.Thread(target=look, args=(visitor.another(),)) for _ in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, len(failed)


def wait_until_fresh(visitor: Visitor, path: str) -> None:
    visitor, deadline = visitor.another(), time.monotonic() + PATIENCE
    while "banner--warn" in (page := visitor.get(path)) or "send_id" not in page:
        if time.monotonic() > deadline:
            raise TimeoutError("WaziMe is back, but the page does not say so")
        time.sleep(0.2)


def at(times: list[float], percent: int) -> float:
    return sorted(times)[len(times) * percent // 100]
