"""The settings and their list, .env.example."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.settings import ROOT, SETTING_NAMES
from tests.stack import environment

SHOW = """
from wazime_admin import settings
print({n: repr(v) for n, v in vars(settings).items() if n.isupper() and n != "LANGUAGES"})
"""


def shown(**values: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env=environment(PYTHONHASHSEED="0", **values),
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_example_lists_every_setting() -> None:
    code = (ROOT / "wazime_admin" / "settings.py").read_text()
    assert set(re.findall(r'setting\(\s*[\w.]+,\s*"(\w+)"', code)) == set(SETTING_NAMES)


def test_the_example_as_it_is_changes_nothing() -> None:
    text = (ROOT / ".env.example").read_text()
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert any(example.values())
    assert shown(**example) == shown()


def test_tests_use_nothing_of_this_machine() -> None:
    assert all(not os.environ[name] for name in SETTING_NAMES if name != "DATA_DIR")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with this project's settings, for a .env of its own."""
    shutil.copy(ROOT / "manage.py", tmp_path)
    (tmp_path / "wazime_admin").mkdir()
    shutil.copy(ROOT / "wazime_admin" / "settings.py", tmp_path / "wazime_admin")
    return tmp_path


def started(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """What a command says that finds no settings but those of .env."""
    names = {*SETTING_NAMES, "DJANGO_SETTINGS_MODULE"}
    env = {name: value for name, value in os.environ.items() if name not in names}
    command = (sys.executable, *command)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_it_reads_what_the_file_says(elsewhere: Path) -> None:
    lines = ["# Ours", "", "   ", "HOST=127.0.0.2 ", "export WAZIME_PANEL_URL='http://ç/'"]
    lines += ["DJANGO_SUPERUSER_USERNAME=ana", "DJANGO_SUPERUSER_PASSWORD=$HOME"]
    lines += ["ALLOWED_HOSTS=a.example, b.example"]
    (elsewhere / ".env").write_text("\r\n".join(lines), "utf-8-sig")
    names = ["HOST", "WAZIME_PANEL_URL", "FIRST_ADMIN", "ALLOWED_HOSTS"]
    code = f"from wazime_admin import settings as s; print([getattr(s, n) for n in {names}])"

    ended = started(elsewhere, "-c", code)

    admin = {"username": "ana", "password": "$HOME", "email": ""}
    expected = ["127.0.0.2", "http://ç/", admin, ["a.example", "b.example"]]
    assert (ended.stdout.strip(), ended.stderr) == (str(expected), "")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "WAZIME_PANEL_URL=http://ç/\n".encode("latin-1"),
            ".env cannot be read: it must be a text file in UTF-8.",
        ),
        (b"HOST=127.0.0.1\nPORT 8000\n", "Line 2 of .env is not NAME=value."),
        (None, ".env cannot be read: it must be a text file in UTF-8."),
    ],
)
def test_it_refuses_a_file_that_it_does_not_understand(
    elsewhere: Path, content: bytes | None, sentence: str
) -> None:
    if content is None:
        (elsewhere / ".env").mkdir()
    else:
        (elsewhere / ".env").write_bytes(content)

    ended = started(elsewhere, "manage.py", "run")

    assert ended.stderr == f"Configuration: {sentence}\n"
    assert ended.returncode != 0
