"""The product with its rivals beside it, on the same server; each answer says what it took.

The rivals' pages pass the same middleware as the product's: they need a login, too.
"""

from pathlib import Path

from wazime_admin.settings import *  # noqa: F403
from wazime_admin.settings import INSTALLED_APPS, MIDDLEWARE, TEMPLATES

INSTALLED_APPS += ["django.contrib.admin"]
MIDDLEWARE.insert(0, "tests.bench.rivals.timing.server_timing")
ROOT_URLCONF = "tests.bench.rivals.urls"
TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")
