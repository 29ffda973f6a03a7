"""How long the server takes for a page among a million rows, beside the same among a thousand.

In this process, with real databases (SQLite, and PostgreSQL in a process of its own) and a real
Redis. Half of the rows were written by people, the other half are the recipients of one broadcast.
Visits to the small and the large ledger take turns. "Cold": nobody has looked before, so that what
is counted once for all who look is counted now.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.report import Line
from tests.settings import ROOT

FEW, MANY = 1_000, 1_000_000
# Of so many messages one is uncertain: as many are shown of the few as of the many.
ONE_IN = {FEW: 8, MANY: 1000}
ROUNDS, COLD_ROUNDS = 9, 3
LIMIT = 2.0  # times the floor


def run() -> list[Line]:
    return [line for name in ("sqlite", "postgres") for line in measured_on(name)]


def measured_on(database: str) -> list[Line]:
    """In a process of its own: which database Django uses is settled once."""
    environment = {**os.environ, "TEST_DATABASE": database}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scale"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return [
        Line(f"{database}: {what}", many, "ms", few, LIMIT if is_limited else None, True)
        for what, many, few, is_limited in json.loads(done.stdout.splitlines()[-1])
    ]


@dataclass(frozen=True)
class Ledger:
    """A database and what somebody looks at in it. older: the id that an older page begins at."""

    name: str
    broadcast_id: int
    older: int
    agent: Any
    admin: Any


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import override_settings

    from tests.redis_server import RedisServer

    connection.creation.create_test_db(verbosity=0)
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            redis = stack.enter_context(RedisServer(Path(folder)))
            caches = {"default": {**settings.CACHES["default"], "LOCATION": redis.url}}
            stack.enter_context(override_settings(CACHES=caches, REDIS_URL=redis.url))
            few = stack.enter_context(ledger("few", FEW))
            many = stack.enter_context(ledger("many", MANY))
            print(json.dumps(list(compare(few, many))))
    finally:
        connection.creation.destroy_test_db("", verbosity=0)


@contextmanager
def ledger(name: str, count: int) -> Iterator[Ledger]:
    from django.db.models import Max
    from django.test import Client

    from inbox.models import Message
    from tests.large import database, fill, using
    from wazime_admin.team.models import User

    with database(name) as named:
        with using(named):
            people = {
                role: User.objects.create_user(role, f"{role}@example.com", role=role)
                for role in ("agent", "admin")
            }
            author, admin = people["agent"], people["admin"]
            broadcast = fill(count, author=author, admin=admin, one_in=ONE_IN[count])
            newest = Message.objects.filter(broadcast=None).aggregate(newest=Max("id"))["newest"]
            clients = {role: Client(HTTP_HOST="localhost") for role in people}
            for role, client in clients.items():
                client.force_login(people[role])
        yield Ledger(named, broadcast.pk, newest - count // 4, **clients)


# Its page asks WaziMe for the rest, which has nothing to do with the ledger.
THREAD = "what was written in a conversation"
PAGES = {
    THREAD: ("agent", THREAD),
    "the outbox": ("agent", "/inbox/outbox/"),
    "the outbox, everybody's": ("admin", "/inbox/outbox/"),
    "all": ("admin", "/inbox/outbox/?state=all"),
    "one state": ("admin", "/inbox/outbox/?state=uncertain"),
    "of a person": ("admin", "/inbox/outbox/?state=sent&person=1"),
    "with all broadcasts": ("admin", "/inbox/outbox/?state=all&broadcast=all"),
    "the last days": ("admin", "/inbox/outbox/?state=all&period=7"),
    "a number": ("admin", "/inbox/outbox/?state=all&search=%2B5511980000007"),
    "an older page": ("admin", "/inbox/outbox/?state=all&before={older}"),
    "the broadcasts": ("admin", "/broadcasts/"),
    "a broadcast": ("admin", "/broadcasts/{broadcast}/"),
    "its results": ("admin", "/broadcasts/{broadcast}/results/"),
    "its results, not sent": ("admin", "/broadcasts/{broadcast}/results/?state=rejected"),
}


def compare(few: Ledger, many: Ledger) -> Iterator[tuple[str, float, float, bool]]:
    """What, the milliseconds that it took among many and among few, whether that is limited."""
    for what, (role, address) in PAGES.items():
        for is_cold in (False, True) if "broadcast" in address else (False,):
            taken: dict[Ledger, list[float]] = {few: [], many: []}
            for _ in range(COLD_ROUNDS if is_cold else ROUNDS):
                for one, times in taken.items():
                    times.append(visit(one, role, address, is_cold=is_cold))
            shown = f"{what}, cold" if is_cold else what
            p50 = {one: statistics.median(times) for one, times in taken.items()}
            yield shown, p50[many], p50[few], not is_cold


def visit(one: Ledger, role: str, address: str, *, is_cold: bool) -> float:
    """Milliseconds."""
    from django.core.cache import cache

    from tests.large import using

    path = address.format(older=one.older, broadcast=one.broadcast_id)
    with using(one.name):
        look(one, role, path)  # connects
        if is_cold:
            cache.clear()
        begun = time.perf_counter()
        look(one, role, path)
        return (time.perf_counter() - begun) * 1000


def look(one: Ledger, role: str, path: str) -> None:
    from inbox import selectors
    from wazime_admin.wazime.types import Contact

    if path == THREAD:
        selectors.thread(7, Contact(id=7, mobile_code="55", mobile="11980000007"))
        return
    response = getattr(one, role).get(path)
    if response.status_code != 200:
        raise RuntimeError(f"{path}: {response.status_code}")


if __name__ == "__main__":
    main()
