"""How the database finds things among a million rows: what pages, workers and the clock ask it."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox import media, selectors, sending, services
from inbox.broadcasts import course
from inbox.broadcasts import selectors as broadcasts
from inbox.broadcasts import services as verbs
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.broadcasts.selectors import Part
from inbox.broadcasts.views.drafts import outlook_of
from inbox.models import UNDECIDED, Attempt, Decision, Message, Outcome, State
from inbox.selectors import EVERY_BROADCAST, Signals, Wanted
from inbox.sending import Result
from tests.large import database, fill, using
from tests.redis_server import RedisServer
from wazime_admin.team.models import User
from wazime_admin.wazime.types import Contact

pytestmark = pytest.mark.django_db

ROWS = 1_000_000
TABLES = ("inbox_message", "inbox_attempt")


@dataclass(frozen=True)
class Ledger:
    agent: User
    admin: User
    broadcast: Broadcast

    def shown(self, *states: State, before: int | None = None, **wanted: Any) -> None:
        selectors.outbox(self.admin, Wanted(states, **wanted), before=before)

    def recipients(self, part: Part | None = None, **wanted: Any) -> None:
        broadcasts.recipients(self.broadcast, part=part, **wanted)

    def recipient(self, state: State) -> Message:
        return Message.objects.filter(broadcast=self.broadcast, state=state)[0]

    def written(self, state: State) -> Message:
        return Message.objects.filter(broadcast=None, state=state).order_by("id")[0]

    def claimed(self) -> Attempt:
        return sending.claim(sending.waiting(self.written(State.QUEUED).pk))[0]

    def ended(self) -> Broadcast:
        """The broadcast as it will be when it has ended."""
        self.broadcast.state = BroadcastState.FINISHED
        self.broadcast.finished_at = timezone.now()
        return self.broadcast


@pytest.fixture(scope="module")
def ledger(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ledger]:
    with django_db_blocker.unblock(), database("plans") as name, using(name):
        agent = User.objects.create_user("ana", "ana@example.com", role="agent")
        admin = User.objects.create_user("clara", "clara@example.com", role="admin")
        yield Ledger(agent, admin, fill(ROWS, author=agent, admin=admin))


@pytest.fixture(autouse=True)
def without_cache(settings: Any, redis_server: RedisServer) -> None:
    """Nothing is kept, but the mark without which nothing is claimed."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture(autouse=True)
def thrown_away(ledger: Ledger, db: None) -> Iterator[None]:
    """Nobody looks through a million rows for a broken reference after each test."""
    yield
    transaction.set_rollback(True)


