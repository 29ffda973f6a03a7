"""Heroicons' tags, each icon drawn once: the package builds its XML anew wherever it stands.

Takes the place of the package's own library, `{% load heroicons %}` (see TEMPLATES in settings).
"""

from functools import lru_cache

from django import template
from heroicons.templatetags import heroicons

register = template.Library()

for tag in (
    heroicons.heroicon_micro,
    heroicons.heroicon_mini,
    heroicons.heroicon_outline,
    heroicons.heroicon_solid,
):
    register.simple_tag(lru_cache(maxsize=500)(tag), name=tag.__name__)
