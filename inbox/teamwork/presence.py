"""Who else has a conversation before them right now, and who of them is answering.

Kept in Redis alone, for some seconds: what a poll does not renew is gone by itself. Without Redis
nobody knows, and nothing else is different.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis import Redis, RedisError

from wazime_admin.cache import RestingRedis
from wazime_admin.team.models import User

# A page tells every 5 seconds; one that is late or lost makes nobody vanish.
HERE = 15  # seconds

# Writes the person down if ARGV[2] says something, and returns all with their ages. One round trip,
# on one clock.
_LOOK = """
local now = redis.call('TIME')[1]
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return {now, redis.call('HGETALL', KEYS[1])}
"""


@dataclass(frozen=True)
class Company:
    """The names of the others, in order. Who is writing does not stand among who is looking."""

    looking: tuple[str, ...] = ()
    writing: tuple[str, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """What they are doing."""
        said = []
        if self.writing:
            words = ngettext(
                "%(names)s is writing an answer.",
                "%(names)s are writing an answer.",
                len(self.writing),
            )
            said.append(words % {"names": _list(self.writing)})
        if self.looking:
            words = ngettext(
                "%(names)s is looking at this.",
                "%(names)s are looking at this.",
                len(self.looking),
            )
            said.append(words % {"names": _list(self.looking)})
        return said

    @property
    def warning(self) -> str:
        """For whoever is about to answer, too; empty when nobody else is writing."""
        if not self.writing:
            return ""
        words = ngettext(
            "%(names)s is writing an answer, too: the customer may get two.",
            "%(names)s are writing an answer, too: the customer may get several.",
            len(self.writing),
        )
        return words % {"names": _list(self.writing)}


def look(*, conversation_id: int, person: User, is_looking: bool, is_writing: bool) -> Company:
    """Who else is here; others see this person too if they are looking."""
    entry = json.dumps([person.display_name, is_writing]) if is_looking else ""
    try:
        now, stored = _redis(settings.REDIS_URL).eval(
            _LOOK, 1, f"wazime:presence:{conversation_id}", str(person.pk), entry, str(HERE)
        )
    except RedisError:
        return Company()
    pairs = zip(stored[::2], stored[1::2], strict=True)
    others = [entry for key, entry in pairs if int(key) != person.pk]
    here = sorted(_entry(each) for each in others if int(now) - int(each.split()[0]) < HERE)
    return Company(
        looking=tuple(name for name, is_writing in here if not is_writing),
        writing=tuple(name for name, is_writing in here if is_writing),
    )


def _entry(stored: bytes) -> tuple[str, bool]:
    name, is_writing = json.loads(stored.split(b" ", 1)[1])
    return name, is_writing


def _list(names: tuple[str, ...]) -> str:
    return get_text_list(list(names), _("and"))


@cache
def _redis(url: str) -> Any:
    redis: Redis = RestingRedis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    return redis
