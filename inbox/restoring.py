"""A database that went back in time: somebody restored a backup.

What waits in it may have gone out since the backup was made. So nothing of it goes out by itself:
the gate is closed until an admin opens it, and everything that is not final is `uncertain`.

Only what is kept outside the database can tell that it went back. That is a mark in Redis: the
highest attempt that was claimed. It belongs to the ledger's epoch (Gate.epoch), which begins anew
when a restored ledger has been dealt with: the marks of earlier epochs say nothing about it.
"""

import logging
from functools import cache
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now
from django.dispatch import Signal
from redis import Redis, RedisError

from inbox import gate
from inbox.models import UNFINISHED, Attempt, Gate, Message, Outcome, State
from wazime_admin.wazime.errors import Cause

logger = logging.getLogger(__name__)

# Sent in the transaction that begins anew: for what stands above the ledger.
restored = Signal()

AT_ONCE = 1000  # rows
# The mark of an epoch that has ended, beyond every attempt: a copy that was made in it, such as the
# one before a restore, is behind for ever.
ENDED = 2**53 - 1
# KEYS: the mark. ARGV: the attempt that it is raised to.
_RAISE = """
if (tonumber(redis.call('GET', KEYS[1])) or 0) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
end
"""


def went_back() -> bool:
    """Whether something was claimed in this epoch of which the ledger knows nothing.

    False too when there is no mark: that must not stop anybody. Raises RedisError.
    """
    return _is_ahead(gate.epoch())


def _is_ahead(epoch: UUID) -> bool:
    mark = _redis(settings.REDIS_URL).get(_key(epoch))
    # The ledger comes second: what others claim meanwhile must not look like something lost.
    return int(mark or 0) > _newest_attempt()


def mark(epoch: UUID, attempt_id: int) -> None:
    """Note outside the database that it has this attempt. The sweep does it again."""
    try:
        _redis(settings.REDIS_URL).eval(_RAISE, 1, _key(epoch), str(attempt_id))
    except RedisError as failure:
        logger.warning("Attempt %s leaves no mark: %s", attempt_id, failure)


def look() -> None:
    """Deal with a database that went back; otherwise keep the mark, also after Redis lost it."""
    epoch = safe_epoch()
    if epoch and (newest := _newest_attempt()):
        mark(epoch, newest)


def safe_epoch() -> UUID | None:
    """The epoch, where something may be claimed in it. None where the database went back, which is
    dealt with when this returns; and while Redis does not say, as one lost look would be enough to
    claim what has gone out, and to bring the ledger up to the mark with that."""
    epoch = gate.epoch()
    try:
        if not _is_ahead(epoch):
            return epoch
        with transaction.atomic():
            gate.lock()
            if went_back():  # still: of many who notice it one begins anew
                logger.error("The database went back in time: a backup was restored.")
                begin_anew()
    except RedisError as failure:
        logger.warning("Whether the database went back cannot be seen: %s", failure)
    return None


@transaction.atomic
def begin_anew() -> int:
    """Close the gate, turn everything that is not final into `uncertain`, begin a new epoch.

    All or nothing, however long it takes: half of it would look like a ledger that is up to date.
    Returns how many messages that were.
    """
    old = gate.epoch()
    gate.close_restored()
    restored.send(sender=Gate)
    count = last = 0
    while some := _doubt_some(after=last):
        count, last = count + len(some), some[-1]
    # Before the commit: should that fail, there is only something to deal with once more.
    mark(old, ENDED)
    gate.begin_epoch(uuid4())
    return count


def _doubt_some(*, after: int) -> list[int]:
    """Turn the next messages into `uncertain`, each with an attempt as evidence; their ids."""
    unfinished = Message.objects.filter(state__in=UNFINISHED, id__gt=after).order_by("id")
    rows = list(unfinished.select_for_update()[:AT_ONCE])
    ids = [row.pk for row in rows]
    waiting = [row for row in rows if row.state != State.SENDING]
    # An attempt that the backup does not have may have begun at any time since it was written.
    Attempt.objects.bulk_create(
        Attempt(message=row, number=row.attempt_number + 1, started_at=row.created_at)
        for row in waiting
    )
    Message.objects.filter(pk__in=[row.pk for row in waiting]).update(
        attempt_number=F("attempt_number") + 1
    )
    Attempt.objects.filter(message__in=ids, ended_at=None).update(
        ended_at=Now(), outcome=Outcome.UNCERTAIN, cause=Cause.RESTORED
    )
    Message.objects.filter(pk__in=ids).update(
        state=State.UNCERTAIN, finished_at=Now(), claimed_until=None
    )
    return ids


def _newest_attempt() -> int:
    return Attempt.objects.aggregate(newest=Max("id"))["newest"] or 0


def _key(epoch: UUID) -> str:
    return f"wazime:ledger:{epoch}"


@cache
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2)
