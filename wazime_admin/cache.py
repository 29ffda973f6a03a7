"""Redis for what pages read: they must work without it, and not wait for it again and again."""

import time
from typing import Any
from weakref import WeakKeyDictionary

import django_redis.cache
import redis

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
