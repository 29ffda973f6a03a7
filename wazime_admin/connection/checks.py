"""How WaziMe and what this installation is made of are doing, asked at the moment.

The checks run side by side and none is waited for longer than PATIENCE, so that the page which
shows them always comes. They return facts; the words stand in the templates.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from inbox import gate
from inbox.models import Gate
from wazime_admin.celery import app
from wazime_admin.team.models import User
from wazime_admin.wazime import client, offers
from wazime_admin.wazime.errors import Cause, Uncertain, WaziMeError

PATIENCE = 5.0  # seconds
WORKER_PATIENCE = 0.7  # seconds; who watches /healthz often waits for one second only
HEARTBEAT = "wazime:heartbeat"
HEARTBEAT_EVERY = 15.0  # seconds
# Three beats missed, and time for the last one to arrive.
SILENT_AFTER = 50.0  # seconds


@dataclass(frozen=True)
class WaziMeCheck:
    """seconds: until the answer came. error: why it was not the one that was hoped for.
    has_history: whether WaziMe tells what customers write, None where that is not known."""

    seconds: float
    error: WaziMeError | None = None
    has_history: bool | None = None

    @property
    def milliseconds(self) -> int:
        return round(self.seconds * 1000)


@dataclass(frozen=True)
class DatabaseCheck:
    """engine: its name, with the version. error: why nothing can be written, "" otherwise."""

    engine: str
    error: str = ""


@dataclass(frozen=True)
class RedisCheck:
    """seconds: that a ping took, None when it was not answered. heartbeat_at: when a worker last
    did what beat asked for, None when that is not known."""

    seconds: float | None = None
    version: str = ""
    heartbeat_at: datetime | None = None
    error: str = ""

    @property
    def is_beating(self) -> bool:
        last = self.heartbeat_at
        return last is not None and (timezone.now() - last).total_seconds() < SILENT_AFTER


@dataclass(frozen=True)
class Services:
    """workers: the names of those who answered, None when they could not be asked.
    closed: the gate while it is closed; None too when the database does not say."""

    database: DatabaseCheck
    redis: RedisCheck
    workers: tuple[str, ...] | None
    closed: Gate | None


def check_services() -> Services:
    """What this installation is made of; of the workers only the first who answers."""
    return _services(*_side_by_side(check_redis, partial(check_workers, limit=1)))


def check_everything() -> tuple[WaziMeCheck, Services]:
    """WaziMe itself, and the services."""
    wazime, redis, workers = _side_by_side(check_wazime, check_redis, check_workers)
    too_slow = WaziMeCheck(PATIENCE, Uncertain(Cause.READ_TIMEOUT))
    return wazime or too_slow, _services(redis, workers)


def _services(redis: RedisCheck | None, workers: tuple[str, ...] | None) -> Services:
    return Services(check_database(), redis or RedisCheck(), workers, _closed())


def check_wazime() -> WaziMeCheck:
    """Make a harmless read, on a connection of its own, past what is kept."""
    started = time.monotonic()
    try:
        rows = client().conversations(per_page=1).rows
    except WaziMeError as error:
        return WaziMeCheck(time.monotonic() - started, error)
    seconds = time.monotonic() - started
    return WaziMeCheck(seconds, has_history=offers.has_history(rows[0].id) if rows else None)


def check_database() -> DatabaseCheck:
    """Write, but change nothing."""
    engine = connection.display_name
    try:
        with transaction.atomic():
            User.objects.filter(pk=-1).update(is_active=True)
        version = ".".join(map(str, connection.get_database_version()))
    except DatabaseError as error:
        return DatabaseCheck(engine, _first_line(error))
    return DatabaseCheck(f"{engine} {version}")


def check_redis() -> RedisCheck:
    started = time.monotonic()
    try:
        with _redis() as redis:
            redis.ping()
            seconds = time.monotonic() - started
            server: dict[str, Any] = redis.info("server")
            heartbeat: Any = redis.get(HEARTBEAT)
    except RedisError as error:
        return RedisCheck(error=_first_line(error))
    name = server.get("server_name", "redis")
    version = f"{name} {server.get(f'{name}_version', '')}"
    return RedisCheck(seconds, version.strip().capitalize(), _moment(heartbeat))


def check_workers(limit: int | None = None) -> tuple[str, ...] | None:
    """Ask all workers for a sign of life, and wait until `limit` have given one."""
    try:
        with _redis() as redis:
            redis.ping()  # gives up sooner than Celery does
        answers = app.control.ping(timeout=WORKER_PATIENCE, limit=limit) or []
    except (OperationalError, RedisError, OSError):
        return None
    return tuple(sorted(name for answer in answers for name in answer))


def note_heartbeat() -> None:
    """Note that a worker did what beat asked for."""
    with _redis() as redis:
        redis.set(HEARTBEAT, time.time(), ex=86_400)


def read_queues(names: Iterable[str]) -> tuple[dict[str, int], datetime | None]:
    """How many tasks wait in each of Celery's queues, and when a worker last did what beat asked
    for, None when that is not known. Raises RedisError."""
    with _redis() as redis:
        prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
        lengths: Any = {name: redis.llen(f"{prefix}{name}") for name in names}
        return lengths, _moment(redis.get(HEARTBEAT))


def _closed() -> Gate | None:
    try:
        return gate.closed()
    except DatabaseError:
        return None


def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)


def _moment(stored: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(stored), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _side_by_side(*checks: Callable[[], Any]) -> list[Any]:
    """Their answers; None for one that takes too long, whose thread ends by its own timeout."""
    pool = ThreadPoolExecutor(len(checks))
    running = [pool.submit(check) for check in checks]
    wait(running, PATIENCE)
    pool.shutdown(wait=False)
    return [each.result() if each.done() else None for each in running]
