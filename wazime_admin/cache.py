"""Redis for what pages read: they must work without it, and not wait for it again and again."""

import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import uuid4
from weakref import WeakKeyDictionary

import django_redis.cache
import redis
from django.core.cache import cache

T = TypeVar("T")
# A value, and the time in seconds since 1970 until which it is fresh.
_Kept = tuple[T, float]

# How long a value is fresh, in seconds, and at least how many times as long as making it took:
# however much there is to count, a small part of the time is spent on counting it.
FRESH, TIMES_ITS_COST = 1.0, 20
# How long after that it is still given out while somebody makes a new one, in seconds.
STALE = 60
# How long somebody may take to make it, and how often those look who wait, in seconds. Who takes
# longer loses the turn, and what was made is thrown away.
MAKING, POLL = 60, 0.02

# How long a Redis that did not answer is left alone, in seconds.
REST = 5.0


class RestingRedis(redis.Redis):
    """Fails at once while Redis is left alone: a page asks it for many things, and each would wait
    as long as the first. Every process finds out for itself."""

    _rested: WeakKeyDictionary[redis.ConnectionPool, float] = WeakKeyDictionary()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        pool = self.connection_pool
        if time.monotonic() < self._rested.get(pool, 0.0):
            raise redis.ConnectionError("It did not answer a moment ago.")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except (redis.ConnectionError, redis.TimeoutError):
            self._rested[pool] = time.monotonic() + REST
            raise


class RedisCache(django_redis.cache.RedisCache):  # type: ignore[misc]
    """A failing cache is an empty cache, so what is added to it counts as added.

    Otherwise the locks around the limit of failed logins could never be taken, and nobody could
    log in while Redis is down.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        added: bool | None = super().add(*args, **kwargs)
        return added is not False  # None: Redis did not answer


def shared(key: str, make: Callable[[], T]) -> T:
    """What `make()` returns, made by one for all who ask; the others get the last value meanwhile.

    Where there is none yet they wait for it. Without Redis everybody makes it.
    """
    maker = uuid4().hex
    while True:
        kept: _Kept[T] | None = cache.get(key)
        if kept and _is_fresh(kept):
            return kept[0]
        if cache.add(_making(key), maker, MAKING):
            return _make(key, maker, make)
        if kept:
            return kept[0]
        time.sleep(POLL)


def _make(key: str, maker: str, make: Callable[[], T]) -> T:
    begun = time.monotonic()
    try:
        # Somebody may have made it between the look at what is kept and taking the turn.
        kept: _Kept[T] | None = cache.get(key)
        if kept and _is_fresh(kept):
            cache.delete(_making(key))
            return kept[0]
        value = make()
    except BaseException:
        cache.delete(_making(key))
        raise
    fresh = max(FRESH, TIMES_ITS_COST * (time.monotonic() - begun))
    if cache.get(_making(key)) == maker:  # otherwise it was forgotten meanwhile: this may be old
        cache.set(key, (value, time.time() + fresh), fresh + STALE)
        cache.delete(_making(key))
    return value


def forget(keys: Iterable[str]) -> None:
    """Make these anew, also where that is under way: what they were made from has changed."""
    cache.delete_many([name for key in keys for name in (key, _making(key))])


def _is_fresh(kept: _Kept[Any]) -> bool:
    return time.time() < kept[1]


def _making(key: str) -> str:
    return f"{key}:making"
