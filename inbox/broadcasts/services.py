"""What admins do with broadcasts. Verbs; each changes rows of ours only, and says no by Conflict.

Every change of a state is one conditional UPDATE: of two people, two clicks or two schedulers one
gets it, and the others are told.
"""

import re
import time
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop, pgettext
from django.utils.translation import gettext_noop as _

from contacts.numbers import Number
from contacts.services import obtain_contact
from inbox.broadcasts import nudging
from inbox.broadcasts.models import (
    NAME_LENGTH,
    Audience,
    Broadcast,
    BroadcastState,
    PauseCause,
)
from inbox.content import Content
from inbox.models import UNFINISHED, Attempt, CancelReason, Decision, Kind, Message, State
from inbox.services import Conflict, write_message
from wazime_admin.team.models import User
from wazime_admin.wazime.transport import SEND

RUNNING = (BroadcastState.SENDING, BroadcastState.PAUSED)
AT_ONCE = 1000  # rows
SETTLING = 1.0  # seconds in which recipients are cancelled, before the clock goes on with it
UNBEGUN = (BroadcastState.DRAFT, BroadcastState.SCHEDULED)
# How a copy's name ends, in whatever language it was made.
_COPY = re.compile(r" \((copy|cópia|copia)( \d+)?\)$")


# --- Before -----------------------------------------------------------------------------------


def create_draft(*, author: User, audience: Audience, **choices: Any) -> Broadcast:
    """A new draft; a worker builds its audience. choices: fields of Broadcast."""
    broadcast = Broadcast.objects.create(author=author, audience=audience, **choices)
    nudging.nudge_building(broadcast.pk)
    return broadcast


def change_draft(*, broadcast: Broadcast, **choices: Any) -> None:
    """Change a draft's fields and build its audience anew."""
    changed = Broadcast.objects.filter(pk=broadcast.pk, state=BroadcastState.DRAFT).update(
        **choices, built_at=None, building_until=None, build_trouble="", rows_read=0
    )
    if not changed:
        raise Conflict
    nudging.nudge_building(broadcast.pk)


def stop_building(*, broadcast: Broadcast) -> None:
    """Take the draft from its builder, who stops. Raises Conflict when it is built already."""
    changed = Broadcast.objects.filter(
        pk=broadcast.pk, state=BroadcastState.DRAFT, built_at=None, build_trouble=""
    ).update(building_until=None, build_trouble=gettext_noop("Reading the recipients was stopped."))
    if not changed:
        raise Conflict


def copy(*, broadcast: Broadcast, author: User) -> Broadcast:
    """A new draft with a name of its own, the same audience, read again, and the same choices."""
    same = ("template_id", "template", "variables", "from_number", "rate")
    boxes = ("quiet_hours", "create_contacts")
    choices = {name: getattr(broadcast, name) for name in (*same, *boxes)}
    name = _name_of_copy(broadcast.name)
    return create_draft(author=author, audience=broadcast.audience, name=name, **choices)


def _name_of_copy(name: str) -> str:
    """ "Sale (copy)" in the reader's language, "Sale (copy 2)" where that is taken."""
    original, word = _COPY.sub("", name), pgettext("broadcast", "copy")
    marks = (f" ({word} {number})" if number > 1 else f" ({word})" for number in count(1))
    names = (original[: NAME_LENGTH - len(mark)].rstrip() + mark for mark in marks)
    return next(name for name in names if not Broadcast.objects.filter(name=name).exists())


def delete_draft(*, broadcast: Broadcast) -> None:
    """Remove a draft and its recipients, of whom nobody has got anything.

    In portions, so that nobody who writes waits for all of them. From the first on it cannot be
    started; where that ends half-way it can be deleted again.
    """
    gone = {"built_at": None, "building_until": None, "build_trouble": _("It is being deleted.")}
    _move_any(broadcast, [BroadcastState.DRAFT], **gone)
    rows = Message.objects.filter(broadcast=broadcast)
    while some := list(rows.values_list("id", flat=True)[:AT_ONCE]):
        rows.filter(pk__in=some, state=State.HELD).delete()
    Broadcast.objects.filter(pk=broadcast.pk, state=BroadcastState.DRAFT).delete()


def send_test(*, broadcast: Broadcast, number: Number, author: User, send_id: UUID) -> Message:
    """Send the template to one number, as a message of its own. Raises WaziMeError, PerhapsCreated.

    Its variables are those of the first recipient.
    """
    built = Message.objects.filter(broadcast=broadcast, broadcast__built_at__isnull=False)
    first = built.order_by("id").first()
    fields = first.fields if first else {"template_id": str(broadcast.template_id)}
    content = Content(Kind.TEMPLATE, fields=fields, label=broadcast.template.get("name", ""))
    message = write_message(
        author=author,
        send_id=send_id,
        contact=obtain_contact(number=number),
        content=content,
        from_number=broadcast.from_number,
    )
    broadcast.tests.add(message)
    return message


