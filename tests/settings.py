"""The product's settings, as they are when nothing is set.

This machine's environment and .env play no part: a developer's live credentials must never be
used by a test.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

from tests import postgres_server

ROOT = Path(__file__).resolve().parent.parent
SETTING_NAMES = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

os.environ.update(dict.fromkeys(SETTING_NAMES, ""))
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="wazime-tests-")
Path(os.environ["DATA_DIR"], "static").mkdir()  # WhiteNoise looks there
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

postgres_server.start()
os.environ["DATABASE_URL"] = postgres_server.url("postgres") if postgres_server.runs() else ""

from wazime_admin.settings import *  # noqa: E402, F403
from wazime_admin.settings import DATABASES, STORAGES  # noqa: E402

# Static files need not be collected, and logging in need not be slow.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file: concurrent workers must meet the locks that they meet in production.
if not postgres_server.runs():
    DATABASES["default"]["TEST"] = {"NAME": f"{os.environ['DATA_DIR']}/test.sqlite3"}

os.environ["DATABASE_URL"] = ""  # what tests start gets a database of its own: see stack.py
