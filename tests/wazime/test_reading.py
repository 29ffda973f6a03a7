"""Shared reads, on a real Redis."""

import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.redis_server import RedisServer
from tests.sandbox_server import ROOT, Sandbox
from tests.waiting import eventually
from wazime_admin import cache
from wazime_admin.wazime import WaziMeClient, flights, reading
from wazime_admin.wazime.errors import Cause, NotNow, Stopped, Uncertain, WaziMeError
from wazime_admin.wazime.flights import Flights
from wazime_admin.wazime.reading import Kind, Question, Reading, drop, read_all, read_now
from wazime_admin.wazime.types import Contact, Page

PAGE: Page[Contact] = Page((Contact(7, "Ana"),), total=1)


class Source:
    """Plays WaziMe: answers with how often it was asked, or fails."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: WaziMeError | None = None
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self._lock = threading.Lock()

    def __call__(self, _: WaziMeClient) -> int:
        with self._lock:
            self.calls += 1
            number = self.calls
        self.asked.set()
        assert self.go_on.wait(60)
        if self.error:
            raise self.error
        return number


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.go_on.set()  # no thread waits for it any longer


@pytest.fixture(autouse=True)
def nobody_hurries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What other tests waited for in vain is over, and none keeps an answer for the next."""
    own = Flights()
    monkeypatch.setattr(reading, "flights", own)
    yield
    assert eventually(lambda: not own._under_way)


def read(kind: Kind, name: str, call: Callable[[WaziMeClient], Any], *key: object) -> Reading[Any]:
    return reading.read(Question(kind, name, call, key))


@pytest.fixture
def look(redis_server: RedisServer, source: Source) -> Callable[[], Reading[int]]:
    return lambda: read("contacts", "list", source, 1, "ana")


Look = Callable[[], Reading[int]]


# --- Fresh ----------------------------------------------------------------------------------------


def test_it_asks_once_while_the_value_is_fresh(look: Look, source: Source) -> None:
    before = datetime.now(UTC)
    readings = [look() for _ in range(5)]

    assert source.calls == 1
    assert {(found.value, found.trouble) for found in readings} == {(1, None)}
    assert before <= readings[0].read_at <= datetime.now(UTC)
    assert {found.read_at for found in readings} == {readings[0].read_at}


def test_it_asks_again_when_the_value_is_no_longer_fresh(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    look()
    assert eventually(lambda: source.calls == 2)
    monkeypatch.setattr(reading, "FRESH", 60.0)

    assert eventually(lambda: look().value == 2)
    assert source.calls == 2


def test_it_says_when_it_asked_not_when_the_answer_came(look: Look, source: Source) -> None:
    source.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        assert source.asked.wait(20)
        written = datetime.now(UTC)  # what happens now may be missing in the answer
        time.sleep(0.01)
        source.go_on.set()

        assert looking.result().read_at <= written


def test_it_keeps_rows_as_they_were(redis_server: RedisServer) -> None:
    for _ in range(2):
        assert read("contacts", "list", lambda _: PAGE, 1).value == PAGE


def test_it_keeps_each_kind_name_and_key_apart(redis_server: RedisServer, source: Source) -> None:
    values = [
        read("contacts", "list", source, 1, "a").value,
        read("contacts", "list", source, 1, "b").value,
        read("contacts", "list", source, "1", "a").value,
        read("contacts", "details", source, 1, "a").value,
        read("conversations", "list", source, 1, "a").value,
    ]

    assert values == [1, 2, 3, 4, 5]


def test_it_keeps_each_account_apart(look: Look, source: Source, settings: Settings) -> None:
    look()
    settings.WAZIME_CLIENT_ID = "another"

    assert look().value == 2


def test_it_keeps_nothing_longer_than_an_hour(look: Look, redis_server: RedisServer) -> None:
    look()

    for key in redis_server.client.scan_iter("wazime:read:*"):
        assert 0 < redis_server.client.ttl(key) <= 3600


# --- One asks for all -----------------------------------------------------------------------------


def test_it_asks_once_for_many_threads(look: Look, source: Source) -> None:
    source.go_on.clear()
    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(look) for _ in range(8)]
        source.asked.wait(5)
        time.sleep(0.2)
        source.go_on.set()
        values = {each.result().value for each in looks}

    assert values == {1}
    assert source.calls == 1


