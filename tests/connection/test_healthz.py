"""The address that machines ask whether the dashboard is well."""

import json
import signal
import statistics
import subprocess
import sys
import time

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from inbox.models import Gate
from tests.connection.conftest import Worker, read_only_database
from tests.redis_server import RedisServer
from tests.sandbox_server import ROOT, Sandbox
from tests.stack import environment
from wazime_admin.connection import checks
from wazime_admin.wazime.errors import Cause

pytestmark = pytest.mark.django_db


def states(client: Client, status: int = 200) -> dict[str, str]:
    response = client.get("/healthz")
    assert response.status_code == status
    answer = response.json()
    return {
        name: value if isinstance(value, str) else value["state"] for name, value in answer.items()
    }


@pytest.mark.usefixtures("patient")
def test_it_says_that_all_is_well(client: Client, redis: RedisServer, worker: Worker) -> None:
    checks.note_heartbeat()

    assert client.get("/healthz").json() == {
        "status": "ok",
        "database": {"state": "ok"},
        "redis": {"state": "ok"},
        "workers": {"state": "ok"},
        "beat": {"state": "ok"},
        "gate": {"state": "open", "cause": None},
    }


def test_it_serves_without_redis(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"

    assert states(client) == {
        "status": "degraded",
        "database": "ok",
        "redis": "down",
        "workers": "unknown",
        "beat": "unknown",
        "gate": "open",
    }


def test_it_serves_without_a_worker(client: Client, redis: RedisServer, worker: Worker) -> None:
    worker.send_signal(signal.SIGSTOP)
    try:
        answer = states(client)
    finally:
        worker.send_signal(signal.SIGCONT)

    assert (answer["status"], answer["workers"], answer["redis"]) == ("degraded", "down", "ok")


@pytest.mark.usefixtures("patient")
def test_it_serves_without_beat(client: Client, redis: RedisServer, worker: Worker) -> None:
    answer = states(client)

    assert (answer["status"], answer["workers"], answer["beat"]) == ("degraded", "ok", "down")


def test_it_says_that_the_gate_is_closed(client: Client) -> None:
    Gate.objects.create(pk=1, closed_at=timezone.now(), cause=Cause.PLAN)

    assert client.get("/healthz").json()["gate"] == {"state": "closed", "cause": "plan"}


def test_it_is_unwell_when_nothing_can_be_written(client: Client) -> None:
    with read_only_database():
        answer = states(client, 503)

    assert (answer["status"], answer["database"]) == ("down", "down")


ASK_WITHOUT_A_DATABASE = """
import django, os
django.setup()
from django.test import Client
answer = Client().get("/healthz", headers={"host": "localhost"})
print(answer.status_code, answer.content.decode())
"""


def test_it_is_unwell_without_its_database(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_WITHOUT_A_DATABASE],
        cwd=ROOT,
        env=environment(DATA_DIR=str(tmp_path), DATABASE_URL="postgres://a:pa55word@127.0.0.1:9/x"),
        capture_output=True,
        text=True,
        timeout=60,
    )

    status, _, answer = done.stdout.partition(" ")
    assert status == "503", done.stderr
    assert json.loads(answer)["database"] == {"state": "down"}
    assert json.loads(answer)["gate"]["state"] == "unknown"
    assert "pa55word" not in answer


def test_it_answers_at_once_when_all_is_well(
    client: Client, redis: RedisServer, worker: Worker
) -> None:
    def seconds() -> float:
        started = time.monotonic()
        states(client)
        return time.monotonic() - started

    # Most times, on a busy machine too: it waits for no answer that is not there.
    assert statistics.median(seconds() for _ in range(9)) < checks.WORKER_PATIENCE


def test_it_does_not_wait_long_for_redis(client: Client, redis: RedisServer) -> None:
    redis.freeze()
    started = time.monotonic()
    try:
        assert states(client)["redis"] == "down"
    finally:
        redis.thaw()
    assert time.monotonic() - started < checks.PATIENCE


def test_it_asks_for_no_login_and_keeps_no_trace(client: Client) -> None:
    response = client.get("/healthz")

    assert not response.cookies
    assert "no-store" in response["Cache-Control"]


def test_it_calls_nobody_at_wazime(client: Client, wazime: Sandbox) -> None:
    wazime.add_fault("latency", seconds=0)
    client.get("/healthz")

    assert [rule["struck"] for rule in wazime.faults()["rules"]] == [0]


def test_it_only_reads(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
