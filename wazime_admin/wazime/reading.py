"""Reads that many people share.

A value is fresh for a few seconds; then one caller refreshes it while the others get the last
one. While WaziMe is down or refuses, the last value is served up to an hour, with its age and the
trouble. So WaziMe is asked a fixed number of times a minute however many people are looking.

Everything lives in Redis under a generation per kind of thing: a write begins a new one, and what
a refresh that was under way still stores under the old one is never seen.
Without Redis every read goes through to WaziMe.
"""

import hashlib
import logging
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, Literal, TypeVar
from uuid import uuid4

from django.conf import settings
from redis import Redis, RedisError

from wazime_admin.cache import RestingRedis
from wazime_admin.wazime.client import WaziMeClient, client
from wazime_admin.wazime.errors import Cause, WaziMeError
from wazime_admin.wazime.transport import READ

logger = logging.getLogger(__name__)
T = TypeVar("T")
Kind = Literal["contacts", "conversations", "templates"]

FRESH = 5.0  # seconds
KEPT = 3600  # seconds
# After a failure WaziMe is left alone this long: a page must not wait for each of its parts.
TROUBLE_KEPT = 5.0  # seconds
POLL = 0.05  # seconds
# With these nothing else could be read either: each would cost a page another wait.
UNREACHABLE = {
    Cause.NAME_RESOLUTION,
    Cause.REFUSED,
    Cause.CONNECT_TIMEOUT,
    Cause.TLS,
    Cause.PROXY,
    Cause.READ_TIMEOUT,
}


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

    @property
    def age(self) -> float:
        return time.time() - self.read_at

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
    # Out here: a failure of this call must not be told by what Redis said before.
    return _Entry(call(client()), time.time()).reading()


def drop(kind: Kind) -> None:
    """Forget everything of this kind: a write has changed it."""
    try:
        _redis().set(_generation(kind), uuid4().bytes)
    except RedisError as failure:
        logger.warning("The shared cache was not told of a write: %s", type(failure).__name__)


class _Slot:
    """The place of one value in Redis, with a lock for the one who refreshes it."""

    def __init__(self, kind: Kind, name: str, key: tuple[object, ...]) -> None:
        self._redis = _redis()
        generation: Any = self._redis.get(_generation(kind)) or b""
        account = (settings.WAZIME_BASE_URL, settings.WAZIME_CLIENT_ID)
        digest = _digest((account, key))
        self._unreachable = f"wazime:unreachable:{_digest(account)}"
        self._probe = f"{self._unreachable}:probe"
        self._place = f"wazime:read:{kind}:{generation.hex()}:{name}:{digest}"
        self._trouble = f"{self._place}:trouble"
        self._lock = self._redis.lock(f"{self._place}:lock", READ.total, blocking=False)

    def read(self, call: Callable[[WaziMeClient], T]) -> Reading[T]:
        deadline = time.monotonic() + READ.total
        while True:
            if kept := self._kept():
                return kept
            if self._lock.acquire() or time.monotonic() > deadline:
                try:
                    return self._kept() or self._refresh(call)
                finally:
                    with suppress(RedisError):  # it may have run out, and be another's by now
                        self._lock.release()
            if kept := self._kept(refreshing=True):
                return kept
            time.sleep(POLL)

    def _kept(self, *, refreshing: bool = False) -> Reading[Any] | None:
        """The last value, if it does: it is fresh, WaziMe is left alone after a failure, or
        somebody else is refreshing it. Raises the failure when that is all there is."""
        entry, trouble = self._stored()
        if entry and entry.age < FRESH:
            return entry.reading()
        if trouble and (refreshing or trouble.age < TROUBLE_KEPT):
            if entry is None:
                raise trouble.value
            return entry.reading(trouble.value)
        return entry.reading() if entry and refreshing else None

    def _stored(self) -> tuple[_Entry | None, _Entry | None]:
        """The last value, and the failure that came after it, its own or everybody's."""
        places = (self._place, self._trouble, self._unreachable)
        entry, own, shared = map(_unpickled, self._redis.mget(*places))
        trouble = own or shared
        if entry and trouble and trouble.read_at < entry.read_at:
            trouble = None
        return entry, trouble

    def _refresh(self, call: Callable[[WaziMeClient], T]) -> Reading[T]:
        if self._somebody_finds_out() and (kept := self._kept(refreshing=True)):
            return kept
        try:
            fresh = _Entry(call(client()), time.time())
        except WaziMeError as trouble:
            failure = _Entry(trouble, time.time())
            self._store(self._trouble, failure)
            if trouble.cause in UNREACHABLE:
                self._store(self._unreachable, failure)
            with suppress(RedisError):
                self._redis.delete(self._probe)
            entry, _ = self._stored()
            if entry is None:
                raise
            return entry.reading(trouble)
        self._store(self._place, fresh)
        with suppress(RedisError):
            self._redis.delete(self._unreachable, self._probe)
        return fresh.reading()

    def _somebody_finds_out(self) -> bool:
        """While WaziMe cannot be reached one caller at a time finds out whether it is back: a
        server that hangs must not hold every thread that serves pages."""
        if not self._redis.exists(self._unreachable):
            return False
        return not self._redis.set(self._probe, b"1", nx=True, ex=int(READ.total))

    def _store(self, place: str, entry: _Entry) -> None:
        """Not being able to keep a value is no reason to ask for it again."""
        try:
            self._redis.set(place, pickle.dumps(entry), ex=KEPT)
        except RedisError as failure:
            logger.warning("The shared cache keeps nothing: %s", type(failure).__name__)


def _digest(key: object) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


def _generation(kind: Kind) -> str:
    return f"wazime:generation:{kind}"


def _unpickled(stored: Any) -> _Entry | None:
    """What an older version of this program pickled may not be readable: then there is nothing."""
    try:
        value = pickle.loads(stored) if stored else None  # noqa: S301 (our own Redis)
    except Exception:
        return None
    return value if isinstance(value, _Entry) else None


@cache
def _connected(url: str) -> Redis:
    return RestingRedis.from_url(url, socket_connect_timeout=1, socket_timeout=1)


def _redis() -> Redis:
    return _connected(settings.REDIS_URL)