def start(*, broadcast: Broadcast, confirm: int, seen: str = "") -> None:
    """Begin to send, or wait for its time. confirm: the number of recipients, typed.

    seen: which building of the audience the person saw (Broadcast.building), where that is known.
    Raises Conflict when it is no built draft any more, or the number or the audience is another.
    """
    with transaction.atomic():
        draft = Broadcast.objects.select_for_update().get(pk=broadcast.pk)
        recipients = Message.objects.filter(broadcast=broadcast, state=State.HELD).count()
        if draft.state != BroadcastState.DRAFT or draft.built_at is None or confirm != recipients:
            raise Conflict
        if not recipients or (seen and seen != draft.building):
            raise Conflict
        if draft.scheduled_at and draft.scheduled_at > timezone.now():
            _move(broadcast, [BroadcastState.DRAFT], BroadcastState.SCHEDULED)
        else:
            begun = {"started_at": Now(), "running_since": Now()}
            _move(broadcast, [BroadcastState.DRAFT], BroadcastState.SENDING, **begun)
    nudging.nudge_sending()


def start_due() -> None:
    """Begin the broadcasts whose time has come."""
    due = Broadcast.objects.filter(state=BroadcastState.SCHEDULED, scheduled_at__lte=Now())
    due.update(state=BroadcastState.SENDING, started_at=Now(), running_since=Now())


def is_sending() -> bool:
    return Broadcast.objects.filter(state=BroadcastState.SENDING).exists()


def reopen() -> None:
    """Go on with what had ended, when a person has decided to send to a recipient once more.

    Not before everybody else's row is final: whoever comes back from a call that was under way
    when a broadcast was cancelled must not go out with them.
    """
    of_it = Message.objects.filter(broadcast=OuterRef("pk"))
    again = of_it.filter(_RESENT, state=State.QUEUED)
    others = of_it.filter(~_RESENT, state__in=UNFINISHED)
    ended = (BroadcastState.FINISHED, BroadcastState.CANCELLED)
    Broadcast.objects.filter(Exists(again), ~Exists(others), state__in=ended).update(
        state=BroadcastState.SENDING, finished_at=None, **_FRESH
    )


# --- During -----------------------------------------------------------------------------------


def pause(*, broadcast: Broadcast) -> None:
    """Stop at once: when this returns, no send of this broadcast begins any more."""
    _stop(broadcast, [BroadcastState.SENDING], BroadcastState.PAUSED, pause_cause="", pause_said="")


def pause_restored(**_: Any) -> None:
    """A backup was restored: whatever has not ended may have, or may have begun, since then."""
    Broadcast.objects.filter(state__in=(*UNBEGUN, BroadcastState.SENDING)).update(
        state=BroadcastState.PAUSED,
        pause_cause=PauseCause.RESTORED,
        pause_said="",
        building_until=None,
    )


def resume(*, broadcast: Broadcast) -> None:
    _resume(broadcast)


def go_on_without_new_contacts(*, broadcast: Broadcast) -> None:
    """Send to everybody without creating contacts: the plan takes no more of them."""
    _resume(broadcast, create_contacts=False)


def _resume(broadcast: Broadcast, **changes: Any) -> None:
    _move(broadcast, [BroadcastState.PAUSED], BroadcastState.SENDING, **_FRESH, **changes)
    nudging.nudge_sending()


def change_rate(*, broadcast: Broadcast, rate: float) -> None:
    """rate: messages a second at most."""
    _move_any(broadcast, [*UNBEGUN, *RUNNING], rate=rate)


def cancel(*, broadcast: Broadcast) -> None:
    """Stop for good: when this returns, no send of this broadcast begins any more.

    Of very many recipients some are cancelled only afterwards, by the clock.
    """
    _stop(broadcast, [*UNBEGUN, *RUNNING], BroadcastState.CANCELLED, finished_at=Now())
    _cancel_rest(broadcast, time.monotonic() + SETTLING)


def finish_cancelling() -> None:
    """Go on where cancelling ended before its end, and end what came back from its call.

    Not for long: the clock comes again, and whoever writes to customers needs its threads.
    """
    deadline = time.monotonic() + SETTLING
    rest = _rest(OuterRef("pk"))
    for broadcast in Broadcast.objects.filter(Exists(rest), state=BroadcastState.CANCELLED):
        _cancel_rest(broadcast, deadline)


