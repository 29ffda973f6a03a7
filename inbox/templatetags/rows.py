"""A row of the inbox, rendered once for all who see the same."""

import time
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from wazime_admin.wazime.types import Conversation, Status

register = template.Library()


@register.simple_tag
def row(conversation: Conversation, listing: dict[str, Any]) -> SafeString:
    """One conversation of the list. listing: what _list.html shows."""
    is_open = conversation.id == listing["open_id"]
    reader = (get_language(), timezone.get_current_timezone_name())
    minute = int(time.time() // 60)  # it says "3 min. ago"
    return _rendered(conversation, listing["query"], listing["status"], is_open, reader, minute)


@lru_cache(maxsize=2000)
def _rendered(
    conversation: Conversation, query: str, status: Status | None, is_open: bool, *_: object
) -> SafeString:
    """Of what stands in here nothing may depend on anything but the arguments."""
    shown = {"conversation": conversation, "query": query, "status": status, "is_open": is_open}
    return render_to_string("inbox/_row.html", shown)
