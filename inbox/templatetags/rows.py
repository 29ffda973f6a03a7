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
    return _rows(
        listing["page"].rows,
        reader,
        listing["open_id"],
        frozenset(listing["unseen"]),
        frozenset(listing["assignees"].items()),
        query=listing["query"],
        status=listing["status"],
    )


# Most people look at the same few pages; where one conversation has moved, the others are known.
@lru_cache(maxsize=100)
def _rows(
    conversations: tuple[Conversation, ...],
    reader: Hashable,
    open_id: int | None,
    unseen: frozenset[int],
    assigned: frozenset[tuple[int, str]],
    **place: Hashable,
) -> SafeString:
    assignees = dict(assigned)
    rendered = (
        once(
            "inbox/_row.html",
            conversation=row,
            is_open=row.id == open_id,
            is_new=row.id in unseen,
            assignee=assignees.get(row.id, ""),
            reader=reader,
            **place,
        )
        for row in conversations
    )
    return format_html_join("", "{}", ((row,) for row in rendered))
