"""Many workers and one broadcast, on whatever database the tests run on."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import connection
from django.db.models import Q

from inbox import sending
from inbox.broadcasts import course, pump, services
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.models import Attempt, Message, Outcome, State
from inbox.sending import Result
from inbox.services import Conflict
from tests.broadcasts.conftest import MakeBroadcast
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4


@pytest.fixture(autouse=True)
def mark(wazime: Sandbox, redis_server: RedisServer) -> None:
    """Nothing is claimed without the mark that Redis keeps."""


def side_by_side(count: int, work: Callable[[], None]) -> None:
    broken: list[Exception] = []

    def worker() -> None:
        try:
            work()
        except Exception as failure:
            broken.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []


def claim_some(broadcast: Broadcast) -> list[Attempt]:
    course.release(broadcast, Q(), 20)
    return sending.claim(course.ready(broadcast, Q()), 7)


def test_nobody_is_claimed_by_two_workers(make_broadcast: MakeBroadcast) -> None:
    broadcast = make_broadcast(200, state=BroadcastState.SENDING)
    claimed: list[int] = []

    def work() -> None:
        while broadcast.messages.filter(state__in=(State.HELD, State.QUEUED)).exists():
            claimed.extend(attempt.message_id for attempt in claim_some(broadcast))

    side_by_side(WORKERS, work)

    assert len(claimed) == 200
    assert max(Counter(claimed).values()) == 1
    assert Attempt.objects.count() == 200


@pytest.mark.parametrize("stop", [services.pause, services.cancel])
def test_when_it_was_stopped_no_claim_begins_any_more(
    make_broadcast: MakeBroadcast, stop: Callable[..., None]
) -> None:
    broadcast = make_broadcast(400, state=BroadcastState.SENDING)
    begun: list[float] = []
    answered: list[float] = []

    def work() -> None:
        while not answered or time.monotonic() < answered[0] + 0.5:
            attempts = claim_some(broadcast)
            time.sleep(0.01)  # between the claim and the first byte
            begun.extend(time.monotonic() for _ in attempts)
            for attempt in attempts:
                sending.settle(attempt, Result(Outcome.SENT))

    def stopper() -> None:
        eventually(lambda: begun)
        time.sleep(0.3)
        stop(broadcast=broadcast)
        answered.append(time.monotonic())
        connection.close()

    stopping = threading.Thread(target=stopper)
    stopping.start()
    side_by_side(WORKERS, work)
    stopping.join()

    assert begun
    assert max(begun) <= answered[0]
    states = set(Message.objects.values_list("state", flat=True))
    left = State.CANCELLED if stop is services.cancel else State.HELD
    assert states <= {State.SENT, left}


def test_pausing_is_answered_although_somebody_resumes_meanwhile(
    make_broadcast: MakeBroadcast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "SEND", replace(services.SEND, begin=1.0))
    broadcast = make_broadcast(400, state=BroadcastState.SENDING)
    paused = threading.Event()

    def pause() -> None:
        services.pause(broadcast=broadcast)
        paused.set()
        connection.close()

    claim_some(broadcast)
    pausing = threading.Thread(target=pause)
    pausing.start()
    deadline = time.monotonic() + 30
    while not paused.is_set() and time.monotonic() < deadline:
        with suppress(Conflict):
            services.resume(broadcast=broadcast)
        claim_some(broadcast)
        time.sleep(0.1)

    assert paused.is_set()
    pausing.join()


def test_of_many_clicks_on_start_one_starts_it(make_broadcast: MakeBroadcast) -> None:
    broadcast = make_broadcast(5)
    answers: list[str] = []

    def work() -> None:
        try:
            services.start(broadcast=broadcast, confirm=5)
            answers.append("started")
        except Conflict:
            answers.append("conflict")

    side_by_side(8, work)

    assert Counter(answers) == {"started": 1, "conflict": 7}


def test_of_many_schedulers_one_starts_it(make_broadcast: MakeBroadcast) -> None:
    broadcast = make_broadcast(5, state=BroadcastState.SCHEDULED, scheduled_at="2026-01-01T00:00Z")
    moments = set()

    def work() -> None:
        services.start_due()
        moments.add(Broadcast.objects.get(pk=broadcast.pk).started_at)

    side_by_side(8, work)

    assert len(moments) == 1


def test_a_broadcast_does_not_wait_for_the_answers_of_another(
    make_broadcast: MakeBroadcast, wazime: Sandbox, redis_server: RedisServer
) -> None:
    slow = make_broadcast(1, state=BroadcastState.SENDING)
    number = slow.messages.get().number
    wazime.add_fault("slow_answer", numbers=[number], seconds=10, times=1)
    pumping = threading.Thread(target=lambda: (pump.run(), connection.close()))
    pumping.start()
    while not wazime.accepted():
        time.sleep(0.05)
    Broadcast.objects.update(state=BroadcastState.PAUSED)
    time.sleep(0.5)
    make_broadcast(1, state=BroadcastState.SENDING)
    while len(wazime.accepted()) < 2:
        time.sleep(0.05)
    assert slow.messages.get().state == State.SENDING
    pumping.join()
