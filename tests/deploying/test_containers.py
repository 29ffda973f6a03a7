"""Dockerfile and compose.yaml, as far as they can be tried without Docker."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploying.test_programs import PATIENCE, Programs
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from tests.settings import ROOT, SETTING_NAMES
from tests.stack import environment
from tests.waiting import eventually
from wazime_admin.run.programs import procfile
from wazime_admin.wazime.transport import SEND

SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
OURS = {name: it for name, it in SERVICES.items() if it.get("build")}
RUNNING = {name: it for name, it in OURS.items() if name != "prepare"}


def test_each_program_of_the_procfile_is_a_service() -> None:
    commands = {name: service["command"] for name, service in RUNNING.items()}
    assert commands == {name: ["start", name] for name in procfile()}


def test_it_sets_nothing_but_settings() -> None:
    for service in OURS.values():
        assert set(service["environment"]) <= set(SETTING_NAMES)


def test_a_send_in_flight_has_time_to_finish() -> None:
    for service in RUNNING.values():
        assert int(service["stop_grace_period"].removesuffix("s")) >= SEND.total + 10


def test_everything_waits_until_the_database_is_prepared() -> None:
    for service in RUNNING.values():
        waits = service["depends_on"]["prepare"]
        assert waits == {"condition": "service_completed_successfully"}
    assert OURS["prepare"]["restart"] == "no"


def test_nothing_runs_as_root_or_writes_anywhere_but_into_its_volume() -> None:
    assert re.findall(r"^USER (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE) == [
        "wazime"
    ]
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["volumes"] == ["data:/data"]


def test_nobody_outside_of_this_machine_reaches_it_without_the_proxy() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)


# --- What the image holds, run here -------------------------------------------------------------


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What .dockerignore lets into the image, built as the Dockerfile does."""
    folder = tmp_path / "app"
    folder.mkdir()
    for name in re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        if (ROOT / name).is_dir():
            leftovers = shutil.ignore_patterns("*.mo", "*.py[cod]", "__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=leftovers)
        else:
            shutil.copy(ROOT / name, folder)
    compile_catalogs = [sys.executable, "-B", "manage.py", "catalogs", "--compile"]
    env = environment(DATA_DIR=str(tmp_path / "build"))
    subprocess.run(compile_catalogs, cwd=folder, env=env, check=True)
    return folder


def test_the_image_is_enough_and_nothing_is_written_into_it(image: Path, tmp_path: Path) -> None:
    built, data = contents(image), tmp_path / "data"
    data.mkdir()
    health = RUNNING["web"]["healthcheck"]["test"][-1]
    with Sandbox() as sandbox, RedisServer(data):
        programs = Programs(data, sandbox, image)
        programs.env |= {"PYTHONDONTWRITEBYTECODE": "1", "ALLOWED_HOSTS": "desk.example.com"}
        programs.env["HOSTNAME"] = socket.gethostname()
        programs.prepare()

        def is_well(command: list[str]) -> bool:
            asked = subprocess.run(command, cwd=image, env=programs.env, capture_output=True)
            return asked.returncode == 0

        web = [sys.executable, "-c", health.replace(":8000", f":{programs.port}")]
        assert not is_well(web)
        try:
            for name in RUNNING:
                programs.start(name)
            assert eventually(lambda: is_well(web), PATIENCE)
            for name in ("worker", "broadcaster"):
                ping = RUNNING[name]["healthcheck"]["test"][-1].replace("$$", "$")
                assert eventually(lambda ping=ping: is_well(["sh", "-c", ping]), PATIENCE)  # type: ignore[misc]
        finally:
            codes = {name: programs.stop(name) for name in list(programs.running)}

    assert set(codes.values()) == {0}
    assert contents(image) == built
