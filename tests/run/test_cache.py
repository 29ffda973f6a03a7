"""What is made by one for all who ask."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.redis_server import RedisServer
from wazime_admin import cache

KEY = "counted"
PATIENCE = 20  # seconds


@pytest.fixture(autouse=True)
def redis(settings, redis_server: RedisServer) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": redis_server.url}}


class Slow:
    """Counts how often it is called; each call takes until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.began, self.go = threading.Event(), threading.Event()

    def __call__(self) -> int:
        self.calls += 1
        self.began.set()
        assert self.go.wait(PATIENCE)
        return self.calls


@pytest.fixture
def aside() -> Callable[..., None]:
    """Run something beside the test."""
    with ThreadPoolExecutor(5) as threads:
        yield threads.submit


def test_many_who_ask_at_once_share_one_value(aside) -> None:
    slow = Slow()
    asked = [aside(cache.shared, KEY, slow) for _ in range(5)]
    assert slow.began.wait(PATIENCE)
    time.sleep(0.2)  # the others have asked by now, or ask later: it must not matter
    slow.go.set()

    assert {found.result(PATIENCE) for found in asked} == {1}
    assert slow.calls == 1


def test_what_was_made_between_the_look_and_the_turn_is_not_made_again(monkeypatch) -> None:
    monkeypatch.setattr(cache, "FRESH", 60.0)
    look = cache.cache.get
    overtaken = pytest.MonkeyPatch()

    def look_and_be_overtaken(key: str) -> object:
        kept = look(key)
        overtaken.undo()
        assert cache.shared(KEY, lambda: 1) == 1
        return kept

    overtaken.setattr(cache.cache, "get", look_and_be_overtaken)

    assert cache.shared(KEY, lambda: pytest.fail("made twice")) == 1
    assert cache.cache.get(f"{KEY}:making") is None, "nobody holds the turn"


def test_while_it_is_made_anew_the_others_get_the_last_value(aside, monkeypatch) -> None:
    monkeypatch.setattr(cache, "FRESH", 0.0)
    monkeypatch.setattr(cache, "TIMES_ITS_COST", 0)
    assert cache.shared(KEY, lambda: 7) == 7
    slow = Slow()
    maker = aside(cache.shared, KEY, slow)
    assert slow.began.wait(PATIENCE)

    assert cache.shared(KEY, lambda: pytest.fail("made twice")) == 7

    slow.go.set()
    assert maker.result(PATIENCE) == 1
    assert cache.shared(KEY, lambda: 8) == 8


def test_what_took_long_is_kept_longer(monkeypatch) -> None:
    monkeypatch.setattr(cache, "FRESH", 0.0)
    monkeypatch.setattr(cache, "TIMES_ITS_COST", 600)

    def make() -> int:
        time.sleep(0.1)
        return 1

    assert cache.shared(KEY, make) == 1
    time.sleep(0.2)
    assert cache.shared(KEY, lambda: 2) == 1  # for a minute at least


def test_what_is_forgotten_while_it_is_made_is_not_kept(aside) -> None:
    slow = Slow()
    maker = aside(cache.shared, KEY, slow)
    assert slow.began.wait(PATIENCE)
    cache.forget([KEY])
    slow.go.set()
    assert maker.result(PATIENCE) == 1

    assert cache.shared(KEY, lambda: 2) == 2


def test_after_a_failure_the_next_one_makes_it() -> None:
    with pytest.raises(ZeroDivisionError):
        cache.shared(KEY, lambda: 1 // 0)

    assert cache.shared(KEY, lambda: 1) == 1


def test_without_redis_everybody_makes_it(settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"}
    }
    begun = time.monotonic()

    assert [cache.shared(KEY, lambda number=number: number) for number in range(3)] == [0, 1, 2]
    assert time.monotonic() - begun < cache.MAKING
