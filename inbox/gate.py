"""The gate: closed by an answer after which every other send would fail the same way.

While it is closed nothing is claimed, and everybody sees why and what to do. When a harmless read
works again, exactly one message goes out as a test; its success opens the gate. Only an admin opens
it after a backup was restored (restoring.py): that WaziMe answers says nothing about the ledger.
"""

import logging
import math
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Now

from inbox.models import Attempt, Gate
from wazime_admin.trouble import Trouble, explain_cause
from wazime_admin.wazime import client
from wazime_admin.wazime.errors import Cause, Stopped, WaziMeError

logger = logging.getLogger(__name__)

# So many uncertain answers in a row, whatever was sent to whom, close the gate.
UNCERTAIN_RUN = 5
# After a test that failed the next waits, twice as long each time.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=10)
_OPEN: dict[str, Any] = {
    "closed_at": None,
    "opened_at": Now(),
    "testing": False,
    "test_attempt": None,
    "failed_tests": 0,
}


def closed() -> Gate | None:
    """The gate with its reason while it is closed, otherwise None."""
    return Gate.objects.filter(closed_at__isnull=False).first()


def trouble(gate: Gate) -> Trouble:
    """Why it is closed and what cures it, in words."""
    said = (gate.said,) if gate.said else ()
    return explain_cause(Cause(gate.cause), said=said, ip_address=gate.ip_address)


def probe() -> WaziMeError | None:
    """Let one message out as a test when a harmless read works again.

    Returns what the read met otherwise; a new reason to stop becomes the gate's.
    """
    due = Q(test_after__isnull=True) | Q(test_after__lte=Now())
    waiting = Gate.objects.filter(due, closed_at__isnull=False, testing=False)
    waiting = waiting.exclude(cause=Cause.RESTORED)
    if not waiting.exists():
        return None
    try:
        client().conversations(per_page=1)
    except WaziMeError as still:
        logger.info("The gate stays closed: %s", still)
        if isinstance(still, Stopped):
            said = " ".join(still.messages)
            waiting.update(cause=still.cause, said=said, ip_address=still.ip_address)
        return still
    waiting.update(testing=True, test_attempt=None)
    return None


def try_now() -> WaziMeError | None:
    """Probe at once, as an admin asks for who has cured the cause; after a restore, open it."""
    if Gate.objects.filter(_restored()).update(**_OPEN):
        logger.info("The gate is open again after a restore.")
        return None
    Gate.objects.update(test_after=None)
    return probe()


def room() -> float:
    """How many messages are worth trying to claim: any number, one as a test, or none."""
    shut = closed()
    if shut is None:
        return math.inf
    return 1 if Gate.objects.filter(_awaits_test()).exists() else 0


def lets_through(attempts: list[Attempt]) -> bool:
    """Whether these, claimed in the transaction under way, may go on: the gate is open, or there
    is but one and it is the test."""
    if not closed():
        return True
    if len(attempts) > 1:
        return False
    return bool(Gate.objects.filter(_awaits_test()).update(test_attempt=attempts[0]))


def _awaits_test() -> Q:
    return Q(closed_at__isnull=False, testing=True, test_attempt=None)


def note_success(attempt: Attempt) -> None:
    """WaziMe took or judged a message: no run of uncertain answers, and a test has succeeded."""
    Gate.objects.filter(uncertain_run__gt=0).update(uncertain_run=0)
    if Gate.objects.filter(test_attempt=attempt).update(**_OPEN):
        logger.info("The gate is open again.")


def note_delay(attempt: Attempt) -> None:
    """ "Not now" proves nothing: another message may be the test."""
    Gate.objects.filter(test_attempt=attempt).update(test_attempt=None)


def note_uncertain(attempt: Attempt, cause: str) -> None:
    """Five answers in a row that say nothing close it. A worker that died is no answer."""
    _row()
    if cause != Cause.PROCESS_DIED:
        Gate.objects.update(uncertain_run=F("uncertain_run") + 1)
    if _fail_test(attempt):
        return
    if Gate.objects.filter(uncertain_run__gte=UNCERTAIN_RUN).exists():
        _close(attempt.started_at, cause=cause)


def note_stop(attempt: Attempt, *, cause: str, said: str, ip_address: str) -> bool:
    """Close it. True when the attempt was the test, after a read that had worked."""
    _row()
    reason = {"cause": cause, "said": said, "ip_address": ip_address}
    if _fail_test(attempt, **reason):
        return True
    _close(attempt.started_at, **reason)
    return False


def epoch() -> UUID:
    """The ledger's; see restoring.py."""
    return _row().epoch


def begin_epoch(new: UUID) -> None:
    Gate.objects.update(epoch=new)


def lock() -> None:
    """Until the end of the transaction nobody else has the row."""
    _row()
    Gate.objects.select_for_update().get()


def close_restored() -> None:
    """Close it until an admin opens it, whatever else it was closed for."""
    _row()
    Gate.objects.exclude(_restored()).update(
        closed_at=Now(),
        cause=Cause.RESTORED,
        said="",
        ip_address="",
        testing=False,
        test_attempt=None,
        uncertain_run=0,
    )


def _restored() -> Q:
    return Q(closed_at__isnull=False, cause=Cause.RESTORED)


def _row() -> Gate:
    return Gate.objects.get_or_create(pk=1)[0]


def _close(begun: datetime, **reason: str) -> None:
    """Close it, unless the answer belongs to a send that began before the last opening."""
    old_news = Q(opened_at__gt=begun)
    changes = {"said": "", "ip_address": "", **reason}
    shut = Gate.objects.filter(closed_at__isnull=True).exclude(old_news)
    if shut.update(
        closed_at=Now(), testing=False, test_after=None, failed_tests=0, uncertain_run=0, **changes
    ):
        logger.error("The gate is closed: %s", reason["cause"])


def _fail_test(attempt: Attempt, **reason: str) -> bool:
    gate = Gate.objects.filter(test_attempt=attempt).first()
    if gate is None:
        return False
    pause = min(FIRST_PAUSE * 2 ** min(gate.failed_tests, 10), LONGEST_PAUSE)
    Gate.objects.filter(test_attempt=attempt).update(
        testing=False,
        test_attempt=None,
        failed_tests=F("failed_tests") + 1,
        test_after=Now() + pause,
        **reason,
    )
    return True
