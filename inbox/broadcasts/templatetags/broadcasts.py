"""What templates need to show how a broadcast goes."""

from datetime import datetime, timedelta

from babel.dates import format_skeleton, format_time, format_timedelta
from django import template
from django.utils import timezone
from django.utils.translation import get_language, to_locale

register = template.Library()


@register.filter
def lasting(end: datetime, begin: datetime) -> str:
    """How long it is from the one to the other, in words: "4 minutes"."""
    length = max(end - begin, timedelta(seconds=1))
    return format_timedelta(length, locale=_locale(), threshold=1.2)


@register.filter
def time_left(moment: datetime) -> str:
    """How long it is until then, in words."""
    return lasting(moment, timezone.now())


@register.filter
def since(moment: datetime) -> str:
    """How long it has been since then, in words."""
    return lasting(timezone.now(), moment)


@register.filter(expects_localtime=True)
def clock(moment: datetime) -> str:
    """The time of day in the reader's zone, with the day where that is another than today."""
    time = format_time(moment, "short", tzinfo=moment.tzinfo, locale=_locale())
    if moment.date() == timezone.localdate():
        return time
    return f"{format_skeleton('MMMd', moment, tzinfo=moment.tzinfo, locale=_locale())}, {time}"


def _locale() -> str:
    return to_locale(get_language() or "en")
