"""Fragments that poll answer 204 when they would show the same again.

A fragment carries its version in `hx-headers`; so nothing flickers, no focus or half-written text
is lost, and looking costs little.
"""

import hashlib

from django.http import HttpRequest


def version_of(*shown: object) -> str:
    """A short text that changes when what is shown changes."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def unchanged(request: HttpRequest, version: str) -> bool:
    return request.headers.get("X-Version") == version
