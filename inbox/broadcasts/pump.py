"""How broadcasts go out: one loop that releases, claims and settles, and many threads that call.

One such loop runs in each worker process that has the queue "broadcasts"; any number of them, on
any number of machines, share the work through nothing but the ledger and the shared pace. The loop
alone speaks to the database. It claims no more messages than threads are free, so that a claim is
followed at once by its call, and a process that is killed has only those in its hands.
"""

import logging
import math
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from queue import Empty, SimpleQueue

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, DataError, InterfaceError, transaction
from django.utils import timezone
from redis import RedisError

from inbox import gate, sending
from inbox.broadcasts import course, runs
from inbox.broadcasts.contacting import ensure_contact
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.models import Attempt, Message, Outcome, State
from inbox.sending import Result
from wazime_admin.wazime import pacing
from wazime_admin.wazime.errors import Cause

logger = logging.getLogger(__name__)

# Calls at the same time: enough for 200 messages a second when each takes 400 milliseconds.
THREADS = 96
TICK = 0.02  # seconds between two looks
IDLE = 0.1  # seconds, while nothing is under way
REST = 1.0  # seconds until a broadcast that had nothing to send is looked at again
SETTLED_AT_ONCE = 200  # results
# After a "not now" nobody else is tried for a while: they would meet the same.
HELD_OFF = 2.0  # seconds
# For the pages: some worker is at it.
WORKING, WORKING_KEPT = "broadcasts:working", 10  # seconds

NOT_STARTED = Result(Outcome.NOT_NOW, cause=Cause.CONNECT_TIMEOUT)

_stopping = threading.Event()
_only_one = threading.Lock()


def stop() -> None:
    """The worker is about to end: claim nothing more, and finish what is under way."""
    _stopping.set()


def run() -> None:
    """Send what there is to send; returns when nothing is left to do, or the worker stops.

    Does nothing when this process is at it already.
    """
    if not _only_one.acquire(blocking=False):
        return
    try:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="broadcast") as pool:
            _Pump(pool).run()
    finally:
        _only_one.release()


@dataclass
class _Course:
    """What the loop remembers of a broadcast: its recipients' zones, and until when it rests."""

    zones: list[str]
    rests_until: float = 0.0


@dataclass(frozen=True)
class _Ended:
    """result: None when the thread broke. contacted: its contact was created on the way."""

    attempt: Attempt
    result: Result | None
    contacted: bool = False


