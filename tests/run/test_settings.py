"""The settings and their list, .env.example."""

import os
import re
import subprocess
import sys

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
