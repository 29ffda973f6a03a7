"""What will happen when a broadcast starts: until when it goes on, and what Meta allows a day."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from inbox.broadcasts.zones import awake

# To how many people a WhatsApp number may write first within 24 hours, by its level. Above the last
# there is no limit. https://developers.facebook.com/docs/whatsapp/messaging-limits
LEVELS = (250, 2_000, 10_000, 100_000)
DAY = 24 * 60 * 60  # seconds
# The quiet hours of every zone begin and end on such a step of the clock.
STEP = 15 * 60  # seconds


def end_of(zones: Mapping[str, int], *, rate: float, begin: datetime, quiet: bool) -> datetime:
    """When the last of them has been sent to, if nothing comes in between.

    zones: how many recipients there are in each time zone; rate: messages a second; quiet: whether
    the recipients' quiet hours are kept.
    """
    if not quiet:
        return begin + timedelta(seconds=sum(zones.values()) / rate)
    left: dict[str, float] = dict(zones)
    moment = begin
    while left:
        ready = awake(left, moment)
        until_step = STEP - moment.timestamp() % STEP
        count = sum(left[name] for name in ready)
        if len(ready) == len(left) and count <= rate * until_step:
            return moment + timedelta(seconds=count / rate)
        _send(left, ready, rate * until_step)
        moment += timedelta(seconds=until_step)
    return moment


def _send(left: dict[str, float], ready: list[str], room: float) -> None:
    """Take as many as there is room for from those who are ready."""
    for name in ready:
        sent = min(left[name], room)
        room -= sent
        left[name] -= sent
        if left[name] <= 0:
            del left[name]


def most_a_day(recipients: int, rate: float) -> int:
    """How many people at most get the message within 24 hours."""
    return min(recipients, math.ceil(rate * DAY))


def level_needed(people: int) -> int | None:
    """The least of Meta's levels that lets a number write to so many people a day; None when it
    takes the one without a limit."""
    return next((level for level in LEVELS if people <= level), None)
