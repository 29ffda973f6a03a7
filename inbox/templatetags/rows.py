"""A row of the inbox, rendered once for all who see the same."""

import time
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from wazime_admin.templatetags.ui import once
from wazime_admin.wazime.types import Conversation

register = template.Library()


@register.simple_tag
def row(conversation: Conversation, listing: dict[str, Any]) -> SafeString:
    """One conversation of the list. listing: what _list.html shows."""
    return once(
        "inbox/_row.html",
        conversation=conversation,
        query=listing["query"],
        status=listing["status"],
        is_open=conversation.id == listing["open_id"],
        is_new=conversation.id in listing["unseen"],
        # Its times: "3 min. ago", and the exact one.
        minute=int(time.time() // 60),
        zone=timezone.get_current_timezone_name(),
    )
