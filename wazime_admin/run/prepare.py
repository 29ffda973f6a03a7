"""What must be in order before anything is started; each mistake is told in one sentence."""

import errno
import fcntl
import hashlib
import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path

import redis
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import DatabaseError

from inbox.replies.demo import seed_demo_replies
from wazime_admin import catalogs
from wazime_admin.run.supervisor import StartError
from wazime_admin.team import accounts

# How long the processes of a run that was killed may take to follow it, in seconds.
AFTERMATH_SECONDS = 90


def prepare() -> int:
    """Check and set up everything for a run here; the open lock file, for the processes to hold
    too. Raises StartError.
    """
    lock = _lock_data_dir()
    _check_port("PORT", settings.HOST, settings.PORT)
    if settings.DEMO:
        _check_port("PORT + 1, for the sandbox,", "127.0.0.1", settings.SANDBOX_PORT)
    if not settings.REDIS_EMBEDDED:
        _check_redis()
    set_up()
    return lock


def set_up() -> None:
    """Bring translations, static files and the database up to date; can be repeated.

    Raises StartError.
    """
    _make_data_dir()
    catalogs.compile_catalogs()
    os.umask(0o077)  # from here on it is customers' data; all that is started inherits this
    _collect_static_files()
    _prepare_database()


def _lock_data_dir() -> int:
    """Keep a second run out. The lock dies with its last holder, so it cannot be left behind."""
    _make_data_dir()
    try:
        lock = os.open(settings.DATA_DIR / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable_data_dir(error) from error
    deadline = time.monotonic() + AFTERMATH_SECONDS
    while not _locked(lock):
        if _is_alive(os.pread(lock, 20, 0)):
            raise StartError(f"The dashboard is already running in {settings.DATA_DIR}.")
        if time.monotonic() > deadline:
            raise StartError("An earlier run was killed and is still finishing: try again soon.")
        time.sleep(0.1)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _make_data_dir() -> None:
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        _close_data_dir()
    except OSError as error:
        raise _unusable_data_dir(error) from error


def _unusable_data_dir(error: OSError) -> StartError:
    return StartError(f"DATA_DIR {settings.DATA_DIR} cannot be used: {error.strerror}.")


def _close_data_dir() -> None:
    """Let nobody else on this machine in, also where a person or an earlier version made it.

    A folder of somebody else or of everybody (sticky, as /tmp) stays: what is made in it is closed.
    """
    if not settings.DATA_DIR.stat().st_mode & stat.S_ISVTX:
        with suppress(PermissionError):
            settings.DATA_DIR.chmod(0o700)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: bytes) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _check_port(name: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((host, port))
    except socket.gaierror:
        raise StartError(f"HOST {host} is not an address of this machine.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"Port {port} ({name}) is taken by another program: set PORT to a free one."
            ) from error
        raise StartError(
            f"Port {port} ({name}) cannot be used on {host}: {error.strerror}."
        ) from error


def _check_redis() -> None:
    try:
        client = redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3)
        client.ping()
    except (ValueError, TypeError) as error:
        raise StartError(f"REDIS_URL has an option that is none: {error}") from error
    except redis.RedisError as error:
        raise StartError(f"The server of REDIS_URL does not answer: {error}") from error


def _collect_static_files() -> None:
    """Collect only when a file, or how files are stored, changed: compressing takes seconds."""
    sources = [
        (path, status.st_mtime_ns, status.st_size)
        for finder in get_finders()
        for path, storage in finder.list([])
        for status in [Path(storage.path(path)).stat()]
    ]
    state = hashlib.sha256(repr((settings.STORAGES, sorted(sources))).encode()).hexdigest()
    collected = settings.DATA_DIR / "collected"  # not among the files, which are public
    is_there = settings.STATIC_ROOT.exists() and collected.exists()
    if not is_there or collected.read_text() != state:
        call_command("collectstatic", verbosity=0, interactive=False)
        collected.write_text(state)


def _prepare_database() -> None:
    try:
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        if settings.DEMO:
            accounts.seed_demo_accounts()
            seed_demo_replies()
        else:
            _refuse_demo_accounts()
            accounts.create_first_admin()
    except DatabaseError as error:
        reason = str(error).strip().split("\n")[0]
        raise StartError(f"The database (DATABASE_URL) cannot be used: {reason}") from error


def _refuse_demo_accounts() -> None:
    if names := accounts.demo_accounts_in_use():
        raise StartError(
            f"The demo's accounts ({', '.join(names)}) are in this database with their public "
            "password: use a database or a DATA_DIR of its own for the live installation."
        )
