"""Reads that many people share.

A value is fresh for a few seconds; then it is refreshed once, for all processes, while everybody
gets the last one. While WaziMe is down or refuses, the last value is served up to an hour, with its
age and the trouble. So WaziMe is asked a fixed number of times a minute however many people are
looking.

Nobody waits for a refresh unless there is nothing to show, or nobody has asked for long, and then
not for long either: see flights.py. What comes too late is there for the next look.

Everything lives in Redis, marked with a generation per kind of thing: a write begins a new one.
What is marked with an older one is shown only if WaziMe fails to tell what is true now, and what a
refresh that was under way finds out is not stored any more.
Without Redis every read goes through to WaziMe.
"""

import hashlib
import logging
import pickle
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import Any, Generic, Literal, TypeVar
from uuid import uuid4

from django.conf import settings
from redis import Redis, RedisError
from redis.lock import Lock

from wazime_admin.cache import RestingRedis
from wazime_admin.wazime.client import WaziMeClient, client
from wazime_admin.wazime.errors import Cause, Uncertain, WaziMeError
from wazime_admin.wazime.flights import flights
from wazime_admin.wazime.transport import READ

logger = logging.getLogger(__name__)
T = TypeVar("T")
Kind = Literal["contacts", "conversations", "templates", "history"]

# Pages ask again every 5 seconds: somebody who looks alone finds nothing fresh then, and causes as
# many calls as hundreds do.
FRESH = 4.8  # seconds
# What is older was not asked for either, as nobody has looked: an answer is worth waiting for.
# It must be more than a call that hangs and the rest after it take: READ.total, TROUBLE_KEPT.
FORGOTTEN = 30.0  # seconds
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

# Stores ARGV[2] unless a write has begun a new generation.
_STORE = """
if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then
  redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
end
"""


@dataclass(frozen=True)
class Reading(Generic[T]):
    """A value, when it was asked for, and why it is not newer (None: it is new enough).

    digest: a short text that is another one when the value is.
    """

    value: T
    read_at: datetime
    trouble: WaziMeError | None = None
    digest: str = ""


@dataclass(frozen=True)
class Question(Generic[T]):
    """What is read: the value of `call(client)`, known as `name` and `key` among its kind.

    `call` runs in another thread and must not use the database.
    fresh: for how many seconds its answer is, where that is not FRESH.
    """

    kind: Kind
    name: str
    call: Callable[[WaziMeClient], T]
    key: tuple[object, ...] = ()
    fresh: float | None = None


def read(question: Question[T]) -> Reading[T]:
    """The shared answer to a question.

    Raises WaziMeError when there is none, not soon either, and none was kept.
    """
    [found] = read_all(question)
    if isinstance(found, WaziMeError):
        raise found
    return found


def read_all(*questions: Question[Any]) -> list[Reading[Any] | WaziMeError]:
    """The shared answers to these questions, in one look at what is kept, or what `read` raises."""
    asked = [_Slot(question) for question in questions]
    # Who asks the same twice gets the same answer, not a newer one the first time.
    slots = {slot.place: slot for slot in asked}
    try:
        _look(slots.values())
    except RedisError as failure:
        logger.warning("Reading without the shared cache: %s", type(failure).__name__)
    for slot in slots.values():
        slot.begin()
    flights.await_all([slot.awaited for slot in slots.values() if slot.awaited])
    return [slots[slot.place].outcome() for slot in asked]


def kept(question: Question[T]) -> Reading[T] | None:
    """The last answer that is kept, however old; nobody is asked. None without Redis too."""
    slot = _Slot(question)
    with suppress(RedisError):
        _look([slot])
    return slot.entry.reading() if slot.entry else None


def read_now(call: Callable[[WaziMeClient], T]) -> T:
    """The value of `call(client)` as it is now, for a page that must not show an older one.

    Raises WaziMeError, also when it does not come soon.
    """
    flight, _ = flights.board(object(), lambda: call(client()))
    flights.await_all([flight])
    if not flight.done():
        raise Uncertain(Cause.SLOW)
    value: T = flight.result()
    return value


