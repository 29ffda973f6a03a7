"""Redis and a worker where the dashboard's own settings look for them."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from tests.redis_server import RedisServer
from tests.sandbox_server import ROOT
from tests.stack import environment
from wazime_admin.celery import app
from wazime_admin.connection import checks

Worker = subprocess.Popen[bytes]


@pytest.fixture(autouse=True)
def _english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


@contextmanager
def read_only_database() -> Iterator[None]:
    """Nothing can be written."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA query_only = ON")
            yield
            cursor.execute("PRAGMA query_only = OFF")
        else:
            with transaction.atomic():
                cursor.execute("SET TRANSACTION READ ONLY")
                yield
                transaction.set_rollback(True)  # which ends it


@pytest.fixture(scope="package")
def embedded_redis() -> Iterator[RedisServer]:
    with RedisServer(Path(django_settings.DATA_DIR)) as redis:
        yield redis


@pytest.fixture
def redis(embedded_redis: RedisServer, settings: Settings) -> RedisServer:
    """The embedded Redis, without a heartbeat."""
    settings.REDIS_URL = embedded_redis.url
    embedded_redis.client.delete("wazime:heartbeat")
    return embedded_redis


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is given time to answer, however busy the machine is."""
    monkeypatch.setattr(checks, "WORKER_PATIENCE", 2.0)


@pytest.fixture(scope="package")
def worker(embedded_redis: RedisServer) -> Iterator[Worker]:
    """One worker, which answers by the name w1@tests and leaves the tests' tasks alone."""
    options = "worker --pool solo --hostname w1@tests --queues none --without-mingle"
    options += " --without-gossip"
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "wazime_admin", *options.split()],
        cwd=ROOT,
        env=environment(DATA_DIR=str(django_settings.DATA_DIR)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not app.control.ping(timeout=0.5, limit=1):
            assert time.monotonic() < deadline, "the worker does not start"
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)
