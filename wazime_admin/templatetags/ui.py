"""What templates need to show people, pictures and times."""

import zlib
from collections.abc import Hashable
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Literal
from urllib.parse import urlsplit

from babel import Locale
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
# What _navigation.html links to.
SECTIONS = (
    *("inbox:list", "inbox:outbox", "contacts:list", "broadcasts:list"),
    *("templates", "reports:page", "team:list", "connection"),
)


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


def locale() -> str:
    """The reader's, as Babel knows it."""
    return to_locale(get_language() or settings.LANGUAGE_CODE)


@register.filter
def own_name(language: str) -> str:
    """A language's name in itself: "Português (Brasil)". Django's says "Português Brasileiro"."""
    name = Locale.parse(to_locale(language)).display_name or language
    return name[0].upper() + name[1:]


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
        locale=locale(),
    )


@register.filter(expects_localtime=True)
def day(moment: date) -> str:
    """The date in words. By Babel: Django writes Portuguese months with a capital."""
    return format_date(moment, "long", locale=locale())


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
    day_of = "MMMEd" if moment.year == today.year else "yMMMd"
    return f"{format_skeleton(day_of, moment, tzinfo=moment.tzinfo, locale=locale())}, {time}"


@register.filter(expects_localtime=True)
def second(moment: datetime) -> str:
    """The day and the time in digits, to the second, as what happened is written down."""
    return f"{format_date(moment, 'short', locale=locale())} {seconds(moment)}"


@register.filter(expects_localtime=True)
def seconds(moment: datetime) -> str:
    """The time of day to the second."""
    return _time(moment, "medium")


def _time(moment: datetime, length: Literal["short", "medium"]) -> str:
    return format_time(moment, length, tzinfo=moment.tzinfo, locale=locale())


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
    exact = _exact(timezone.localtime(moment), timezone.get_current_timezone_name(), locale())
    return {"moment": moment, "exact": exact, "relative": relative(moment)}


@lru_cache(maxsize=2000)
def _exact(local: datetime, zone: str, locale: str) -> str:
    """zone, locale: what makes one moment read differently; equal ones compare as one."""
    return f"{day(local)}, {_time(local, 'short')}"


@register.simple_tag(takes_context=True)
def section(context: RequestContext) -> str:
    """Which of the navigation's pages this one is, or stands below; empty when it is none."""
    path, sections = context["request"].path, _sections()
    above = [address for address in sections if path.startswith(address)]
    return sections[max(above, key=len)] if above else ""


@cache
def _sections() -> dict[str, str]:
    """By address: the URL's name. What has no place of its own in the navigation stands last."""
    return {reverse(name): name for name in SECTIONS} | {reverse("team:audit"): "team:list"}


@register.simple_tag(takes_context=True)
def pagination(
    context: RequestContext,
    number: int,
    last: int,
    total: int | None = None,
    target: str = "",
    path: str = "",
) -> SafeString:
    """The way to a list's other pages.

    number, last: counted from 1; total: rows of all pages; target: the element that htmx replaces;
    path: of the list where the page stands elsewhere.
    """

    def address(page: int) -> str:
        query = context["request"].GET.copy()
        query["page"] = str(page)
        return f"{path}?{query.urlencode()}"

    return once(
        "components/_pagination.html",
        number=number,
        last=last,
        total=total,
        target=target,
        previous=address(number - 1) if number > 1 else "",
        next=address(number + 1) if number < last else "",
    )