def drop(kind: Kind) -> None:
    """Forget everything of this kind: a write has changed it."""
    try:
        _redis().set(_generation(kind), uuid4().bytes)
    except RedisError as failure:
        logger.warning("The shared cache was not told of a write: %s", type(failure).__name__)


@dataclass(frozen=True)
class _Entry:
    """A value, when it was asked for and its digest, or a WaziMeError and when it came; and the
    generation."""

    value: Any
    read_at: float
    generation: bytes = b""
    digest: str = ""

    @property
    def age(self) -> float:
        return time.time() - self.read_at

    def reading(self, trouble: WaziMeError | None = None) -> Reading[Any]:
        read_at = datetime.fromtimestamp(self.read_at, UTC)
        return Reading(self.value, read_at, trouble, self.digest)


class _Slot:
    """The place of one answer in Redis, and what was there at the last look.

    entry: the last value; trouble: the failure that came after it, its own or everybody's;
    awaited: the refresh, if it is worth waiting for; generation: of the kind, a unique one where
    Redis did not tell: then nothing is shared.
    """

    entry: _Entry | None = None
    trouble: _Entry | None = None
    awaited: Future[_Entry] | None = None

    def __init__(self, question: Question[Any]) -> None:
        self.question = question
        account = (settings.WAZIME_BASE_URL, settings.WAZIME_CLIENT_ID)
        digest = _digest((account, question.key))
        self.place = f"wazime:read:{question.kind}:{question.name}:{digest}"
        self.unreachable = f"wazime:unreachable:{_digest(account)}"
        self.generation = uuid4().bytes

    @property
    def places(self) -> tuple[str, ...]:
        """Where to look for what `see` takes."""
        generation = _generation(self.question.kind)
        return generation, self.place, f"{self.place}:trouble", self.unreachable

    def see(self, generation: bytes | None, entry: bytes | None, *troubles: bytes | None) -> None:
        self.generation = generation or b""
        self.entry = _unpickled_once(entry)
        own, shared = map(_unpickled, troubles)
        if own and own.generation != self.generation:
            own = None
        known = [trouble for trouble in (own, shared) if trouble]
        self.trouble = max(known, key=lambda trouble: trouble.read_at, default=None)
        if self.entry and self.trouble and self.trouble.read_at < self.entry.read_at:
            self.trouble = None

    @property
    def kept(self) -> _Entry | None:
        """The last value, unless it was read before a write."""
        return self.entry if self.entry and self.entry.generation == self.generation else None

    @property
    def is_fresh(self) -> bool:
        fresh = FRESH if self.question.fresh is None else self.question.fresh
        return self.kept is not None and self.kept.age < fresh

    @property
    def is_left_alone(self) -> bool:
        return self.trouble is not None and self.trouble.age < TROUBLE_KEPT

    def begin(self) -> None:
        """Have the answer refreshed if it is time, and decide whether to wait for that."""
        if self.is_fresh or self.is_left_alone:
            return
        key = (self.place, self.generation)
        flight, is_first = flights.board(key, partial(_refreshed, self.question, *key))
        if last_heard := self.kept and (self.trouble or self.kept):
            is_awaited = is_first and last_heard.age >= FORGOTTEN
        else:
            is_awaited = is_first or self.trouble is None
        self.awaited = flight if is_awaited else None

    def outcome(self) -> Reading[Any] | WaziMeError:
        """What is known now; the trouble alone where there is no value."""
        if self.kept and self.is_fresh:
            return self.kept.reading()
        trouble: WaziMeError | None = self.trouble.value if self.trouble else None
        if self.awaited and self.awaited.done():
            try:
                return self.awaited.result().reading()
            except WaziMeError as failure:
                trouble = failure
        elif self.awaited:
            trouble = trouble or Uncertain(Cause.SLOW)
        if self.entry:
            is_forgotten = self.entry.age >= FORGOTTEN  # others wait for a newer one
            return self.entry.reading(trouble or (Uncertain(Cause.SLOW) if is_forgotten else None))
        assert trouble  # noqa: S101 - without it the answer is awaited
        return trouble

    def found_meanwhile(self, lock: Lock) -> _Entry | None:
        """What others found out before it was this one's turn to ask; None when it is its turn.

        Raises the failure that the others met.
        """
        deadline = time.monotonic() + READ.total
        while True:
            is_turn = lock.acquire() or time.monotonic() > deadline
            _look([self])
            if self.is_fresh:
                return self.kept
            if self.trouble and (not is_turn or self.is_left_alone or self._somebody_finds_out()):
                raise self.trouble.value
            if is_turn:
                return None
            time.sleep(POLL)

    def ask(self) -> _Entry:
        """Ask WaziMe, and keep what it answers or how it fails."""
        asked_at = time.time()  # whatever happened since may be missing in the answer
        try:
            value = self.question.call(client())
            answer = _Entry(value, asked_at, self.generation, _digest(value))
        except WaziMeError as trouble:
            failure = _Entry(trouble, time.time(), self.generation)
            self._store(f"{self.place}:trouble", failure)
            with suppress(RedisError):
                if trouble.cause in UNREACHABLE:
                    _redis().set(self.unreachable, pickle.dumps(failure), ex=KEPT)
                _redis().delete(self._probe)
            raise
        self._store(self.place, answer)
        with suppress(RedisError):
            _redis().delete(self.unreachable, self._probe)
        return answer

    @property
    def _probe(self) -> str:
        return f"{self.unreachable}:probe"

    def _somebody_finds_out(self) -> bool:
        """While WaziMe cannot be reached one caller at a time finds out whether it is back."""
        if self.trouble is None or self.trouble.value.cause not in UNREACHABLE:
            return False
        return not _redis().set(self._probe, b"1", nx=True, ex=int(READ.total))

    def _store(self, place: str, entry: _Entry) -> None:
        """Not being able to keep a value is no reason to ask for it again."""
        places = (_generation(self.question.kind), place)
        try:
            _redis().eval(_STORE, 2, *places, self.generation, pickle.dumps(entry), KEPT)
        except RedisError as failure:
            logger.warning("The shared cache keeps nothing: %s", type(failure).__name__)


