"""The Procfile's programs as systemd and containers run them: prepared once, each on its own."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest
import requests

from tests.redis_server import RedisServer
from tests.sandbox_server import CLIENT_ID, CLIENT_SECRET, Sandbox
from tests.settings import ROOT
from tests.stack import environment, free_port
from tests.waiting import eventually

ADMIN, PASSWORD = "carla", "a-good-password-7f3a"
# Longer than a busy machine needs for anything here, in seconds.
PATIENCE = 90


class Programs:
    """A live installation of `code` in `folder`, with a WaziMe and a Redis of its own."""

    def __init__(self, folder: Path, sandbox: Sandbox, code: Path = ROOT) -> None:
        self.code = code
        self.sandbox = sandbox
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "db.sqlite3"
        self.log = folder / "programs.log"
        self.env = environment(
            DATA_DIR=str(folder),  # where the Redis listens too
            PORT=str(self.port),
            WAZIME_BASE_URL=sandbox.base_url,
            WAZIME_CLIENT_ID=CLIENT_ID,
            WAZIME_CLIENT_SECRET=CLIENT_SECRET,
            SECRET_KEY="a-long-random-text-of-its-own-that-nobody-else-has-7f3a",
            DJANGO_SUPERUSER_USERNAME=ADMIN,
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        )
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self) -> Self:
        command = [sys.executable, "manage.py", "prepare"]
        subprocess.run(command, cwd=self.code, env=self.env, check=True)
        return self

    def start(self, name: str) -> None:
        """In a process group of its own, as systemd's are."""
        with self.log.open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "manage.py", "start", name],
                cwd=self.code,
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, name: str, tell: Callable[[int, int], None] = os.kill) -> int:
        """As `docker stop` does, and systemd with KillMode=mixed; the exit code."""
        tell(self.running[name].pid, signal.SIGTERM)
        return self.running.pop(name).wait(timeout=PATIENCE)

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/accounts/login/", timeout=5).ok
        except requests.RequestException:
            return False

    def logged_in(self) -> requests.Session:
        person = requests.Session()
        login = f"{self.url}/accounts/login/"
        person.get(login, timeout=30)
        answer = person.post(login, {"login": ADMIN, "password": PASSWORD, **token(person)})
        assert "sessionid" in person.cookies, answer.text
        return person

    def states(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as database:
            rows = database.execute("SELECT state FROM inbox_message ORDER BY id")
            return [state for (state,) in rows]


def token(person: requests.Session) -> dict[str, str]:
    return {"csrfmiddlewaretoken": person.cookies["csrftoken"]}


def write_a_message(programs: Programs) -> None:
    """In the first conversation that has a composer."""
    person = programs.logged_in()
    inbox = person.get(f"{programs.url}/inbox/", timeout=30).text
    for path in re.findall(r'href="(/inbox/\d+/)', inbox):
        if "send_id" in person.get(programs.url + path, timeout=30).text:
            message = {"send_id": str(uuid.uuid4()), "message": "On its way", **token(person)}
            answer = person.post(f"{programs.url}{path}messages/", message, timeout=30)
            assert answer.ok, answer.text
            return
    raise LookupError("no conversation can be written to")


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    folder = tmp_path / "data"
    folder.mkdir()
    with Sandbox() as sandbox, RedisServer(folder):
        programs = Programs(folder, sandbox).prepare()
        yield programs
        for name in list(programs.running):
            programs.stop(name)


def test_preparing_can_be_repeated_and_makes_the_first_admin(programs: Programs) -> None:
    programs.prepare()

    with closing(sqlite3.connect(programs.database)) as database:
        users = database.execute("SELECT username, role FROM team_user").fetchall()
    assert users == [(ADMIN, "admin")]


def test_preparing_says_in_one_sentence_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=ROOT,
        env=environment(DATA_DIR=str(tmp_path / "file" / "data")),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert f"DATA_DIR {tmp_path / 'file' / 'data'} cannot be used" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_worker_that_is_stopped_finishes_its_send(programs: Programs) -> None:
    for name in ("web", "worker"):
        programs.start(name)
    assert eventually(programs.answers, PATIENCE)
    programs.sandbox.add_fault("slow_answer", endpoints=["inbox/send-message"], seconds=3)
    write_a_message(programs)
    assert eventually(lambda: programs.states() == ["sending"], PATIENCE)

    assert programs.stop("worker") == 0

    assert programs.states() == ["sent"]
    assert len(programs.sandbox.accepted()) == 1


@pytest.mark.parametrize("whom", [os.kill, os.killpg])
def test_a_web_that_is_stopped_finishes_its_request(
    programs: Programs, whom: Callable[[int, int], None]
) -> None:
    """Whether the first process is told, or as by systemd's default each of them."""
    programs.start("web")
    assert eventually(programs.answers, PATIENCE)
    person = programs.logged_in()
    answers: list[requests.Response] = []
    programs.sandbox.add_fault("slow_answer", endpoints=["contact/list"], seconds=4, times=1)

    def ask() -> None:
        answers.append(person.get(f"{programs.url}/contacts/?search=unread", timeout=PATIENCE))

    asking = threading.Thread(target=ask)
    asking.start()
    assert eventually(lambda: programs.sandbox.faults()["rules"][0]["struck"], PATIENCE)

    programs.stop("web", whom)
    asking.join()

    assert answers[0].status_code == 200
    assert "</html>" in answers[0].text
