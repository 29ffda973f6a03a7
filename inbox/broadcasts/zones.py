"""Where a number is, and whether it is night there."""

from collections.abc import Iterable
from datetime import datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from django.conf import settings
from phonenumbers.timezone import time_zones_for_number

from contacts.numbers import Number

# Nothing goes out from the one to the other, by the recipient's clock.
QUIET_FROM, QUIET_UNTIL = time(21), time(8)


def zone_of(number: Number) -> str:
    """The IANA name of the number's time zone, by what phonenumbers knows of its area.

    Where a number may be in several, the one in the middle of them; where nobody knows, ours.
    """
    try:
        parsed = phonenumbers.parse(f"+{number.mobile_code}{number.mobile}")
    except phonenumbers.NumberParseException:
        return settings.TIME_ZONE
    return _middle(time_zones_for_number(parsed))


@lru_cache(maxsize=1000)
def _middle(names: tuple[str, ...]) -> str:
    known = [name for name in names if _zone(name)]
    if not known:
        return settings.TIME_ZONE
    noon = datetime(2026, 1, 1, 12)
    return sorted(known, key=lambda name: (str(noon.astimezone(_zone(name))), name))[
        len(known) // 2
    ]


def awake(zones: Iterable[str], moment: datetime) -> list[str]:
    """Those of the zones in which it is not quiet at that moment."""
    return [name for name in zones if not is_quiet(name, moment)]


def is_quiet(name: str, moment: datetime) -> bool:
    clock = moment.astimezone(_zone(name) or ZoneInfo(settings.TIME_ZONE)).time()
    return clock >= QUIET_FROM or clock < QUIET_UNTIL


@lru_cache(maxsize=1000)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
