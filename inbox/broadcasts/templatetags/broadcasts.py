"""What templates need to show how a broadcast goes."""

from datetime import datetime, timedelta

from babel.dates import format_timedelta
from django import template
from django.utils import timezone

from wazime_admin.templatetags.ui import locale

register = template.Library()


@register.filter
def lasting(end: datetime, begin: datetime) -> str:
    """How long it is from the one to the other, in words: "4 minutes"."""
    length = max(end - begin, timedelta(seconds=1))
    return format_timedelta(length, locale=locale(), threshold=1.2)


@register.filter
def time_left(moment: datetime) -> str:
    """How long it is until then, in words."""
    return lasting(moment, timezone.now())


@register.filter
def since(moment: datetime) -> str:
    """How long it has been since then, in words."""
    return lasting(timezone.now(), moment)