DAY = timedelta(days=1)
ASKED: dict[str, Callable[[Ledger], Any]] = {
    # Every page, and every poll.
    "what needs an agent": lambda it: Signals(it.agent),
    "what needs an admin": lambda it: Signals(it.admin).waiting,
    # The outbox.
    "counts of an agent": lambda it: selectors.outbox_counts(it.agent),
    "counts of everybody": lambda it: selectors.outbox_counts(it.admin),
    "counts with broadcasts": lambda it: selectors.outbox_counts(it.admin, EVERY_BROADCAST),
    "counts of a broadcast": lambda it: selectors.outbox_counts(it.admin, str(it.broadcast.pk)),
    "what an agent wrote": lambda it: selectors.outbox(it.agent, Wanted()),
    "all": lambda it: it.shown(),
    "needs attention": lambda it: it.shown(*UNDECIDED),
    **{f"state {state}": lambda it, state=state: it.shown(state) for state in State},
    "an older page": lambda it: it.shown(before=ROWS // 4),
    "all with broadcasts": lambda it: it.shown(broadcast=EVERY_BROADCAST),
    "one state with broadcasts": lambda it: it.shown(State.UNCERTAIN, broadcast=EVERY_BROADCAST),
    "all of a broadcast": lambda it: it.shown(broadcast=str(it.broadcast.pk)),
    "one state of it": lambda it: it.shown(State.REJECTED, broadcast=str(it.broadcast.pk)),
    "of a person": lambda it: it.shown(author_id=it.agent.pk),
    "a kind": lambda it: it.shown(kind="image"),
    "today": lambda it: it.shown(since=timezone.now() - DAY),
    "days long ago": lambda it: it.shown(
        since=timezone.now() - 3 * DAY, until=timezone.now() - 2 * DAY
    ),
    "a text": lambda it: it.shown(search="nobody wrote this"),
    "a piece of a number": lambda it: it.shown(search="80012345"),
    "a number": lambda it: it.shown(search="+55 11 98001-2345"),
    "a number with broadcasts": lambda it: it.shown(
        search="+55 11 98001-2345", broadcast=EVERY_BROADCAST
    ),
    "one message": lambda it: selectors.outbox_message(it.admin, ROWS // 2),
    "its attempts": lambda it: selectors.attempts(it.written(State.REJECTED)),
    # A conversation.
    "a thread": lambda it: selectors.thread(
        12345, Contact(id=1, mobile_code="55", mobile="11980012345")
    ),
    "a message in it": lambda it: selectors.message(ROWS // 2),
    # Broadcasts.
    "a broadcast's progress": lambda it: broadcasts.progress(it.broadcast),
    "all recipients": lambda it: it.recipients(),
    "an older page of them": lambda it: it.recipients(after=ROWS * 3 // 4),
    **{f"recipients: {part}": lambda it, part=part: it.recipients(part) for part in Part},
    "a recipient's number": lambda it: it.recipients(search="+55 11 98001-2345"),
    "a piece of it": lambda it: it.recipients(search="0012345"),
    "a draft's outlook": lambda it: outlook_of(it.broadcast),
    # Sending.
    "what is due": lambda it: sending.due_messages(),
    "what is next to a number": lambda it: sending.next_due(number="5511980012345"),
    "claims that ran out": lambda it: sending.expire_claims(),
    "a claim": lambda it: it.claimed(),
    "an outcome": lambda it: sending.settle(it.claimed(), Result(Outcome.SENT)),
    "a person's decision": lambda it: services.mark_sent(
        message=it.written(State.REJECTED), person=it.admin, seen_attempt=1
    ),
    "files to remove": lambda it: (media.remove_expired(), media.remove_unused()),
    # Sending broadcasts.
    "who is let go": lambda it: course.release(it.broadcast, Q(), 5),
    "who is let go in a zone": lambda it: course.release(
        it.broadcast, Q(time_zone__in=["America/Manaus"]), 5
    ),
    "recipients to claim": lambda it: sending.claim(course.ready(it.broadcast, Q()), 2),
    "whether it has ended": lambda it: course.finish(it.broadcast),
    "the clock": lambda it: (verbs.start_due(), verbs.reopen(), verbs.finish_cancelling()),
    "deciding about all": lambda it: verbs.decide_uncertain(
        broadcast=it.broadcast, person=it.admin, decision=Decision.MARK_SENT, seen=ROWS // 2000
    ),
    "trying again": lambda it: verbs.retry(broadcast=it.broadcast),
    # What looks at all of them, and is kept then.
    "how fast it went": lambda it: broadcasts.course(it.ended()),
}


@pytest.mark.parametrize("what", ASKED)
def test_no_table_is_read_from_end_to_end(ledger: Ledger, what: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        ASKED[what](ledger)

    asked = [query["sql"] for query in queries if any(table in query["sql"] for table in TABLES)]
    asked = [sql for sql in asked if not sql.startswith("INSERT")]
    assert asked
    for sql in asked:
        assert not read_from_end_to_end(sql), sql


def read_from_end_to_end(sql: str) -> list[str]:
    """The steps of the database's plan that go through a whole table, or a whole index."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            names = {*TABLES, *re.findall(rf'"(?:{"|".join(TABLES)})" (\w\d+)', sql)}
            steps = [row[3] for row in cursor.fetchall()]
            return [step for step in steps if step[:5] == "SCAN " and step.split()[1] in names]
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return [
        f"{step['Node Type']} of {step['Relation Name']}"
        for step in steps_of(plan[0]["Plan"])
        if step.get("Relation Name") in TABLES and step["Node Type"] == "Seq Scan"
    ]


def steps_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from steps_of(part)
