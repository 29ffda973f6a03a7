"""The rows of the inbox, rendered once for all who see the same."""

import time
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from wazime_admin.templatetags.ui import once
from wazime_admin.wazime.types import Conversation

register = template.Library()


@register.simple_tag
def rows(listing: dict[str, Any]) -> SafeString:
    """The conversations of the list, which is what _list.html shows."""
    reader = (
        get_language(),
        # Their times: "3 min. ago", and the exact one.
        timezone.get_current_timezone_name(),
        int(time.time() // 60),
    )
    conversations = listing["page"].rows
    beside = tuple(
        (
            row.id == listing["open_id"],
            row.id in listing["unseen"],
            listing["snoozed"].get(row.id),
            listing["last_texts"].get(row.id),
            listing["assignees"].get(row.id, ""),
        )
        for row in conversations
    )
    return _rows(conversations, beside, reader, query=listing["query"], status=listing["status"])


# What stands beside each conversation, by _row.html's names.
BESIDE = ("is_open", "is_new", "snoozed_until", "last", "assignee")


# Most people look at the same few pages; where one conversation has moved, the others are known.
@lru_cache(maxsize=100)
def _rows(
    conversations: tuple[Conversation, ...],
    beside: tuple[tuple[Hashable, ...], ...],
    reader: Hashable,
    **place: Hashable,
) -> SafeString:
    rendered = (
        once(
            "inbox/_row.html",
            conversation=row,
            reader=reader,
            **dict(zip(BESIDE, each, strict=True)),
            **place,
        )
        for row, each in zip(conversations, beside, strict=True)
    )
    return format_html_join("", "{}", ((row,) for row in rendered))