def _cancel_rest(broadcast: Broadcast, deadline: float) -> None:
    """In portions: who writes to a customer meanwhile does not wait for all of them."""
    rest = _rest(broadcast)
    while some := list(rest.values_list("id", flat=True)[:AT_ONCE]):
        rest.filter(pk__in=some).update(
            state=State.CANCELLED, cancel_reason=CancelReason.BROADCAST, finished_at=Now()
        )
        if time.monotonic() > deadline:
            break


def _rest(broadcast: Broadcast | OuterRef) -> QuerySet[Message]:
    """Who waits, but not because a person wants to send to them once more."""
    waiting = (State.HELD, State.QUEUED)
    return Message.objects.filter(~_RESENT, broadcast=broadcast, state__in=waiting)


# --- After ------------------------------------------------------------------------------------


def retry(*, broadcast: Broadcast) -> int:
    """Send again to those to whom it never left; how many. Raises Conflict when there are none.

    A broadcast that is paused stays paused.
    """
    begun = (BroadcastState.FINISHED, *RUNNING)
    with transaction.atomic():
        there = Broadcast.objects.select_for_update().filter(pk=broadcast.pk, state__in=begun)
        again = there and _recipients(broadcast, State.REJECTED).update(
            state=State.HELD, waited=timedelta(), not_before=None, finished_at=None, gate_closings=0
        )
        if not again:
            raise Conflict
        there.filter(state=BroadcastState.FINISHED).update(
            state=BroadcastState.SENDING, finished_at=None, **_FRESH
        )
    nudging.nudge_sending()
    return again


def decide_uncertain(*, broadcast: Broadcast, person: User, decision: Decision, seen: int) -> int:
    """Decide about all uncertain recipients at once, by this person; how many.

    seen: how many the person saw; Conflict when it is another number by now. What shall be sent
    again goes out by itself after the end too, but a broadcast that is paused stays paused.
    """
    with transaction.atomic():
        uncertain = _recipients(broadcast, State.UNCERTAIN).select_for_update()
        ids = list(uncertain.values_list("id", flat=True))
        if len(ids) != seen:
            raise Conflict
        for begin in range(0, len(ids), AT_ONCE):
            _decide(ids[begin : begin + AT_ONCE], person, decision)
    reopen()
    nudging.nudge_sending()
    return len(ids)


def _decide(ids: list[int], person: User, decision: Decision) -> None:
    Attempt.objects.filter(message__in=ids, number=F("message__attempt_number")).update(
        decision=decision, decided_by=person, decided_at=Now()
    )
    rows = Message.objects.filter(pk__in=ids)
    if decision is Decision.RESEND:
        rows.update(state=State.QUEUED, waited=timedelta(), not_before=None, finished_at=None)
    else:
        rows.update(state=State.SENT, finished_at=Now())


# --- How --------------------------------------------------------------------------------------

# A person has decided, after the end, to send to this recipient once more.
_RESENT = Q(
    Exists(
        Attempt.objects.filter(
            message=OuterRef("pk"),
            number=OuterRef("attempt_number"),
            decision=Decision.RESEND,
            decided_at__gte=OuterRef("broadcast__finished_at"),
        )
    )
)
# A fresh start counts anew what made it pause.
_FRESH: dict[str, Any] = {
    "running_since": Now(),
    "pause_cause": "",
    "pause_said": "",
    "uncertain_run": 0,
    "refused_run": 0,
    "refused_for": "",
}


def _move(broadcast: Broadcast, before: list[str], after: str, **changes: Any) -> None:
    _move_any(broadcast, before, state=after, **changes)


def _move_any(broadcast: Broadcast, before: list[str], **changes: Any) -> None:
    if not Broadcast.objects.filter(pk=broadcast.pk, state__in=before).update(**changes):
        raise Conflict


def _recipients(broadcast: Broadcast, state: State) -> QuerySet[Message]:
    return Message.objects.filter(broadcast=broadcast, state=state)


def _stop(broadcast: Broadcast, before: list[str], after: str, **changes: Any) -> None:
    """Move it, hold what was released, and wait for the sends that were claimed just before.

    A claim that was committed before the broadcast stopped may not have begun yet. It must begin
    within SEND.begin seconds or not at all: nobody is told "stopped" before that is certain.
    """
    with transaction.atomic():
        _move(broadcast, before, after, **changes)
        _recipients(broadcast, State.QUEUED).update(state=State.HELD)
    begin = timedelta(seconds=SEND.begin)
    may_begin = Attempt.objects.filter(
        message__broadcast=broadcast,
        message__state=State.SENDING,
        ended_at=None,
        started_at__gt=Now() - begin,
    )
    # Who resumes it meanwhile lets others begin: those claimed before are certain all the same.
    deadline = time.monotonic() + SEND.begin
    while may_begin.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
