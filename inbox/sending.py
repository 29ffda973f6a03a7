"""How a queued message goes out: pace, claim, call, settle. The only code that sends.

The promise is that nothing is ever sent twice by itself. It rests on the claim: one conditional
UPDATE, durable before the first byte leaves, that only one worker can win. After it, whatever
happens to this process, the row is never again `queued` without an outcome that proves the message
did not leave, or a person's decision.
"""

import logging
import os
import random
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from redis import RedisError

from inbox import gate, restoring
from inbox.content import api_form, file_field
from inbox.models import (
    NO_BROADCAST,
    UNFINISHED,
    Attempt,
    Kind,
    Media,
    Message,
    Outcome,
    State,
    media_storage,
)
from inbox.progress import Progress
from wazime_admin.wazime import client, counting, pacing
from wazime_admin.wazime.errors import Cause, NotNow, Rejected, Stopped, WaziMeError
from wazime_admin.wazime.transport import SEND, File
from wazime_admin.wazime.types import Sent

logger = logging.getLogger(__name__)

# A claim outlives the longest silence of an exchange, so that a slow answer still finds its row.
# An upload that makes progress renews it.
CLAIM = timedelta(seconds=SEND.total + 30)
# A row that no worker has taken this long after the nudge: the task got lost with its broker.
TASK_LOST = timedelta(seconds=30)
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds between attempts after "not now"
GIVE_UP = timedelta(hours=6)  # of waiting for "now"
# A message that closes the gate so often, each time after a read that worked, is itself the cause.
POISONOUS = 2
RAW_KEPT = 4000  # characters of an answer
SWEPT_AT_ONCE = 500  # rows
SETTLING = timedelta(minutes=2)  # how long to insist on writing down what an answer said


def deliver(*, message_id: int) -> Message | None:
    """Send one message if it is its turn and nobody else has it; return its row, None if not."""
    if not (gate.room() and _has_pace(message_id)):
        _give_back(message_id)
        return None
    with ExitStack() as files:
        file = _open_file(message_id, files)
        claimed_at = time.monotonic()
        claimed = claim(waiting(message_id))
        if not claimed:
            _give_back(message_id)
            return None
        attempt = claimed[0]
        result = file if isinstance(file, Result) else call(attempt, claimed_at, file)
    insist(lambda: settle(attempt, result))
    return attempt.message


def due_messages() -> list[int]:
    """The ids of queued messages that a worker must be told of, oldest first."""
    at_once = int(min(gate.room(), SWEPT_AT_ONCE))
    overdue = Message.objects.filter(_may_be_claimed()).filter(
        Q(nudged_at__isnull=True) | Q(nudged_at__lt=Now() - TASK_LOST)
    )
    return list(overdue.order_by("id").values_list("id", flat=True)[:at_once])


def next_due(*, number: str) -> list[int]:
    """The id of the message to this number whose turn it is now, if there is one."""
    next_ones = Message.objects.filter(_may_be_claimed(), number=number)
    return list(next_ones.order_by("id").values_list("id", flat=True)[:1])


def mark_nudged(message_ids: list[int]) -> None:
    if not message_ids:
        return
    Message.objects.filter(id__in=message_ids, state=State.QUEUED).update(nudged_at=Now())


def _give_back(message_id: int) -> None:
    """A worker that could not take a message: another must be told of it when the time comes."""
    Message.objects.filter(pk=message_id, state=State.QUEUED).update(nudged_at=None)


def expire_claims() -> int:
    """Turn claims that ran out into `uncertain`: their process died with the message in hand."""
    expired = Message.objects.filter(state=State.SENDING, claimed_until__lt=Now())
    died = Result(Outcome.UNCERTAIN, cause=Cause.PROCESS_DIED)
    attempts = Attempt.objects.select_related("message").filter(message__in=expired, ended_at=None)
    for attempt in attempts:
        settle(attempt, died)
    return len(attempts)


# --- Claim ------------------------------------------------------------------------------------


def _may_be_claimed() -> Q:
    """Queued, due, and behind nothing: what people write to one customer goes out in order.

    What a broadcast has for the same customer neither waits here nor holds anything back.
    """
    written = Message.objects.filter(NO_BROADCAST, number=OuterRef("number"))
    ahead = written.filter(id__lt=OuterRef("id"), state__in=UNFINISHED)
    return NO_BROADCAST & is_due() & ~Q(Exists(ahead))


