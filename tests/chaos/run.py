"""Send messages while everything around them dies, and compare what customers got with the ledger.

`python -m tests.chaos.run --messages 500 --kills 20 --seed 7`, with the environment of an
installation (see `test_chaos.py`). Workers are processes, killed with SIGKILL; Redis is killed and
comes back empty; the database is locked for a while; the sandbox plays every fault that it knows.
Prints the seed first and a summary last; exits with 1 when a promise was broken.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db.models import Count, Q  # noqa: E402

from inbox import services  # noqa: E402
from inbox.content import Content  # noqa: E402
from inbox.models import UNFINISHED, Message, State  # noqa: E402
from tests.chaos import THREADS, WORKERS  # noqa: E402
from tests.chaos.parts import Workers, contacts, expire  # noqa: E402
from tests.locks import held_ledger  # noqa: E402
from tests.redis_server import RedisServer  # noqa: E402
from tests.sandbox_server import Sandbox  # noqa: E402
from wazime_admin.team.models import User  # noqa: E402
from wazime_admin.wazime.types import Contact  # noqa: E402

# A message in five meets a fault; so much of it as this lets a run end within minutes.
FAULTY = 0.2
SECONDS = {"hang": 1.0, "silence_in_body": 1.0, "drip": 0.005, "rate_limited": 1.0}
# After these nobody can know; all others are told apart.
AMBIGUOUS = {
    *("http_500", "http_502", "http_503", "garbage", "php_warning", "empty", "exception"),
    *("undefined_variable", "drop_unread", "drop", "reset_unread", "reset", "hang"),
    *("silence_in_body", "drip"),
}
# Seconds for what is left when nothing is killed any more: at first, and for each message. Most of
# it goes into opening the gate again and again.
PATIENCE, PATIENCE_EACH = 600, 2


def plan_faults(chance: random.Random, people: list[Contact], sandbox: Sandbox) -> list[str]:
    """Give some numbers a fault each, for some attempts; every fault is given at least once."""
    catalogue = sandbox.faults()["catalogue"]
    names = [name for name, fault in catalogue.items() if fault["by_number"]]
    chosen = chance.sample(people, max(len(names), int(len(people) * FAULTY)))
    rules = []
    for place, person in enumerate(chosen):
        name = names[place] if place < len(names) else chance.choice(names)
        rule = {
            "fault": name,
            "endpoints": ["inbox/send-message"],
            "numbers": [person.mobile_code + person.mobile],
            "times": chance.randint(1, 3),
        }
        if catalogue[name]["seconds"] is not None:
            rule["seconds"] = SECONDS.get(name, 0.5)
        if catalogue[name]["left_can_change"]:
            rule["left"] = chance.random() < 0.5
        rules.append(rule)
    for name in ("drop_unread", "reset_unread"):
        rules.append({"fault": name, "endpoints": ["inbox/send-message"], "times": 2})
    struck = [rule["fault"] for rule in rules for _ in range(rule["times"])]
    # Everybody else's take a moment, so that kills meet them half-way: before or after they left.
    for person in people:
        if person not in chosen:
            name = chance.choice(["latency", "slow_answer"])
            number = person.mobile_code + person.mobile
            rules.append({"fault": name, "numbers": [number], "seconds": 0.3})
    sandbox.add_faults(rules)
    return struck


def write(author: User, person: Contact, text: str) -> None:
    services.write_message(
        author=author, send_id=uuid.uuid4(), contact=person, content=Content(text=text)
    )


def unfinished() -> int:
    return Message.objects.filter(state__in=UNFINISHED).count()


def run(messages: int, kills: int, seed: int, locked: float, sandbox: Sandbox) -> list[str]:
    """Everything; the broken promises, in words."""
    chance = random.Random(seed)
    author = User.objects.create_user("chaos", role="agent")
    people = contacts(messages)
    struck = plan_faults(chance, people, sandbox)
    redis = RedisServer(Path(settings.DATA_DIR)).start()
    workers = Workers(WORKERS, THREADS, "replies,celery")
    started = time.monotonic()
    try:
        waiting = [(person, f"chaos {n}") for n, person in enumerate(people)]
        # The last messages are written when the last kill is done: none strikes at nothing.
        slices = [waiting[n::kills] for n in range(kills)]
        for number, some in enumerate(slices, 1):
            for person, text in some:
                write(author, person, text)
            time.sleep(chance.uniform(0.2, 2.0))
            workers.kill_one(chance)
            if chance.random() < 0.25:
                redis.stop()
                time.sleep(chance.uniform(0, 0.5))
                redis.start()
            if number == kills // 2 and locked:
                with held_ledger():
                    time.sleep(locked)
            services.try_gate()
            print(f"kill {number}: {unfinished()} unfinished", flush=True)
        settle(time.monotonic() + PATIENCE + PATIENCE_EACH * messages)
    finally:
        workers.stop()
        redis.stop()
    expire()
    seconds = time.monotonic() - started
    return judge(sandbox, struck, kills, seconds)


def settle(deadline: float) -> None:
    """Wait until only what a killed worker had in its hands is left."""
    quiet_since = time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - quiet_since < 4:
        services.try_gate()
        if Message.objects.filter(state=State.QUEUED).exists():
            quiet_since = time.monotonic()
        time.sleep(0.5)


def judge(sandbox: Sandbox, struck: list[str], kills: int, seconds: float) -> list[str]:
    got = Counter(message["text"] for message in sandbox.accepted())
    rows = {row.text: row for row in Message.objects.all()}
    states = Counter(row.state for row in rows.values())
    died = Message.objects.annotate(
        deaths=Count("attempts", filter=Q(attempts__cause="process_died"))
    ).filter(state=State.UNCERTAIN, deaths__gt=0)
    ambiguous = sum(fault in AMBIGUOUS for fault in struck)
    may_be_uncertain = ambiguous + kills * THREADS
    broken = [f"sent twice: {text} ({times} times)" for text, times in got.items() if times > 1]
    for text, row in rows.items():
        if row.state in UNFINISHED:
            broken.append(f"not final: {text} is {row.state}")
        if row.state == State.SENT and not got[text]:
            broken.append(f"lost: {text} is sent, but nobody got it")
        if got[text] and row.state not in (State.SENT, State.UNCERTAIN):
            broken.append(f"denied: {text} is {row.state}, but a customer has it")
    if states[State.UNCERTAIN] > may_be_uncertain:
        broken.append(f"too many uncertain: {states[State.UNCERTAIN]} > {may_be_uncertain}")
    if died.count() > kills * THREADS:
        broken.append(f"too many died: {died.count()} > {kills * THREADS}")
    summary = {
        "messages": len(rows),
        "accepted": sum(got.values()),
        **states,
        "in hand of killed workers": died.count(),
        "ambiguous faults": ambiguous,
        "kills": kills,
        "promises broken": len(broken),
        "seconds": round(seconds),
    }
    print(json.dumps(summary), flush=True)
    return broken


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--locked", type=float, default=0, help="seconds of a locked database")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    call_command("migrate", verbosity=0)
    with Sandbox(port=int(os.environ["SANDBOX_AT"]), contacts=asked.messages * 2) as sandbox:
        broken = run(asked.messages, asked.kills, asked.seed, asked.locked, sandbox)
    print("\n".join(broken) or "every promise was kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
