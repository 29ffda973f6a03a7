"""The whole dashboard in processes of its own, for tests: `with Stack(folder) as stack:`."""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

import psycopg

from tests import postgres_server
from tests.settings import ROOT, SETTING_NAMES

COMMAND = [sys.executable, "manage.py", "run"]
# What stands in the command line of each program.
MARKS = {
    "web": " granian ",
    "worker": " celery,replies ",
    "broadcaster": " -Q broadcasts ",
    "beat": " beat ",
    "redis": "valkey-server",
    "sandbox": " sandbox ",
}


# Pairs of ports below those that Linux gives to connections, which could take one at any moment.
# Every process begins elsewhere and takes none twice: several may look for one at once.
_ports = deque(range(20_000, 32_000, 2))
_ports.rotate(random.randrange(len(_ports)))


def free_port() -> int:
    """A port that is free, as the next one is."""
    while True:
        _ports.rotate()
        with socket.socket() as first, socket.socket() as second, suppress(OSError):
            first.bind(("127.0.0.1", _ports[0]))
            second.bind(("127.0.0.1", _ports[0] + 1))
            return _ports[0]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with these settings and no others."""
    return {
        **os.environ,
        **dict.fromkeys(SETTING_NAMES, ""),
        "DJANGO_SETTINGS_MODULE": "wazime_admin.settings",
        **settings,
    }


def living(pids: Iterable[int]) -> list[int]:
    """Those of `pids` that still run (Linux only, as `Stack.pids`)."""
    return [pid for pid in pids if _status(pid)[0] not in {"", "Z"}]


def _status(pid: int) -> tuple[str, int]:
    """State and parent; ("", 0) when there is no such process. See proc(5)."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[:2]
    except OSError:
        return "", 0
    return state, int(parent)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


class Stack:
    """`python manage.py run` in `data_dir` on free ports, with these settings and no others."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        port = int(settings.setdefault("PORT", str(free_port())))
        self.url = f"http://127.0.0.1:{port}"
        self.sandbox_url = f"http://127.0.0.1:{port + 1}"
        self.log = data_dir.with_suffix(".log")
        database = postgres_server.new_database()
        self.settings = {"DATA_DIR": str(data_dir), "DATABASE_URL": database, **settings}
        self.database_url = database or f"sqlite:///{data_dir}/db.sqlite3"

    def start(self) -> Self:
        """Returns when everything answers; RuntimeError with its words when it does not."""
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                COMMAND,
                cwd=ROOT,
                env=environment(**self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while "is ready." not in self.output:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(self.output)
            time.sleep(0.05)
        return self

    @property
    def output(self) -> str:
        return self.log.read_text()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What its database says, past its processes."""
        connect = psycopg.connect if postgres_server.runs() else sqlite3.connect
        address = self.database_url.removeprefix("sqlite:///")
        with closing(connect(address)) as database:
            return database.execute(query).fetchall()

    def pids(self, name: str = "") -> list[int]:
        """The processes of one program (see MARKS), or of all, by age."""
        everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        parents = {pid: _status(pid)[1] for pid in everyone}
        found, looked_at = [], [self.process.pid]
        while looked_at:
            children = [pid for pid in parents if parents[pid] == looked_at[0]]
            looked_at = looked_at[1:] + children
            found += children
        return sorted(pid for pid in found if not name or MARKS[name] in _command(pid))

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends a signal to every process of one program; it is started again by itself."""
        for pid in self.pids(name):
            os.kill(pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends everything as a Ctrl-C does (SIGINT) or a system; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=200)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()