def is_due() -> Q:
    """Queued, and not put off to later."""
    return Q(state=State.QUEUED) & (Q(not_before__isnull=True) | Q(not_before__lte=Now()))


def waiting(message_id: int) -> QuerySet[Message]:
    """The message if it may be sent now, otherwise nothing."""
    return Message.objects.filter(_may_be_claimed(), pk=message_id)


def _has_pace(message_id: int) -> bool:
    """Take the message's tokens before it is claimed; put it off when there are none."""
    row = waiting(message_id)
    number = row.values_list("number", flat=True).first()
    if number is None:
        return False
    try:
        wait = pacing.take_for_reply(number)
    except RedisError as failure:
        logger.warning("Not sending without the shared pace: %s", failure)
        return False
    if wait:
        row.update(not_before=Now() + timedelta(seconds=wait), nudged_at=None)
    return not wait


def claim(found: QuerySet[Message], at_most: int = 1) -> list[Attempt]:
    """Take the first of these messages for this process; none when others were quicker.

    Each has an attempt and is durably `sending` before this returns. Whoever claims must send at
    once: after SEND.begin seconds the first byte may not leave any more.
    """
    epoch = restoring.safe_epoch()
    if epoch is None:
        return []
    if attempts := _claim(found, at_most):
        restoring.mark(epoch, max(attempt.pk for attempt in attempts))
    return attempts


def _claim(found: QuerySet[Message], at_most: int) -> list[Attempt]:
    with transaction.atomic(durable=True):
        chosen = found.select_for_update(skip_locked=True, of=("self",))[:at_most]
        messages = {message.pk: message for message in chosen}
        # Once more all conditions: what they look at besides the rows is not locked.
        claimed = (
            found.filter(pk__in=messages)
            .order_by()
            .update(
                state=State.SENDING,
                attempt_number=F("attempt_number") + 1,
                claimed_until=Now() + CLAIM,
            )
        )
        if not claimed or claimed < len(messages):
            transaction.set_rollback(True)
            return []
        worker = f"{socket.gethostname()}:{os.getpid()}"[:100]
        attempts = [
            Attempt(message=message, number=message.attempt_number + 1, worker=worker)
            for message in messages.values()
        ]
        Attempt.objects.bulk_create(attempts)
        if not gate.lets_through(attempts):
            transaction.set_rollback(True)
            return []
        return attempts


# --- Call -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """How an attempt ended; see Attempt."""

    outcome: Outcome
    cause: str = ""
    said: str = ""
    raw: str = ""
    http_status: int | None = None
    retry_after: float | None = None
    ip_address: str = ""


def _open_file(message_id: int, files: ExitStack) -> File | Result | None:
    """The message's file, None when it has none, or how its attempt ends when it cannot be read.

    Opened, and fetched whole from where it is stored, before the claim: a storage that is slow or
    away must cost neither the seconds in which the first byte has to follow nor the certainty that
    nothing has left.
    """
    media = Media.objects.filter(messages=message_id).first()
    if media is None:
        return None
    try:
        content: Any = files.enter_context(media_storage().open(str(media.file), "rb")).file
    except FileNotFoundError:
        return Result(Outcome.REJECTED, cause=Cause.FILE_GONE)
    except Exception as failure:  # every storage has errors of its own
        logger.warning("A file cannot be read: %s", failure)
        return Result(Outcome.NOT_NOW, cause=Cause.FILE_STORAGE, raw=type(failure).__name__)
    return media.name, content, media.content_type


def call(attempt: Attempt, claimed_at: float, file: File | None = None) -> Result:
    """Make the one call. claimed_at: on the monotonic clock; the first byte must follow soon."""
    message = attempt.message
    form, field = api_form(message), file_field(message)
    try:
        if message.kind == Kind.TEMPLATE:
            return _succeeded(client().send_template(form, claimed_at=claimed_at))
        if field is None or file is None:
            return _succeeded(client().send_message(form, claimed_at=claimed_at))
        progress = Progress(attempt, renew_claim=lambda: _renew(attempt))
        return _succeeded(
            client().send_message(form, (field, file), claimed_at=claimed_at, progress=progress)
        )
    except WaziMeError as error:
        return failed(error)


def _renew(attempt: Attempt) -> None:
    """An upload is making progress: keep the sweep away from it."""
    Message.objects.filter(
        pk=attempt.message_id, state=State.SENDING, attempt_number=attempt.number
    ).update(claimed_until=Now() + CLAIM)


