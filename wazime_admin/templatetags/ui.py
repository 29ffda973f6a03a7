"""What templates need to show people, pictures and times."""

import zlib
from collections.abc import Hashable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from django import template
from django.conf import settings
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from wazime_admin.team.models import User
from wazime_admin.trouble import Trouble, Words

register = template.Library()

HUES = 8  # as many as components.css has


@register.filter
def initials(name: str | None) -> str:
    """One or two letters for an avatar, "" when the name has none (a number, an emoji)."""
    words = [word for word in (name or "").split() if word[0].isalpha()]
    ends = words[:1] + words[1:][-1:]
    return "".join(word[0] for word in ends).upper()


@register.filter
def hue(name: str | None) -> int:
    """The same colour (0 to 7) for the same name, on every page and every machine."""
    return zlib.crc32((name or "").encode(errors="replace")) % HUES


@register.filter
def picture(url: str | None) -> str:
    """`url` when it points to the WaziMe server's own pictures, as the CSP demands, else ""."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return (url or "") if f"{parts.scheme}://{parts.netloc}" == settings.WAZIME_ORIGIN else ""


def _locale() -> str:
    return to_locale(get_language() or settings.LANGUAGE_CODE)


# From here on Babel and app.js count days.
DAYS = timedelta(days=0.85)


def relative(moment: datetime) -> str:
    """ "3 min. ago" in the reader's language, as app.js goes on counting it.

    Days and more are written out: in Spanish a month's abbreviation reads like a minute's.
    """
    age = timezone.now() - moment
    if abs(age.total_seconds()) < 45:
        return _("now")
    return format_timedelta(
        -age,
        granularity="minute",
        format="short" if abs(age) < DAYS else "long",
        add_direction=True,
        locale=_locale(),
    )


@register.filter(expects_localtime=True)
def day(moment: date) -> str:
    """The date in words. By Babel: Django writes Portuguese months with a capital."""
    return format_date(moment, "long", locale=_locale())


@register.filter(expects_localtime=True)
def near_day(moment: datetime) -> str:
    """Today, Yesterday, or the date in words."""
    age = (timezone.localdate() - moment.date()).days
    return {0: _("Today"), 1: _("Yesterday")}.get(age) or day(moment)


@register.filter(expects_localtime=True)
def clock(moment: datetime) -> str:
    """The time of day in the reader's zone, with the day where that is another than today."""
    time = _time(moment, "short")
    today = timezone.localdate()
    if moment.date() == today:
        return time
    day_of = "MMMd" if moment.year == today.year else "yMMMd"
    return f"{format_skeleton(day_of, moment, tzinfo=moment.tzinfo, locale=_locale())}, {time}"


@register.filter(expects_localtime=True)
def second(moment: datetime) -> str:
    """The day and the time in digits, to the second, as what happened is written down."""
    return f"{format_date(moment, 'short', locale=_locale())} {seconds(moment)}"


@register.filter(expects_localtime=True)
def seconds(moment: datetime) -> str:
    """The time of day to the second."""
    return _time(moment, "medium")


def _time(moment: datetime, length: Literal["short", "medium"]) -> str:
    return format_time(moment, length, tzinfo=moment.tzinfo, locale=_locale())


@register.simple_tag
def once(template_name: str, **shown: Hashable) -> SafeString:
    """What a template makes of these values, rendered once in each language.

    It must depend on nothing else: not on who looks, on the request or on the time.
    """
    return _rendered(template_name, get_language(), frozenset(shown.items()))


@lru_cache(maxsize=2000)
def _rendered(
    template_name: str, language: str | None, shown: frozenset[tuple[str, Hashable]]
) -> SafeString:
    return render_to_string(template_name, dict(shown))


@register.filter
def cure_for(trouble: Trouble, person: User) -> Words:
    """What this person can do about a trouble."""
    return trouble.cure_for(person)


@register.inclusion_tag("components/_time.html")
def when(moment: datetime | None) -> dict[str, object]:
    """`<time>`: relative, with the exact time in the reader's zone on hover; nothing for None."""
    if moment is None:
        return {}
    local = timezone.localtime(moment)
    exact = f"{day(local)}, {_time(local, 'short')}"
    return {"moment": moment, "exact": exact, "relative": relative(moment)}


@register.simple_tag(takes_context=True)
def nav_item(
    context: RequestContext,
    url_name: str,
    icon: str,
    label: str,
    besides: str = "",
    also: str = "",
    badge: int | None = None,
    key: str = "",
) -> SafeString:
    """A link of the main navigation.

    besides: the page below this one that has a link of its own; also: one elsewhere that has none;
    badge: how much waits there; key: what keys.js goes there by.
    """
    url = reverse(url_name)
    path = context["request"].path
    is_below = path.startswith(url) and not (besides and path.startswith(reverse(besides)))
    current = is_below or bool(also and path.startswith(reverse(also)))
    shown = {"url": url, "icon": icon, "label": str(label), "current": current, "key": key}
    if url_name == "inbox:list":
        news = {"is_inbox": True, "news": context.get("news")}
        return render_to_string("components/_nav_item.html", shown | news)
    return once("components/_nav_item.html", badge=badge, **shown)
