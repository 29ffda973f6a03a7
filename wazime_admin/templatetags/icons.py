"""Heroicons' tags, each icon drawn once: the package builds its XML anew wherever it stands.

Stands for the package's own library, `{% load heroicons %}`, which is not installed.
"""

from contextlib import nullcontext
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from zipfile import ZipFile

import heroicons as package
from django import template
from heroicons.templatetags import heroicons

register = template.Library()


@cache
def _archive() -> ZipFile:
    """All icons. In memory, as processes that fork would share a file's position."""
    return ZipFile(BytesIO((files("heroicons") / "heroicons.zip").read_bytes()))


# The package reads the archive's directory of 1,300 entries again for each icon: most of the time
# of the first page that a process renders.
package.ZipFile = lambda *_: nullcontext(_archive())  # type: ignore[assignment, attr-defined]

for tag in (
    heroicons.heroicon_micro,
    heroicons.heroicon_mini,
    heroicons.heroicon_outline,
    heroicons.heroicon_solid,
):
    register.simple_tag(lru_cache(maxsize=500)(tag), name=tag.__name__)
