"""`manage.py run` in real processes: starts, stops, survives, refuses."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.sandbox_server import Sandbox
from tests.settings import ROOT
from tests.stack import COMMAND, Stack, environment, free_port, living
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="finds processes in /proc")

# Longer than a busy machine needs for anything here, in seconds.
PATIENCE = 300
LIVE = {
    "WAZIME_BASE_URL": "http://127.0.0.1:9/external-api",  # nobody is there
    "WAZIME_CLIENT_ID": "live-id",
    "WAZIME_CLIENT_SECRET": "live-secret",
    "SECRET_KEY": "a-long-random-text-of-its-own-that-nobody-else-has-7f3a",
}
PUBLIC_ADMIN = {
    "DJANGO_SUPERUSER_USERNAME": "agent",
    "DJANGO_SUPERUSER_PASSWORD": "wazime-demo",
}


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


def open_to_others(folder: Path) -> list[Path]:
    """What in it, or itself, another user may look into; what everybody gets anyway aside."""
    paths = [folder, *folder.glob("*"), *folder.glob("redis/**/*")]
    return [p for p in paths if p.lstat().st_mode & 0o077 and p.name != "staticfiles.json"]


def message_states(stack: Stack) -> list[str]:
    return [state for (state,) in stack.rows("SELECT state FROM inbox_message")]


def write_a_message(stack: Stack) -> None:
    """As an agent does, in the first conversation that has a composer."""
    agent = requests.Session()
    login = f"{stack.url}/accounts/login/"
    agent.get(login, timeout=10)
    token = {"csrfmiddlewaretoken": agent.cookies["csrftoken"]}
    inbox = agent.post(
        login, {"login": "agent", "password": "wazime-demo", **token}, timeout=10
    ).text
    token = {"csrfmiddlewaretoken": agent.cookies["csrftoken"]}
    for path in re.findall(r'href="(/inbox/\d+/)', inbox):
        if "send_id" in agent.get(stack.url + path, timeout=10).text:
            message = {"send_id": str(uuid.uuid4()), "message": "On its way", **token}
            answer = agent.post(f"{stack.url}{path}messages/", message, timeout=10)
            assert answer.ok, answer.text
            return


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack") / "data") as stack:
        yield stack


class TestRunning:
    def test_it_answers_once_it_says_that_it_is_ready(self, stack: Stack) -> None:
        assert status(f"{stack.url}/accounts/login/") == 200
        assert status(f"{stack.sandbox_url}/") == 200

    def test_it_tells_the_addresses_and_the_demo_accounts(self, stack: Stack) -> None:
        for text in (stack.url, stack.sandbox_url, "agent / wazime-demo", "admin / wazime-demo"):
            assert text in stack.output

    def test_it_is_quiet_otherwise(self, stack: Stack) -> None:
        said = [line for line in stack.output.splitlines() if " | " in line]
        assert said == [f"sandbox | sandbox listening on {stack.sandbox_url}"]

    def test_it_serves_static_files_compressed_and_cacheable(self, stack: Stack) -> None:
        with urllib.request.urlopen(f"{stack.url}/accounts/login/", timeout=10) as page:
            path = page.read().decode().split('rel="stylesheet" href="')[1].split('"')[0]
        request = urllib.request.Request(stack.url + path, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert "immutable" in answer.headers["Cache-Control"]

    def test_it_keeps_its_data_from_other_users(self, stack: Stack) -> None:
        data = Path(stack.settings["DATA_DIR"])
        assert open_to_others(data) == []
        kept = {"sandbox.sqlite3", "redis", "run.lock"}
        if stack.database_url.startswith("sqlite:"):
            kept.add("db.sqlite3")
        assert kept <= {path.name for path in data.iterdir()}

    def test_it_serves_nothing_but_static_files(self, stack: Stack) -> None:
        public = Path(stack.settings["DATA_DIR"]) / "static"
        assert {path.name for path in (ROOT / "static").iterdir()} <= {
            path.name for path in public.iterdir()
        }
        assert [path for path in public.iterdir() if path.is_file()] == []

    def test_it_runs_in_a_folder_of_any_name(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        # A name as long as the test's has no room beside it: it is a socket's path, too.
        folder = tmp_path_factory.mktemp("any") / "it's 100% é?a;b=1#c,d+e&f"
        folder.mkdir(mode=0o755)
        with Stack(folder) as stack:
            write_a_message(stack)
            assert eventually(lambda: message_states(stack) == ["sent"], PATIENCE)
        assert open_to_others(folder) == []

    @pytest.mark.parametrize("name", ["web", "worker", "broadcaster", "beat", "redis", "sandbox"])
    def test_it_starts_a_program_again_that_was_killed(self, stack: Stack, name: str) -> None:
        before = stack.pids(name)
        os.kill(before[0], signal.SIGKILL)  # and not what it started
        assert eventually(lambda: stack.pids(name) and not living(before), PATIENCE)
        assert eventually(lambda: f"{name} ended by itself" in stack.output, PATIENCE)

    def test_it_answers_again_after_that(self, stack: Stack) -> None:
        def answers() -> bool:
            try:
                return status(f"{stack.url}/accounts/login/") == 200
            except OSError:
                return False

        assert eventually(answers, PATIENCE)


class TestStopping:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_it_leaves_no_process_behind(self, tmp_path: Path, number: signal.Signals) -> None:
        stack = Stack(tmp_path / "data").start()
        pids = stack.pids()
        assert len(pids) >= 7
        assert stack.stop(number) == 0
        assert living(pids) == []

    def test_a_second_ctrl_c_does_no_harm(self, tmp_path: Path) -> None:
        stack = Stack(tmp_path / "data").start()
        pids = stack.pids()
        stack.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert stack.stop(signal.SIGINT) == 0
        assert living(pids) == []
        assert "Traceback" not in stack.output

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_it_finishes_a_send_in_flight(self, tmp_path: Path, number: signal.Signals) -> None:
        with Stack(tmp_path / "data") as stack:
            sandbox = Sandbox()
            sandbox.url = stack.sandbox_url
            sandbox.add_fault("slow_answer", endpoints=["inbox/send-message"], seconds=3)
            write_a_message(stack)
            assert eventually(lambda: message_states(stack) == ["sending"], PATIENCE)
            stack.stop(number)
            assert message_states(stack) == ["sent"]

    def test_it_can_be_stopped_before_it_is_ready(self, tmp_path: Path) -> None:
        stack = Stack(tmp_path / "data")
        with stack.log.open("w") as log:
            stack.process = subprocess.Popen(
                COMMAND, cwd=ROOT, env=environment(**stack.settings), stdout=log, stderr=log
            )
        assert eventually(lambda: stack.pids("web"), PATIENCE), stack.output
        pids = stack.pids()
        assert stack.stop(signal.SIGINT) == 0
        assert living(pids) == []
        assert "is ready." not in stack.output

    def test_a_ctrl_c_before_anything_is_loaded_is_quiet(self, tmp_path: Path) -> None:
        slow = tmp_path / "django"
        slow.mkdir()
        (slow / "__init__.py").write_text(
            "import signal\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "signal.raise_signal(signal.SIGINT)\n"
        )
        env = environment() | {"PYTHONPATH": str(tmp_path)}
        ended = subprocess.run(COMMAND, cwd=ROOT, env=env, capture_output=True, text=True)
        assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")

    def test_it_leaves_no_orphan_when_it_is_killed_and_starts_again(self, tmp_path: Path) -> None:
        stack = Stack(tmp_path / "data").start()
        pids = stack.pids()
        stack.process.kill()
        stack.process.wait()
        with stack:  # at once: the earlier processes may still be ending
            assert living(pids) == []
            assert status(f"{stack.url}/accounts/login/") == 200

    def test_it_stops_when_the_make_that_started_it_is_killed(self, tmp_path: Path) -> None:
        stack = Stack(tmp_path / "data")
        command = f"{COMMAND[0]} manage.py run > {stack.log} 2>&1; true"
        make = subprocess.Popen(
            ["sh", "-c", command], cwd=ROOT, env=environment(MAKELEVEL="1", **stack.settings)
        )
        stack.process = make
        assert eventually(lambda: stack.log.exists() and "is ready." in stack.output, PATIENCE)
        pids = stack.pids()
        make.kill()
        make.wait()
        assert eventually(lambda: not living(pids), PATIENCE)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    first_admin = {
        "DJANGO_SUPERUSER_USERNAME": "carla",
        "DJANGO_SUPERUSER_PASSWORD": "a-good-password",
        "DJANGO_SUPERUSER_EMAIL": "carla@example.com",
    }
    with Stack(tmp_path_factory.mktemp("live") / "data", **LIVE, **first_admin) as stack:
        yield stack


class TestLive:
    def test_it_makes_the_first_admin_and_no_demo_account(self, live: Stack) -> None:
        users = live.rows("SELECT username, email, role FROM team_user")
        assert users == [("carla", "carla@example.com", "admin")]

    def test_it_runs_no_sandbox(self, live: Stack) -> None:
        assert live.pids("web")
        assert not live.pids("sandbox")
        assert live.sandbox_url not in live.output

    def test_it_shows_no_password(self, live: Stack) -> None:
        with urllib.request.urlopen(f"{live.url}/accounts/login/", timeout=10) as page:
            assert "wazime-demo" not in page.read().decode()
        assert "a-good-password" not in live.output
        assert "live-secret" not in live.output


def refusal(**settings: str) -> str:
    """What a start says that must fail: one sentence on stderr, and a code that is not 0."""
    ended = subprocess.run(
        COMMAND, cwd=ROOT, env=environment(**settings), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    return sentence


class TestRefusing:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"WAZIME_CLIENT_ID": "only-this"}, "WAZIME_CLIENT_SECRET is missing"),
            ({"WAZIME_CLIENT_SECRET": "only-this"}, "WAZIME_CLIENT_ID is missing"),
            ({**LIVE, "SECRET_KEY": ""}, "SECRET_KEY is missing"),
            ({"WAZIME_BASE_URL": "https://example.com/external-api"}, "WAZIME_CLIENT_ID"),
            ({"PORT": "eighty"}, "PORT has a value that cannot be read"),
            ({"PORT": "70000"}, "PORT must be from 1"),
            ({"HOST": "192.0.2.1"}, "cannot be used on 192.0.2.1"),
            ({"HOST": "no such host"}, "HOST no such host is not an address"),
            ({"DATABASE_URL": "postgres://u:hidden@127.0.0.1:9/x"}, "DATABASE_URL"),
            ({"DATABASE_URL": "nonsense"}, "DATABASE_URL must begin with"),
            ({"DATABASE_URL": "sqlite:////proc/nowhere/db"}, "unable to open database file"),
            ({"REDIS_URL": "redis://:hidden@127.0.0.1:9/0"}, "REDIS_URL does not answer"),
            ({"DATABASE_URL": "postgres://["}, "DATABASE_URL must look like"),
            ({"REDIS_URL": "nonsense"}, "REDIS_URL must look like"),
            ({"REDIS_URL": "redis://["}, "REDIS_URL must look like"),
            ({"REDIS_URL": "redis://:hidden@h:abc/0"}, "REDIS_URL must look like"),
            ({"REDIS_URL": "redis://127.0.0.1:9/abc"}, "REDIS_URL must look like"),
            ({"REDIS_URL": "redis://127.0.0.1:9/0?db=x"}, "REDIS_URL has an option"),
            ({**LIVE, "WAZIME_BASE_URL": "http://["}, "WAZIME_BASE_URL must begin with"),
            ({**LIVE, "WAZIME_BASE_URL": "http://"}, "WAZIME_BASE_URL must begin with"),
            ({"CSRF_TRUSTED_ORIGINS": "https://a.example,b.example"}, "CSRF_TRUSTED_ORIGINS must"),
            ({"MEDIA_STORAGE_URL": "s3://["}, "MEDIA_STORAGE_URL must look like"),
            ({"DEBUG": "maybe"}, "DEBUG has a value that cannot be read"),
            ({"DJANGO_SUPERUSER_USERNAME": "carla"}, "DJANGO_SUPERUSER_PASSWORD"),
            ({**LIVE, **PUBLIC_ADMIN}, "DJANGO_SUPERUSER_PASSWORD is the demo's public one"),
        ],
    )
    def test_a_wrong_setting(self, settings: dict[str, str], words: str, tmp_path: Path) -> None:
        needed = {"DATA_DIR": str(tmp_path), "PORT": str(free_port())}
        sentence = refusal(**{**needed, **settings})
        assert words in sentence
        assert "hidden" not in sentence

    @pytest.mark.parametrize("offset", [0, 1])
    def test_a_taken_port(self, tmp_path: Path, offset: int) -> None:
        port = free_port()
        with socket.create_server(("127.0.0.1", port + offset)):
            sentence = refusal(DATA_DIR=str(tmp_path), PORT=str(port))
        assert f"Port {port + offset}" in sentence
        assert "is taken by another program" in sentence

    def test_a_folder_that_cannot_be_written_to(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        folder = tmp_path / "file" / "data"
        assert f"DATA_DIR {folder} cannot be used" in refusal(DATA_DIR=str(folder))

    def test_a_file_where_a_folder_must_be(self, tmp_path: Path) -> None:
        (tmp_path / "redis").touch()
        sentence = refusal(DATA_DIR=str(tmp_path), PORT=str(free_port()))
        assert sentence == f"{tmp_path / 'redis'} cannot be used: File exists."

    def test_a_second_run_in_the_same_folder(self, stack: Stack) -> None:
        sentence = refusal(DATA_DIR=stack.settings["DATA_DIR"], PORT=str(free_port()))
        assert "already running" in sentence

    def test_live_with_the_demo_accounts(self, stack: Stack, tmp_path: Path) -> None:
        its_own = {"DATA_DIR": str(tmp_path), "PORT": str(free_port())}
        sentence = refusal(**its_own, DATABASE_URL=stack.database_url, **LIVE)
        assert "The demo's accounts (agent, admin)" in sentence
