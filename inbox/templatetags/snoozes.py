"""The times that are offered to snooze a conversation until."""

from datetime import datetime, time, timedelta
from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.forms import SnoozeForm

register = template.Library()

MORNING = time(9)
LATER = timedelta(hours=3)


@register.inclusion_tag("inbox/_snooze.html", takes_context=True)
def snooze_menu(context: RequestContext) -> dict[str, Any]:
    """The menu of the conversation whose status the page shows."""
    shown = {name: context[name] for name in ("conversation_id", "current", "snooze")}
    return {
        **shown,
        "choices": _choices(timezone.localtime()),
        "form": context.get("snooze_form") or SnoozeForm(auto_id="snooze_%s"),
    }


def _choices(now: datetime) -> list[tuple[str, datetime]]:
    """Names and times, without those that say the same as another or lie in another day."""
    later = (now + LATER).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    tomorrow = datetime.combine(now.date() + timedelta(days=1), MORNING, now.tzinfo)
    monday = datetime.combine(now.date() + timedelta(days=7 - now.weekday()), MORNING, now.tzinfo)
    choices = [
        (_("Later today"), later),
        (_("Tomorrow morning"), tomorrow),
        (_("Next Monday"), monday),
    ]
    return [
        (name, at)
        for name, at in choices
        if (at.date() == now.date()) == (at is later) and (at is not monday or at != tomorrow)
    ]
