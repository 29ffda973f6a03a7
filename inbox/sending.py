"""How a queued message goes out: claim, call, settle. The only code that sends.

The promise is that nothing is ever sent twice by itself. It rests on the claim: one conditional
UPDATE, durable before the first byte leaves, that only one worker can win. After it, whatever
happens to this process, the row is never again `queued` without an outcome that proves the message
did not leave, or a person's decision.
"""

import os
import random
import socket
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from inbox import gate
from inbox.models import UNFINISHED, Attempt, Gate, Message, Outcome, State
from wazime_admin.wazime import client
from wazime_admin.wazime.errors import Cause, NotNow, Rejected, Stopped, WaziMeError
from wazime_admin.wazime.transport import SEND
from wazime_admin.wazime.types import Sent

# A claim outlives the deadline of the exchange, so that a slow answer still finds its row.
CLAIM = timedelta(seconds=SEND.total + 30)
# A row that no worker has taken this long after the nudge: the task got lost with its broker.
TASK_LOST = timedelta(seconds=30)
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds between attempts after "not now"
RAW_KEPT = 4000  # characters of an answer
SWEPT_AT_ONCE = 500  # rows


def deliver(*, message_id: int) -> Message | None:
    """Send one message if it is its turn and nobody else has it; return its row, None if not."""
    attempt = _claim(message_id)
    if attempt is None:
        return None
    _settle(attempt, _call(attempt.message))
    return attempt.message


def due_messages() -> list[int]:
    """The ids of queued messages that a worker must be told of, oldest first."""
    if gate.closed():
        return []
    waiting = Message.objects.filter(_may_be_claimed()).filter(
        Q(nudged_at__isnull=True) | Q(nudged_at__lt=Now() - TASK_LOST)
    )
    return list(waiting.order_by("id").values_list("id", flat=True)[:SWEPT_AT_ONCE])


def next_due(*, number: str) -> list[int]:
    """The id of the message to this number whose turn it is now, if there is one."""
    waiting = Message.objects.filter(_may_be_claimed(), number=number)
    return list(waiting.order_by("id").values_list("id", flat=True)[:1])


def mark_nudged(message_ids: list[int]) -> None:
    if not message_ids:
        return
    Message.objects.filter(id__in=message_ids, state=State.QUEUED).update(nudged_at=Now())


def expire_claims() -> int:
    """Turn claims that ran out into `uncertain`: their process died with the message in hand."""
    expired = Message.objects.filter(state=State.SENDING, claimed_until__lt=Now())
    died = _Result(Outcome.UNCERTAIN, cause=Cause.PROCESS_DIED)
    attempts = Attempt.objects.select_related("message").filter(message__in=expired, ended_at=None)
    for attempt in attempts:
        _settle(attempt, died)
    return len(attempts)


@dataclass(frozen=True)
class _Result:
    outcome: Outcome
    cause: str = ""
    said: str = ""
    raw: str = ""
    http_status: int | None = None
    retry_after: float | None = None
    stopped: Stopped | None = None


def _may_be_claimed() -> Q:
    """Queued, due, and behind nothing: what people write to one customer goes out in order."""
    ahead = Message.objects.filter(
        number=OuterRef("number"), id__lt=OuterRef("id"), state__in=UNFINISHED
    )
    due = Q(not_before__isnull=True) | Q(not_before__lte=Now())
    return Q(state=State.QUEUED) & due & ~Q(Exists(ahead))


def _claim(message_id: int) -> Attempt | None:
    closed = Gate.objects.filter(closed_at__isnull=False)
    with transaction.atomic(durable=True):
        claimed = (
            Message.objects.filter(_may_be_claimed(), pk=message_id)
            .exclude(Exists(closed))
            .update(
                state=State.SENDING,
                attempt_number=F("attempt_number") + 1,
                claimed_until=Now() + CLAIM,
            )
        )
        if not claimed:
            return None
        message = Message.objects.get(pk=message_id)
        worker = f"{socket.gethostname()}:{os.getpid()}"
        return Attempt.objects.create(
            message=message, number=message.attempt_number, worker=worker[:100]
        )


def _call(message: Message) -> _Result:
    form = [
        ("mobile_code", message.mobile_code),
        ("mobile", message.mobile),
        ("message", message.text),
    ]
    if message.from_number:
        form.append(("from_number", message.from_number))
    try:
        return _succeeded(client().send_message(form))
    except WaziMeError as error:
        return _failed(error)


def _succeeded(sent: Sent) -> _Result:
    return _Result(Outcome.SENT, raw=sent.raw[:RAW_KEPT])


def _failed(error: WaziMeError) -> _Result:
    outcome = {
        Rejected: Outcome.REJECTED,
        NotNow: Outcome.NOT_NOW,
        Stopped: Outcome.STOPPED,
    }.get(type(error), Outcome.UNCERTAIN)
    return _Result(
        outcome,
        cause=error.cause,
        said=" ".join(error.messages),
        raw=(error.raw or error.detail)[:RAW_KEPT],
        http_status=error.status,
        retry_after=error.retry_after if isinstance(error, NotNow) else None,
        stopped=error if isinstance(error, Stopped) else None,
    )


def _settle(attempt: Attempt, result: _Result) -> None:
    """Write down how an attempt ended, and move its message on.

    Only its own attempt: a message that has moved to another attempt stays as it is. An answer
    that comes after the claim ran out still settles an uncertain message that nobody has decided.
    """
    if result.stopped:
        gate.close(result.stopped, attempt_started_at=attempt.started_at)
    with transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(
            ended_at=Now(),
            outcome=result.outcome,
            cause=result.cause,
            said=result.said,
            raw=result.raw,
            http_status=result.http_status,
        )
        mine = Message.objects.filter(pk=attempt.message_id, attempt_number=attempt.number)
        if result.outcome in (Outcome.NOT_NOW, Outcome.STOPPED):
            mine.filter(state=State.SENDING).update(
                state=State.QUEUED, nudged_at=None, not_before=Now() + _wait(attempt, result)
            )
        else:
            open_states = [State.SENDING]
            if result.outcome in (Outcome.SENT, Outcome.REJECTED):
                open_states.append(State.UNCERTAIN)
            mine.filter(state__in=open_states).update(
                state=State(result.outcome.value), finished_at=Now(), claimed_until=None
            )


def _wait(attempt: Attempt, result: _Result) -> timedelta:
    """How long to wait after "not now": exponential with full jitter, never less than asked."""
    if result.outcome is Outcome.STOPPED:
        return timedelta(0)  # the gate holds it back
    backoff = min(FIRST_WAIT * 2 ** min(attempt.number - 1, 10), LONGEST_WAIT)
    jittered = backoff * (0.5 + random.random() / 2)  # noqa: S311 (no secret)
    return timedelta(seconds=max(jittered, result.retry_after or 0.0))
