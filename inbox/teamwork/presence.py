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

# Writes down what ARGV[1] shows if ARGV[2] says something, and returns what all show who were here
# in the last ARGV[3] seconds. One round trip, on one clock.
_LOOK = """
local now, key, here = tonumber(redis.call('TIME')[1]), KEYS[1], {}
if ARGV[2] ~= '' then
  redis.call('HSET', key, ARGV[1], now .. ' ' .. ARGV[2])
  redis.call('EXPIRE', key, ARGV[3])
end
local all = redis.call('HGETALL', key)
for place = 1, #all, 2 do
  local seen, entry = all[place + 1]:match('^(%d+) (.*)$')
  if now - tonumber(seen) < tonumber(ARGV[3]) then
    table.insert(here, entry)
  else
    redis.call('HDEL', key, all[place])
  end
end
return here
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
            "%(names)s is writing an answer: the customer may get two.",
            "%(names)s are writing an answer: the customer may get several.",
            len(self.writing),
        )
        return words % {"names": _list(self.writing)}


def look(
    *, conversation_id: int, person: User, tab: str | None = None, is_writing: bool = False
) -> Company:
    """Who else is here; others see this person, too, unless `tab` is None.

    tab: which of the person's: somebody who writes in one may have another open.
    """
    entry = json.dumps([person.pk, person.display_name, is_writing]) if tab is not None else ""
    key, field = f"wazime:presence:{conversation_id}", f"{person.pk} {tab}"
    try:
        stored = _redis(settings.REDIS_URL).eval(_LOOK, 1, key, field, entry, str(HERE))
    except RedisError:
        return Company()
    here = [json.loads(each) for each in stored]
    names = {pk: name for pk, name, _is_writing in here if pk != person.pk}
    writers = {pk for pk, _name, is_writing in here if is_writing}
    return Company(
        looking=tuple(sorted(name for pk, name in names.items() if pk not in writers)),
        writing=tuple(sorted(name for pk, name in names.items() if pk in writers)),
    )


def _list(names: tuple[str, ...]) -> str:
    return get_text_list(list(names), _("and"))


@cache
def _redis(url: str) -> Any:
    redis: Redis = RestingRedis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    return redis