class _Pump:
    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._ended: SimpleQueue[_Ended] = SimpleQueue()
        self._in_flight = 0
        self._courses: dict[int, _Course] = {}
        self._told_at = 0.0

    def run(self) -> None:
        try:
            while (under_way := self._under_way()) or self._awaits_answers:
                self._tell()
                with self._patience():
                    self._send(under_way)
                self._settle()
        finally:
            while self._in_flight:
                self._settle()

    @property
    def _awaits_answers(self) -> bool:
        return self._in_flight > 0 and not _stopping.is_set()

    def _under_way(self) -> list[Broadcast]:
        """Waits for a database that is away, as long as the worker lives."""
        while not _stopping.is_set():
            with self._patience():
                return list(Broadcast.objects.filter(state=BroadcastState.SENDING).order_by("id"))
        return []

    @contextmanager
    def _patience(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, InterfaceError, RedisError) as failure:
            logger.warning("Broadcasts wait: %s", failure)
            sending.reconnect()
            _stopping.wait(REST)

    def _tell(self) -> None:
        if time.monotonic() - self._told_at > REST:
            self._told_at = time.monotonic()
            cache.set(WORKING, True, WORKING_KEPT)

    # --- Out --------------------------------------------------------------------------------------

    def _send(self, under_way: list[Broadcast]) -> None:
        """Claim for each what it may have now, and hand that to the threads."""
        for broadcast in under_way:
            if broadcast.pk not in self._courses:
                self._courses[broadcast.pk] = _Course(course.zones_of(broadcast))
        now = time.monotonic()
        active = [it for it in under_way if self._courses[it.pk].rests_until <= now]
        rates = pacing.shares(settings.WAZIME_SEND_RATE, {it.pk: it.rate for it in active})
        for place, broadcast in enumerate(active):
            free = min(THREADS - self._in_flight, gate.room())
            at_most = math.ceil(free / (len(active) - place))
            self._send_some(broadcast, rates[broadcast.pk], at_most)

    def _send_some(self, broadcast: Broadcast, rate: float, at_most: int) -> None:
        tokens = pacing.take_for_broadcast(broadcast.pk, rate=rate, at_most=at_most)
        if not tokens:
            return
        claimed_at = time.monotonic()
        attempts = self._claim(broadcast, tokens)
        for attempt in attempts:
            self._in_flight += 1
            try:
                self._pool.submit(self._call, attempt, claimed_at, broadcast.create_contacts)
            except RuntimeError:  # no thread can be started
                logger.exception("A recipient's thread did not start")
                self._ended.put(_Ended(attempt, NOT_STARTED))
        pacing.give_back(broadcast.pk, tokens - len(attempts))
        if not attempts:
            self._rest(broadcast)

    def _claim(self, broadcast: Broadcast, at_most: int) -> list[Attempt]:
        zones = self._courses[broadcast.pk].zones
        where = course.where_awake(broadcast, zones, timezone.now())
        if where is None:
            return []
        ready = course.ready(broadcast, where)
        attempts = sending.claim(ready, at_most)
        if not attempts and course.release(broadcast, where, max(100, int(2 * broadcast.rate))):
            attempts = sending.claim(ready, at_most)
        return attempts

    def _rest(self, broadcast: Broadcast) -> None:
        """There is nobody to send to at the moment: wait a little, or end it."""
        self._courses[broadcast.pk].rests_until = time.monotonic() + REST
        course.cancel_opted_out(Message.objects.filter(broadcast=broadcast, state=State.QUEUED))
        if course.finish(broadcast):
            del self._courses[broadcast.pk]

    def _call(self, attempt: Attempt, claimed_at: float, create_contacts: bool) -> None:
        """In a thread: create the contact where there is none, and send."""
        ended = _Ended(attempt, None)
        try:
            is_new = create_contacts and attempt.message.new_contact is not None
            refused = ensure_contact(attempt.message) if is_new else None
            result = refused or sending.call(attempt, claimed_at)
            ended = _Ended(attempt, result, contacted=is_new and not refused)
        except Exception:
            logger.exception("A recipient's thread broke")
        finally:
            self._ended.put(ended)

    # --- Back -------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Write down what has ended since the last look, at least a moment ago."""
        ended = sorted(self._collect(), key=lambda it: it.attempt.message.broadcast_id or 0)
        for broadcast_id, of_one in groupby(ended, key=lambda it: it.attempt.message.broadcast_id):
            some = list(of_one)
            try:
                sending.insist(partial(_write_down, broadcast_id, some))
            except (
                DataError
            ):  # one that cannot be written must not cost what is known of the others
                logger.exception("Outcomes of broadcast %s are written one by one", broadcast_id)
                for it in some:
                    with suppress(DataError):
                        sending.insist(partial(_write_down, broadcast_id, [it]))

    def _collect(self) -> list[_Ended]:
        if not self._in_flight:
            _stopping.wait(IDLE)
            return []
        ended: list[_Ended] = []
        with suppress(Empty):
            ended.append(self._ended.get(timeout=TICK))
            while len(ended) < SETTLED_AT_ONCE:
                ended.append(self._ended.get_nowait())
        self._in_flight -= len(ended)
        return ended


def _write_down(broadcast_id: int, ended: list[_Ended]) -> None:
    """All in one transaction. A thread that broke leaves its claim to run out."""
    with transaction.atomic():
        results = []
        for it in ended:
            if it.result is None:
                continue
            sending.settle(it.attempt, it.result)
            results.append(it.result)
            if it.contacted:
                message = it.attempt.message
                Message.objects.filter(pk=message.pk).update(
                    new_contact=None, mobile_code=message.mobile_code, mobile=message.mobile
                )
        runs.note(broadcast_id, results)
    if waits := [result.retry_after or HELD_OFF for result in results if _is_delay(result)]:
        pacing.hold_broadcasts(max(waits))


def _is_delay(result: Result) -> bool:
    return result.outcome is Outcome.NOT_NOW and result.cause != Cause.CONTACT_LIMIT
