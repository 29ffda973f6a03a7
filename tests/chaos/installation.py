"""Where chaos reigns: an installation of its own, in processes of its own."""

import subprocess
import sys
from pathlib import Path

from tests import postgres_server
from tests.stack import ROOT, environment, free_port


def chaos(
    data_dir: Path, what: str = "run", rate: int = 15, **options: float
) -> subprocess.CompletedProcess[str]:
    """`python -m tests.chaos.run` (or another of its modules) in `data_dir`, with its options.

    rate: WAZIME_SEND_RATE.
    """
    port = free_port()
    settings = environment(
        DATA_DIR=str(data_dir),
        DATABASE_URL=postgres_server.new_database(),
        PORT=str(port),
        WAZIME_SEND_RATE=str(rate),
        SANDBOX_AT=str(port + 1),
    )
    arguments = [f"--{name}={value}" for name, value in options.items()]
    return subprocess.run(
        [sys.executable, "-m", f"tests.chaos.{what}", *arguments],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=1800,
    )
