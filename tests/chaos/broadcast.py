"""Send a broadcast while its workers are killed, pause it in the middle, and count what arrived.

`python -m tests.chaos.broadcast --recipients 3000 --kills 10 --seed 7`, with the environment of an
installation (see `test_chaos.py`). Prints the seed first and a summary last; exits with 1 when a
promise was broken.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db.models import Count, Q  # noqa: E402
from django.utils import timezone  # noqa: E402

from inbox import services as inbox_services  # noqa: E402
from inbox.broadcasts import pump, services  # noqa: E402
from inbox.broadcasts.models import Audience, Broadcast, Source  # noqa: E402
from inbox.models import UNFINISHED, Kind, Message, State  # noqa: E402
from inbox.services import Conflict  # noqa: E402
from tests.chaos.parts import Workers, contacts, expire  # noqa: E402
from tests.redis_server import RedisServer  # noqa: E402
from tests.sandbox_server import Sandbox  # noqa: E402
from wazime_admin.team.models import User  # noqa: E402

WORKERS = 2
FAULTY = 0.02
FAULTS = ["rate_limited_bare", "http_502", "drop", "exception", "image_upload_error", "hang"]
AMBIGUOUS = {"http_502", "drop", "exception", "hang"}
ANSWER = 0.2  # seconds until each answer, so that kills meet messages half-way
PATIENCE = 900  # seconds for what is left when nothing is killed any more


def make_broadcast(count: int) -> Broadcast:
    author = User.objects.create_user("chaos", role="admin")
    audience = Audience.objects.create(source=Source.ALL, author=author)
    broadcast = Broadcast.objects.create(
        name="chaos",
        author=author,
        audience=audience,
        template_id=1,
        rate=1000.0,
        quiet_hours=False,
        built_at=timezone.now(),
    )
    rows = [
        Message(
            send_id=uuid4(),
            author=author,
            broadcast=broadcast,
            mobile_code=person.mobile_code,
            mobile=person.mobile,
            number=person.mobile_code + person.mobile,
            kind=Kind.TEMPLATE,
            fields={"template_id": "1"},
            state=State.HELD,
        )
        for person in contacts(count)
    ]
    Message.objects.bulk_create(rows, batch_size=500)
    return broadcast


def plan_faults(chance: random.Random, broadcast: Broadcast, sandbox: Sandbox) -> int:
    """Give some recipients a fault each, once; how many of them leave it open what happened."""
    rows = list(broadcast.messages.all())
    endpoints = ["inbox/send-template-message"]
    rules = []
    for row in chance.sample(rows, int(len(rows) * FAULTY)):
        rule = {"fault": chance.choice(FAULTS), "endpoints": endpoints, "numbers": [row.number]}
        rules.append({**rule, "times": 1, "seconds": 1.0})
    sandbox.add_faults([*rules, {"fault": "latency", "endpoints": endpoints, "seconds": ANSWER}])
    return sum(rule["fault"] in AMBIGUOUS for rule in rules)


def keep_going(broadcast: Broadcast) -> None:
    """Do what an admin would who wants it all to go out."""
    inbox_services.try_gate()
    with suppress(Conflict):
        services.resume(broadcast=broadcast)


def pause_a_while(broadcast: Broadcast, sandbox: Sandbox) -> int:
    """How many sends began after the pause had answered; -1 when it could not be paused."""
    try:
        services.pause(broadcast=broadcast)
    except Conflict:
        return -1
    answered = time.time()
    time.sleep(2)
    late = sum(message["started"] > answered for message in sandbox.accepted())
    services.resume(broadcast=broadcast)
    return late


def run(recipients: int, kills: int, seed: int, sandbox: Sandbox) -> list[str]:
    """Everything; the broken promises, in words."""
    chance = random.Random(seed)
    broadcast = make_broadcast(recipients)
    ambiguous = plan_faults(chance, broadcast, sandbox)
    redis = RedisServer(Path(settings.DATA_DIR)).start()
    workers = Workers(WORKERS, 3, "broadcasts,celery")
    late, paused = 0, 0
    try:
        services.start(broadcast=broadcast, confirm=recipients)
        for number in range(1, kills + 1):
            time.sleep(chance.uniform(1.0, 3.0))
            keep_going(broadcast)
            workers.kill_one(chance)
            if number % 3 == 0:
                began = pause_a_while(broadcast, sandbox)
                paused += began >= 0
                late += max(began, 0)
            if number % 4 == 0:
                redis.stop()
                redis.start()
            print(f"kill {number}: {unfinished()} unfinished", flush=True)
        deadline = time.monotonic() + PATIENCE
        while waiting() and time.monotonic() < deadline:
            keep_going(broadcast)
            time.sleep(0.5)
        time.sleep(3)
    finally:
        workers.stop()
        redis.stop()
    expire()
    broken = judge(sandbox, ambiguous, kills)
    if late:
        broken.append(f"{late} sends began after a pause had answered")
    if not paused:
        broken.append("it was never paused")
    return broken


def unfinished() -> int:
    return Message.objects.filter(state__in=UNFINISHED).count()


def waiting() -> int:
    return Message.objects.filter(state__in=(State.HELD, State.QUEUED)).count()


def judge(sandbox: Sandbox, ambiguous: int, kills: int) -> list[str]:
    got = Counter(message["number"] for message in sandbox.accepted())
    rows = {row.number: row for row in Message.objects.all()}
    states = Counter(row.state for row in rows.values())
    deaths = Count("attempts", filter=Q(attempts__cause="process_died"))
    died = Message.objects.annotate(deaths=deaths).filter(deaths__gt=0).count()
    broken = [f"sent twice: {number}" for number, times in got.items() if times > 1]
    for number, row in rows.items():
        if row.state in UNFINISHED:
            broken.append(f"not final: {number} is {row.state}")
        if row.state == State.SENT and not got[number]:
            broken.append(f"lost: {number} is sent, but nobody got it")
        if got[number] and row.state not in (State.SENT, State.UNCERTAIN):
            broken.append(f"denied: {number} is {row.state}, but a customer has it")
    if died > kills * pump.THREADS:
        broken.append(f"too many died: {died} > {kills * pump.THREADS}")
    if states[State.UNCERTAIN] > ambiguous + died:
        broken.append(f"too many uncertain: {states[State.UNCERTAIN]} > {ambiguous + died}")
    summary = {
        "recipients": len(rows),
        "accepted": sum(got.values()),
        **states,
        "in hand of killed workers": died,
        "ambiguous faults": ambiguous,
        "kills": kills,
        "state": Broadcast.objects.get().state,
        "promises broken": len(broken),
    }
    print(json.dumps(summary), flush=True)
    return broken


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipients", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    call_command("migrate", verbosity=0)
    with Sandbox(port=int(os.environ["SANDBOX_AT"]), contacts=asked.recipients * 2) as sandbox:
        broken = run(asked.recipients, asked.kills, asked.seed, sandbox)
    print("\n".join(broken) or "every promise was kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
