"""How WhatsApp shows what is sent."""

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

VARIABLE = re.compile(r"(\{\{\s*\w{1,50}\s*\}\})")


@register.filter
def variables(text: str) -> SafeString:
    """A template's text with `{{1}}` and the like marked."""
    parts = VARIABLE.split(text)  # every second one is a variable
    marked = [
        (format_html('<mark class="variable">{}</mark>', part) if position % 2 else part,)
        for position, part in enumerate(parts)
    ]
    return format_html_join("", "{}", marked)