def _look(slots: Collection[_Slot]) -> None:
    """See what is kept for all of them at once."""
    places = list(dict.fromkeys(place for slot in slots for place in slot.places))
    stored: Any = dict(zip(places, _redis().mget(places), strict=True))
    for slot in slots:
        slot.see(*(stored[place] for place in slot.places))


def _refreshed(question: Question[Any], place: str, generation: bytes) -> _Entry:
    """Ask WaziMe, or find that others did. Raises WaziMeError."""
    slot = _Slot(question)
    lock = _redis().lock(f"{place}:{generation.hex()}:lock", READ.total, blocking=False)
    try:
        with suppress(RedisError):
            if found := slot.found_meanwhile(lock):
                return found
        return slot.ask()
    finally:
        with suppress(RedisError):  # it may have run out, and be another's by now
            lock.release()


def _digest(key: object) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


def _generation(kind: Kind) -> str:
    return f"wazime:generation:{kind}"


def _unpickled(stored: bytes | None) -> _Entry | None:
    """What an older version of this program pickled may not be readable: then there is nothing."""
    try:
        value = pickle.loads(stored) if stored else None  # noqa: S301 (our own Redis)
    except Exception:
        return None
    return value if isinstance(value, _Entry) else None


# What everybody sees is the same for seconds. Not troubles: what is raised collects its traceback.
_unpickled_once = lru_cache(maxsize=50)(_unpickled)


@cache
def _connected(url: str) -> Redis:
    return RestingRedis.from_url(url, socket_connect_timeout=1, socket_timeout=1)


def _redis() -> Redis:
    return _connected(settings.REDIS_URL)