def _succeeded(sent: Sent) -> Result:
    return Result(Outcome.SENT, raw=sent.raw[:RAW_KEPT])


def failed(error: WaziMeError) -> Result:
    """How an attempt ends that met this."""
    outcome = {
        Rejected: Outcome.REJECTED,
        NotNow: Outcome.NOT_NOW,
        Stopped: Outcome.STOPPED,
    }.get(type(error), Outcome.UNCERTAIN)
    return Result(
        outcome,
        cause=error.cause,
        said=" ".join(error.messages),
        raw=(error.raw or error.detail)[:RAW_KEPT],
        http_status=error.status,
        retry_after=error.retry_after if isinstance(error, NotNow) else None,
        ip_address=error.ip_address if isinstance(error, Stopped) else "",
    )


# --- Settle -----------------------------------------------------------------------------------


def insist(write: Callable[[], None]) -> None:
    """Write down what an answer said, also when the database is locked or away for a while.

    Giving up turns a message that is known to be sent into one that a person must decide.
    """
    deadline = time.monotonic() + SETTLING.total_seconds()
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as failure:
            if time.monotonic() > deadline:
                raise
            reconnect()
            logger.warning("The database does not take an outcome, trying again: %s", failure)
            time.sleep(1)


def reconnect() -> None:
    """Let go of a connection that broke: the next query makes a new one."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def settle(attempt: Attempt, result: Result) -> None:
    """Write down how an attempt ended, and move its message on.

    Only its own attempt: a message that has moved to another attempt stays as it is. An answer
    that comes after the claim ran out still settles an uncertain message that nobody has decided.
    """
    with transaction.atomic(savepoint=False):
        Attempt.objects.filter(pk=attempt.pk).update(
            ended_at=Now(),
            outcome=result.outcome,
            cause=result.cause,
            said=result.said,
            raw=result.raw,
            http_status=result.http_status,
        )
        transaction.on_commit(lambda: counting.count_attempt(result.outcome))
        mine = Message.objects.filter(pk=attempt.message_id, attempt_number=attempt.number)
        if result.outcome is Outcome.NOT_NOW:
            gate.note_delay(attempt)
            _put_off(mine, _wait(attempt, result))
        elif result.outcome is Outcome.STOPPED:
            _stop(mine, attempt, result)
        elif result.outcome is Outcome.UNCERTAIN:
            gate.note_uncertain(attempt, result.cause)
            _finish(mine.filter(state=State.SENDING), State.UNCERTAIN)
        else:
            gate.note_success(attempt)
            late = (State.SENDING, State.UNCERTAIN)
            _finish(mine.filter(state__in=late), State(result.outcome.value))


def _finish(messages: QuerySet[Message], state: State) -> None:
    messages.update(state=state, finished_at=Now(), claimed_until=None)


def _put_off(messages: QuerySet[Message], wait: timedelta) -> None:
    """Try again later, until its time is up."""
    sending = messages.filter(state=State.SENDING)
    if not sending.filter(waited__lte=GIVE_UP - wait).update(
        state=State.QUEUED,
        nudged_at=None,
        not_before=Now() + wait,
        waited=F("waited") + wait,
        claimed_until=None,
    ):
        _finish(sending, State.REJECTED)


def _stop(messages: QuerySet[Message], attempt: Attempt, result: Result) -> None:
    """Close the gate. The message waits behind it, unless it has closed it too often."""
    reason = {"cause": result.cause, "said": result.said, "ip_address": result.ip_address}
    sending = messages.filter(state=State.SENDING)
    if gate.note_stop(attempt, **reason):
        sending.update(gate_closings=F("gate_closings") + 1)
    _finish(sending.filter(gate_closings__gte=POISONOUS), State.REJECTED)
    sending.update(state=State.QUEUED, nudged_at=None, not_before=None, claimed_until=None)


def _wait(attempt: Attempt, result: Result) -> timedelta:
    """How long to wait after "not now": exponential with jitter, never less than asked."""
    backoff = min(FIRST_WAIT * 2 ** min(attempt.number - 1, 10), LONGEST_WAIT)
    jittered = backoff * (0.5 + random.random() / 2)  # noqa: S311 (no secret)
    return timedelta(seconds=max(jittered, result.retry_after or 0.0))
