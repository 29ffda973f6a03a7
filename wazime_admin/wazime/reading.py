"""Reads that many people share.

A value is fresh for a few seconds; then one caller refreshes it while the others get the last
one. While WaziMe is down or refuses, the last value is served up to an hour, with its age and the
trouble. So WaziMe is asked a fixed number of times a minute however many people are looking.

Everything lives in Redis under a generation number per kind of thing: a write moves to the next
generation, and what a refresh that was under way still stores under the old one is never seen.
Without Redis every read goes through to WaziMe.
"""

import hashlib
import logging
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, Literal, TypeVar

from django.conf import settings
from redis import Redis, RedisError

from wazime_admin.wazime.client import WaziMeClient, client
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.transport import READ

logger = logging.getLogger(__name__)
T = TypeVar("T")
Kind = Literal["contacts", "conversations", "templates"]

FRESH = 5.0  # seconds
KEPT = 3600  # seconds
# After a failure WaziMe is left alone this long: a page must not wait for each of its parts.
TROUBLE_KEPT = 5.0  # seconds
POLL = 0.05  # seconds


@dataclass(frozen=True)
class Reading(Generic[T]):
    """A value, when it was read, and why it is not newer (None: it is as new as it should be)."""

    value: T
    read_at: datetime
    trouble: WaziMeError | None = None


@dataclass(frozen=True)
class _Entry:
    value: Any
    read_at: float

    def reading(self, trouble: WaziMeError | None = None) -> Reading[Any]:
        return Reading(self.value, datetime.fromtimestamp(self.read_at, UTC), trouble)


def read(kind: Kind, name: str, call: Callable[[WaziMeClient], T], *key: object) -> Reading[T]:
    """The shared value of `call(client)`, known as `name` and `key` among its kind.

    Raises WaziMeError when it cannot be read and nothing was kept.
    """
    try:
        return _Slot(kind, name, key).read(call)
    except RedisError as failure:
        logger.warning("Reading without the shared cache: %s", type(failure).__name__)
        return _Entry(call(client()), time.time()).reading()


def drop(kind: Kind) -> None:
    """Forget everything of this kind: a write has changed it."""
    try:
        _redis().incr(_generation(kind))
    except RedisError as failure:
        logger.warning("The shared cache was not told of a write: %s", type(failure).__name__)


class _Slot:
    """The place of one value in Redis, with a lock for the one who refreshes it."""

    def __init__(self, kind: Kind, name: str, key: tuple[object, ...]) -> None:
        self._redis = _redis()
        generation = self._redis.get(_generation(kind)) or b"0"
        account = (settings.WAZIME_BASE_URL, settings.WAZIME_CLIENT_ID)
        digest = hashlib.sha256(repr((account, key)).encode()).hexdigest()[:32]
        place = f"wazime:read:{kind}:{int(generation)}:{name}:{digest}"
        self._entry, self._trouble, self._lock = place, f"{place}:trouble", f"{place}:lock"

    def read(self, call: Callable[[WaziMeClient], T]) -> Reading[T]:
        deadline = time.monotonic() + READ.total
        while True:
            entry, trouble = self._stored()
            if entry and time.time() - entry.read_at < FRESH:
                return entry.reading()
            if trouble:
                return self._last(entry, trouble)
            if self._take_lock() or time.monotonic() > deadline:
                return self._refresh(entry, call)
            if entry:
                return entry.reading()
            time.sleep(POLL)

    def _stored(self) -> tuple[_Entry | None, WaziMeError | None]:
        entry, trouble = self._redis.mget(self._entry, self._trouble)
        return _unpickled(entry), _unpickled(trouble)

    def _take_lock(self) -> bool:
        return bool(self._redis.set(self._lock, b"1", nx=True, px=int(READ.total * 1000)))

    def _refresh(self, entry: _Entry | None, call: Callable[[WaziMeClient], T]) -> Reading[T]:
        try:
            fresh = _Entry(call(client()), time.time())
        except WaziMeError as trouble:
            self._redis.set(self._trouble, pickle.dumps(trouble), px=int(TROUBLE_KEPT * 1000))
            return self._last(entry, trouble)
        else:
            self._redis.set(self._entry, pickle.dumps(fresh), ex=KEPT)
            return fresh.reading()
        finally:
            self._redis.delete(self._lock)

    @staticmethod
    def _last(entry: _Entry | None, trouble: WaziMeError) -> Reading[Any]:
        if entry is None:
            raise trouble
        return entry.reading(trouble)


def _generation(kind: Kind) -> str:
    return f"wazime:generation:{kind}"


def _unpickled(stored: Any) -> Any:
    """What an older version of this program pickled may not be readable: then there is nothing."""
    try:
        return pickle.loads(stored) if stored else None  # noqa: S301 (our own Redis)
    except Exception:
        return None


@cache
def _connected(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2)


def _redis() -> Redis:
    return _connected(settings.REDIS_URL)
