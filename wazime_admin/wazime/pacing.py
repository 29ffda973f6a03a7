"""The shared send rate: token buckets in Redis, for all workers on all machines.

One bucket for the installation (`WAZIME_SEND_RATE`), one per recipient: Meta lets about one message
per 6 seconds through to the same person, and bursts of up to 45 borrow from that.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache

from django.conf import settings
from redis import Redis, RedisError
from redis.commands.core import Script

PAIR_RATE, PAIR_BURST = 1 / 6, 45  # messages a second, messages
# A reply does not wait for tokens that a broadcast has taken: it borrows up to this many seconds'.
OVERDRAFT = 30.0

# A broadcast may save up this many seconds' worth of its rate.
BURST = 0.5
_ACCOUNT = "wazime:pace:account"
_HELD = "wazime:pace:broadcasts-held"

# Each bucket is {tokens, moment}; ARGV holds rate, capacity and the least that may be left for
# each. All are taken from or none. Answers the seconds to wait, "0" when the tokens were taken.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local wait, left = 0, {}
for i, key in ipairs(KEYS) do
  local rate, capacity, least = ARGV[3*i-2] + 0, ARGV[3*i-1] + 0, ARGV[3*i] + 0
  local bucket = redis.call('HMGET', key, 'tokens', 'moment')
  local tokens, moment = tonumber(bucket[1] or capacity), tonumber(bucket[2] or now)
  tokens = math.min(capacity, tokens + math.max(0, now - moment) * rate) - 1
  left[i] = tokens
  if tokens < least then wait = math.max(wait, (least - tokens) / rate) end
end
if wait > 0 then return tostring(wait) end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'tokens', tostring(left[i]), 'moment', tostring(now))
  redis.call('EXPIRE', key, 3600)
end
return '0'
"""

# KEYS: two buckets, and what holds all broadcasts off while it exists. ARGV: how many at most, then
# rate and capacity of each bucket. Answers how many were taken.
_TAKE_SOME = """
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local taken, left = ARGV[1] + 0, {}
for i = 1, 2 do
  local key = KEYS[i]
  local rate, capacity = ARGV[2*i] + 0, ARGV[2*i+1] + 0
  local bucket = redis.call('HMGET', key, 'tokens', 'moment')
  local tokens, moment = tonumber(bucket[1] or capacity), tonumber(bucket[2] or now)
  left[i] = math.min(capacity, tokens + math.max(0, now - moment) * rate)
  taken = math.max(0, math.min(taken, math.floor(left[i])))
end
for i = 1, 2 do
  local key = KEYS[i]
  redis.call('HSET', key, 'tokens', tostring(left[i] - taken), 'moment', tostring(now))
  redis.call('EXPIRE', key, 3600)
end
return taken
"""


def take_for_reply(number: str) -> float:
    """Take the tokens for one reply to `number`; 0, or the seconds to wait when there are none.

    Raises RedisError: without the bucket nobody knows how fast the others are sending.
    """
    rate = settings.WAZIME_SEND_RATE
    return _take(
        (_ACCOUNT, rate, max(rate, 1.0), -OVERDRAFT * rate),
        (f"wazime:pace:to:{number}", PAIR_RATE, PAIR_BURST, 0.0),
    )


def take_for_broadcast(broadcast_id: int, *, rate: float, at_most: int) -> int:
    """Take the tokens for up to `at_most` messages of a broadcast; how many there were.

    rate: messages a second that this broadcast may use. It gets what replies have left over.
    Raises RedisError.
    """
    total = settings.WAZIME_SEND_RATE
    taken = _script(settings.REDIS_URL, _TAKE_SOME)(
        keys=[_ACCOUNT, _of_broadcast(broadcast_id), _HELD],
        args=[at_most, total, max(total, 1.0), rate, max(rate * BURST, 1.0)],
    )
    return int(taken)


def hold_broadcasts(seconds: float) -> None:
    """No broadcast gets tokens for so long: WaziMe asked for fewer calls, or cannot be reached."""
    with suppress(RedisError):  # without it nothing is sent at all
        redis, milliseconds = _redis(settings.REDIS_URL), max(1, int(seconds * 1000))
        if redis.pttl(_HELD) < milliseconds:
            redis.set(_HELD, 1, px=milliseconds)


def give_back(broadcast_id: int, count: int) -> None:
    """Tokens that no message could be found for."""
    if not count:
        return
    redis = _redis(settings.REDIS_URL)
    for key in (_ACCOUNT, _of_broadcast(broadcast_id)):
        redis.hincrbyfloat(key, "tokens", count)


def shares(total: float, wanted: Mapping[int, float]) -> dict[int, float]:
    """A rate divided fairly: what one does not want is there for the others (max-min fairness)."""
    divided: dict[int, float] = {}
    for place, (key, want) in enumerate(sorted(wanted.items(), key=lambda item: item[1])):
        divided[key] = min(want, total / (len(wanted) - place))
        total -= divided[key]
    return divided


def _of_broadcast(broadcast_id: int) -> str:
    return f"wazime:pace:broadcast:{broadcast_id}"


def _take(*buckets: tuple[str, float, float, float]) -> float:
    """buckets: key, rate a second, capacity, and the least that may be left in it."""
    answer = _script(settings.REDIS_URL, _TAKE)(
        keys=[key for key, *_ in buckets],
        args=[number for _, *numbers in buckets for number in numbers],
    )
    return float(answer)


@cache
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2)


@cache
def _script(url: str, code: str) -> Script:
    return _redis(url).register_script(code)
