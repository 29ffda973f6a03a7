"""No crash at any moment sends a message twice or loses one without a trace."""

from pathlib import Path

from tests.chaos.installation import chaos


def test_nothing_is_doubled_or_lost_while_workers_redis_and_database_fail(tmp_path: Path) -> None:
    run = chaos(tmp_path, messages=500, kills=20, locked=30)

    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    assert "every promise was kept" in run.stdout


def test_a_broadcast_survives_killed_workers_and_stops_when_it_is_paused(tmp_path: Path) -> None:
    run = chaos(tmp_path, "broadcast", rate=80, recipients=3000, kills=10)

    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    assert "every promise was kept" in run.stdout
