"""Counters in Redis, where all processes of an installation add to the same ones.

They are for who watches the installation. While Redis is away they stand still.
"""

from contextlib import suppress
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis, RedisError

from wazime_admin.cache import RestingRedis

CALLS, SECONDS, ATTEMPTS = "calls", "seconds", "attempts"
_KEY = "wazime:counters"
Counts = dict[tuple[str, ...], float]  # by name and labels: ("calls", "inbox/send-message", "200")


def count_call(path: str, result: str, seconds: float) -> None:
    """result: the HTTP status, or what broke the call (a Cause)."""
    endpoint = "/".join(path.split("/")[:2])  # without an id
    _add(1, CALLS, endpoint, result)
    _add(seconds, SECONDS, endpoint)


def count_attempt(outcome: str) -> None:
    _add(1, ATTEMPTS, outcome)


def counts() -> Counts:
    """Raises RedisError."""
    stored: Any = _redis(settings.REDIS_URL).hgetall(_KEY)
    return {tuple(key.decode().split(" ")): float(value) for key, value in stored.items()}


def _add(amount: float, *labels: str) -> None:
    with suppress(RedisError):
        _redis(settings.REDIS_URL).hincrbyfloat(_KEY, " ".join(labels), amount)


@cache
def _redis(url: str) -> Redis:
    return RestingRedis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
