"""No crash at any moment sends a message twice or loses one without a trace."""

import subprocess
import sys
from pathlib import Path

from tests.stack import ROOT, environment, free_port


def chaos(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it against an installation of its own in `data_dir`."""
    port = free_port()
    settings = environment(
        DATA_DIR=str(data_dir),
        PORT=str(port),
        WAZIME_SEND_RATE="15",
        SANDBOX_AT=str(port + 1),
    )
    return subprocess.run(
        [sys.executable, "-m", "tests.chaos.run", *arguments],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=1200,
    )


def test_nothing_is_doubled_or_lost_while_workers_redis_and_database_fail(tmp_path: Path) -> None:
    run = chaos(tmp_path, "--messages", "500", "--kills", "20", "--locked", "30")

    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    assert "every promise was kept" in run.stdout