def test_it_gives_the_last_value_at_once_while_it_asks(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    source.go_on.clear()
    started = time.monotonic()

    assert [look().value for _ in range(3)] == [1, 1, 1]
    assert time.monotonic() - started < 30
    assert eventually(lambda: source.calls == 2)
    source.go_on.set()
    assert eventually(lambda: look().value > 1)


def test_it_waits_for_the_answer_when_nobody_has_asked_for_long(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)

    found = look()
    assert (found.value, found.trouble) == (2, None)


def test_who_asks_the_same_twice_gets_the_same_answer(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)

    question = Question("contacts", "list", source, (1, "ana"))
    found = read_all(question, question)

    assert [each.value for each in found if isinstance(each, Reading)] == [2, 2]


def test_everybody_is_told_that_a_forgotten_value_is_out_of_date(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    source.go_on.clear()

    for found in [look() for _ in range(3)]:
        assert found.value == 1
        assert found.trouble
        assert found.trouble.cause is Cause.SLOW


def test_a_machine_without_threads_reads_again_when_it_has_some(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refused)
        for _ in range(flights.THREADS + 1):
            with pytest.raises(Uncertain):
                look()

    assert look().value == 1


PROCESS = """
import os, sys
from dataclasses import replace
from django.conf import settings
base_url, redis_url, program = sys.argv[1:]
settings.configure(
    WAZIME_BASE_URL=base_url, WAZIME_CLIENT_ID="sandbox-id", WAZIME_CLIENT_SECRET="sandbox-secret",
    WAZIME_PROXY="", REDIS_URL=redis_url,
)
from wazime_admin.wazime import flights, reading
from wazime_admin.wazime.errors import WaziMeError
flights.PATIENCE = 60
def look():
    question = reading.Question("contacts", "list", lambda wazime: wazime.contacts())
    try:
        print(len(reading.read(question).value.rows), flush=True)
    except WaziMeError as error:
        print(error.cause, flush=True)
exec(program)
"""


@pytest.fixture
def process(
    redis_server: RedisServer, sandbox: Sandbox
) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a process that may `look()` at the sandbox's contacts."""
    started = []

    def start(program: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROCESS, sandbox.base_url, redis_server.url, program]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


Process = Callable[[str], subprocess.Popen[str]]


def test_it_asks_once_for_many_processes(process: Process, sandbox: Sandbox) -> None:
    sandbox.add_fault("latency", seconds=1, endpoints=["contact/list"])
    program = "reading.FRESH = 600; sys.stdin.readline(); look()"
    processes = [process(program) for _ in range(4)]
    for each in processes:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    answers = [each.communicate(timeout=60)[0] for each in processes]

    assert answers == ["20\n"] * 4
    assert [rule["struck"] for rule in sandbox.faults()["rules"]] == [1]


def test_it_asks_itself_when_the_one_who_asked_never_came_back(
    process: Process, sandbox: Sandbox
) -> None:
    sandbox.add_fault("latency", seconds=60, times=1)
    lost = process("reading.READ = replace(reading.READ, total=1); look()")
    assert eventually(lambda: sandbox.faults()["rules"][0]["struck"])
    lost.kill()

    assert process("look()").communicate(timeout=60)[0] == "20\n"


def test_an_answer_that_does_not_come_keeps_no_process_from_ending(
    process: Process, sandbox: Sandbox
) -> None:
    sandbox.add_fault("latency", seconds=600)
    program = """
flights.PATIENCE = 1
READ = replace(reading.READ, read=600, total=600)
reading.READ = sys.modules["wazime_admin.wazime.client"].READ = READ
look()
"""

    assert process(program).communicate(timeout=60)[0] == "slow\n"


def test_a_forked_process_can_ask_too(process: Process) -> None:
    forks = """
look()
if os.fork() == 0:
    reading.drop("contacts")
    look()
else:
    os.wait()
"""

    assert process(forks).communicate(timeout=60)[0] == "20\n20\n"


def test_it_lets_others_ask_after_a_defect(look: Look, redis_server: RedisServer) -> None:
    def defect(_: WaziMeClient) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read("contacts", "list", defect, 1, "ana")

    started = time.monotonic()
    assert look().value == 1
    assert time.monotonic() - started < 4, "of the twelve of a lock that is kept"


# --- WaziMe is down or refuses --------------------------------------------------------------------


def refusal() -> Stopped:
    error = Stopped(Cause.IP_ADDRESS, messages=("Add 203.0.113.7",), status=401, raw="{}")
    error.ip_address = "203.0.113.7"
    return error


def test_it_gives_the_last_value_with_its_age_and_the_trouble(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)
    source.error = refusal()

    for _ in range(2):  # the one who waited for the answer, and one who looks later
        found = look()
        assert (found.value, found.read_at) == (1, good.read_at)
        assert isinstance(found.trouble, Stopped)
        assert found.trouble.cause is Cause.IP_ADDRESS
        assert found.trouble.ip_address == "203.0.113.7"
        assert found.trouble.messages == ("Add 203.0.113.7",)


def test_it_raises_where_nothing_is_kept(look: Look, source: Source) -> None:
    source.error = refusal()

    for _ in range(2):
        with pytest.raises(Stopped) as caught:
            look()
        assert caught.value.ip_address == "203.0.113.7"


def test_it_keeps_the_details_of_any_trouble(look: Look, source: Source) -> None:
    source.error = NotNow(Cause.RATE_LIMIT, status=429, detail="slow down")
    source.error.retry_after = 7.0

    for _ in range(2):
        with pytest.raises(NotNow) as caught:
            look()
        assert caught.value.__dict__ == source.error.__dict__


def test_it_leaves_wazime_alone_for_a_while_after_trouble(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.error = Uncertain(Cause.READ_TIMEOUT)
    for _ in range(3):
        with pytest.raises(Uncertain):
            look()
    assert source.calls == 1

    monkeypatch.setattr(reading, "TROUBLE_KEPT", 0.0)
    with pytest.raises(Uncertain):
        look()
    assert source.calls == 2


def test_it_forgets_the_trouble_when_it_is_over(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "TROUBLE_KEPT", 0.0)
    source.error = refusal()
    with pytest.raises(Stopped):
        look()
    source.error = None

    for _ in range(2):
        found = look()
        assert (found.value, found.trouble) == (2, None)


def test_it_goes_on_telling_the_trouble_while_it_tries_again(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "TROUBLE_KEPT", 0.0)
    source.error = refusal()
    assert eventually(lambda: look().trouble)
    source.go_on.clear()
    tries = source.calls
    assert eventually(lambda: look() and source.calls > tries)
    found = look()

    assert found.value == 1
    assert isinstance(found.trouble, Stopped)


def test_it_makes_nobody_wait_for_a_second_try(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "TROUBLE_KEPT", 0.0)
    source.error = refusal()
    with pytest.raises(Stopped):
        look()
    source.asked.clear()
    source.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(look)
        source.asked.wait(5)
        started = time.monotonic()
        with pytest.raises(Stopped):
            look()
        assert time.monotonic() - started < 4, "of the sixty of patience"
        source.go_on.set()
        assert isinstance(trying.exception(), Stopped)


def test_what_cannot_be_reached_is_left_alone_by_all(
    look: Look, redis_server: RedisServer, source: Source
) -> None:
    source.error = NotNow(Cause.CONNECT_TIMEOUT)
    with pytest.raises(NotNow):
        look()

    with pytest.raises(NotNow):
        read("templates", "all", source)

    assert source.calls == 1


def test_one_caller_at_a_time_finds_out_whether_it_is_back(
    redis_server: RedisServer, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "TROUBLE_KEPT", 0)
    source.error = Uncertain(Cause.READ_TIMEOUT)
    with pytest.raises(Uncertain):
        read("conversations", "details", source, 1)
    source.go_on.clear()
    source.asked.clear()

    with ThreadPoolExecutor() as threads:
        finds_out = threads.submit(read, "conversations", "details", source, 2)
        assert source.asked.wait(5)
        with pytest.raises(Uncertain):
            read("conversations", "details", source, 3)
        assert source.calls == 2
        source.error = None
        source.go_on.set()
        assert finds_out.result().value == 2

    assert read("conversations", "details", source, 3).value == 3


# --- WaziMe is slow -------------------------------------------------------------------------------


def test_nobody_waits_long_for_a_first_answer(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    source.go_on.clear()

    with pytest.raises(Uncertain) as caught:
        look()
    assert caught.value.cause is Cause.SLOW


def test_an_answer_that_came_too_late_is_there_for_the_next_one(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    monkeypatch.setattr(reading, "FRESH", 60.0)
    source.go_on.clear()
    with pytest.raises(Uncertain):
        look()
    source.go_on.set()
    assert eventually(lambda: outcome(look) == (1, None))
    assert source.calls == 1


def test_only_one_waits_for_what_is_old(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)
    source.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(look)
        assert eventually(lambda: source.calls == 2)

        assert look().value == 1
        source.go_on.set()
        assert waits.result().value == 2


def test_nobody_waits_long_for_what_is_old(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = look()
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)
    source.go_on.clear()
    found = look()

    assert (found.value, found.read_at) == (1, good.read_at)
    assert found.trouble
    assert found.trouble.cause is Cause.SLOW


def test_who_waited_in_vain_spares_the_next_ones(
    source: Source, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    source.go_on.clear()
    with pytest.raises(Uncertain):
        read("contacts", "list", source, 1)
    monkeypatch.setattr(flights, "PATIENCE", 60.0)
    started = time.monotonic()
    with pytest.raises(Uncertain):
        read("contacts", "list", source, 2)

    assert time.monotonic() - started < 30


def test_more_questions_than_threads_are_answered_in_turn(
    source: Source, redis_server: RedisServer
) -> None:
    found = read_all(*[Question("contacts", "list", source, (key,)) for key in range(50)])

    assert sorted(each.value for each in found if isinstance(each, Reading)) == [*range(1, 51)]


def test_no_more_is_begun_than_can_be_done(
    source: Source, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    monkeypatch.setattr(flights, "MOST", 3)
    source.go_on.clear()
    found = read_all(*[Question("contacts", "list", source, (key,)) for key in range(9)])
    assert {each.cause for each in found if isinstance(each, WaziMeError)} == {Cause.SLOW}
    source.go_on.set()

    assert eventually(lambda: outcome(lambda: read("contacts", "list", source, "last"))[0])
    assert source.calls == 4


def test_what_must_be_true_now_is_not_waited_for_long_either(
    source: Source, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [read_now(source) for _ in range(2)] == [1, 2]
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    source.go_on.clear()

    with pytest.raises(Uncertain) as caught:
        read_now(source)
    assert caught.value.cause is Cause.SLOW


def outcome(look: Look) -> tuple[int | None, WaziMeError | None]:
    try:
        found = look()
    except WaziMeError as error:
        return None, error
    return found.value, found.trouble


def test_a_defect_that_nobody_waits_for_is_logged(
    look: Look, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defect(_: WaziMeClient) -> int:
        raise ZeroDivisionError

    look()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    found = read("contacts", "list", defect, 1, "ana")

    assert found.value == 1
    assert eventually(lambda: "ZeroDivisionError" in caplog.text)


# --- Many at once ---------------------------------------------------------------------------------


def test_fresh_answers_to_many_questions_cost_one_look(redis_server: RedisServer) -> None:
    def ask() -> list[Reading[Any] | WaziMeError]:
        return read_all(*[Question("contacts", "list", lambda _: PAGE, (n,)) for n in range(6)])

    ask()
    redis_server.client.config_resetstat()
    ask()
    commands = redis_server.client.info("commandstats")

    assert {name: found["calls"] for name, found in commands.items()} == {
        "cmdstat_mget": 1,
        "cmdstat_config|resetstat": 1,
    }


def test_many_questions_are_asked_side_by_side(redis_server: RedisServer) -> None:
    together = threading.Barrier(6)
    questions = [
        Question("contacts", "list", lambda _: together.wait(30), (place,)) for place in range(6)
    ]

    values = [each.value for each in read_all(*questions) if isinstance(each, Reading)]
    assert sorted(values) == [0, 1, 2, 3, 4, 5]


def test_each_question_has_its_own_failure(redis_server: RedisServer, source: Source) -> None:
    def refused(_: WaziMeClient) -> int:
        raise refusal()

    failed, found = read_all(
        Question("contacts", "list", refused), Question("contacts", "count", source)
    )

    assert isinstance(failed, Stopped)
    assert isinstance(found, Reading)
    assert found.value == 1


# --- A write --------------------------------------------------------------------------------------


def test_it_asks_again_after_a_write(look: Look) -> None:
    look()
    drop("contacts")

    assert look().value == 2


def test_it_keeps_what_a_write_did_not_change(look: Look) -> None:
    look()
    drop("conversations")
    drop("templates")

    assert look().value == 1


def test_it_never_shows_what_was_read_before_a_write(look: Look, source: Source) -> None:
    source.go_on.clear()
    with ThreadPoolExecutor(2) as pool:
        before = pool.submit(look)
        source.asked.wait(5)
        drop("contacts")
        source.asked.clear()
        after = pool.submit(look)
        source.asked.wait(5)
        source.go_on.set()
        assert {before.result().value, after.result().value} == {1, 2}

    assert look().value == after.result().value
    assert source.calls == 2


def test_it_waits_for_the_truth_after_a_write(look: Look, source: Source) -> None:
    look()
    drop("contacts")
    source.go_on.clear()
    with ThreadPoolExecutor(2) as pool:
        looks = [pool.submit(look) for _ in range(2)]
        assert eventually(lambda: source.calls == 2)
        source.go_on.set()

        assert {each.result().value for each in looks} == {2}


def test_it_shows_what_was_before_a_write_only_as_out_of_date(
    look: Look, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = look()
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    monkeypatch.setattr(reading, "FRESH", 60.0)
    source.go_on.clear()
    drop("contacts")

    found = look()
    assert (found.value, found.read_at) == (1, before.read_at)
    assert found.trouble
    assert found.trouble.cause is Cause.SLOW
    source.go_on.set()
    assert eventually(lambda: outcome(look) == (2, None))


# --- Redis ----------------------------------------------------------------------------------------


@pytest.fixture
def mortal_redis(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Any:  # one that a test may kill
    with RedisServer(tmp_path_factory.mktemp("redis")) as redis:
        settings.REDIS_URL = redis.url
        yield redis


def test_it_asks_wazime_while_redis_is_down(source: Source, mortal_redis: RedisServer) -> None:
    mortal_redis.stop()
    started = time.monotonic()

    assert [read("contacts", "list", source).value for _ in range(2)] == [1, 2]
    drop("contacts")
    assert time.monotonic() - started < 4


def test_it_raises_what_wazime_says_while_redis_is_down(
    source: Source, mortal_redis: RedisServer
) -> None:
    mortal_redis.stop()
    source.error = refusal()

    with pytest.raises(Stopped):
        read("contacts", "list", source)


def test_it_goes_on_when_redis_comes_back(
    source: Source, mortal_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "REST", 0.2)
    read("contacts", "list", source)
    mortal_redis.stop()
    read("contacts", "list", source)
    mortal_redis.start()
    time.sleep(0.3)

    assert [read("contacts", "list", source).value for _ in range(2)] == [3, 3]


def test_it_asks_only_once_when_redis_dies_meanwhile(
    source: Source, mortal_redis: RedisServer
) -> None:
    def call(client: WaziMeClient) -> int:
        mortal_redis.stop()
        return source(client)

    assert read("contacts", "list", call).value == 1
    assert source.calls == 1


def test_nobody_waits_long_while_redis_is_down_either(
    source: Source, mortal_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "PATIENCE", 0.1)
    mortal_redis.stop()
    source.go_on.clear()

    with pytest.raises(Uncertain) as caught:
        read("contacts", "list", source)
    assert caught.value.cause is Cause.SLOW


def test_it_waits_for_a_frozen_redis_only_once(source: Source, mortal_redis: RedisServer) -> None:
    mortal_redis.freeze()
    started = time.monotonic()
    try:
        assert [read("contacts", "list", source).value for _ in range(10)] == [*range(1, 11)]
    finally:
        mortal_redis.thaw()
    assert time.monotonic() - started < 4, "of ten waits of a second"


class Other:
    """What an older version may have pickled."""


GARBAGE = [b"", b"garbage", b"\x80\x05N.", pickle.dumps(5), pickle.dumps(Other()), b"cos\nnope\n."]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_it_ignores_garbage_in_redis(
    garbage: bytes,
    look: Look,
    source: Source,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "TROUBLE_KEPT", 0.0)
    source.error = refusal()
    with pytest.raises(Stopped):
        look()
    source.error = None
    look()
    for key in redis_server.client.scan_iter("*"):
        redis_server.client.set(key, garbage)

    assert [look().value for _ in range(2)] == [3, 3]
    drop("contacts")
    assert look().value == 4


@pytest.mark.parametrize("garbage", GARBAGE)
def test_it_ignores_a_generation_that_is_garbage(
    garbage: bytes, look: Look, redis_server: RedisServer
) -> None:
    drop("contacts")
    for key in redis_server.client.scan_iter("wazime:generation:*"):
        redis_server.client.set(key, garbage)

    assert [look().value for _ in range(2)] == [1, 1]
    drop("contacts")
    assert look().value == 2


# --- What seldom changes --------------------------------------------------------------------------


def test_an_answer_may_be_fresh_for_longer(
    redis_server: RedisServer, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FRESH", 0.0)
    seldom = Question("history", "offered", source, fresh=600.0)

    assert [reading.read(seldom).value for _ in range(3)] == [1, 1, 1]


def test_what_is_kept_can_be_looked_at_without_asking(look: Look, source: Source) -> None:
    question = Question("contacts", "list", source, (1, "ana"))
    assert reading.kept(question) is None
    look()
    drop("contacts")

    found = reading.kept(question)
    assert found
    assert found.value == 1
    assert source.calls == 1


def test_nothing_is_kept_while_redis_is_down(source: Source, mortal_redis: RedisServer) -> None:
    mortal_redis.stop()

    assert reading.kept(Question("contacts", "list", source)) is None
    assert source.calls == 0
