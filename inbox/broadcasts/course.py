"""The recipients of a broadcast that is under way: rows of the ledger, held, released or ended."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from contacts.models import OptOut
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.broadcasts.zones import awake
from inbox.models import UNFINISHED, CancelReason, Message, State
from inbox.sending import is_due


def zones_of(broadcast: Broadcast) -> list[str]:
    """The time zones in which its recipients are."""
    rows = Message.objects.filter(broadcast=broadcast).order_by()
    return list(rows.values_list("time_zone", flat=True).distinct())


def where_awake(broadcast: Broadcast, zones: list[str], moment: datetime) -> Q | None:
    """The recipients whom no quiet hours protect at this moment; None when there is nobody."""
    if not broadcast.quiet_hours:
        return Q()
    allowed = awake(zones, moment)
    if not allowed:
        return None
    return Q() if len(allowed) == len(zones) else Q(time_zone__in=allowed)


def ready(broadcast: Broadcast, where: Q) -> QuerySet[Message]:
    """Those who may be sent to now."""
    found = Message.objects.filter(
        is_due() & where, broadcast=broadcast, broadcast__state=BroadcastState.SENDING
    )
    return found.exclude(_opted_out()).order_by("time_zone", "id")


def release(broadcast: Broadcast, where: Q, at_most: int) -> int:
    """Let the next ones go, held → queued; how many.

    It holds the broadcast's row: nobody pauses or cancels in between, and nothing is left behind.
    """
    with transaction.atomic():
        sending = Broadcast.objects.filter(pk=broadcast.pk, state=BroadcastState.SENDING)
        if not sending.select_for_update():
            return 0
        held = Message.objects.filter(where, broadcast=broadcast, state=State.HELD)
        next_ones = held.order_by("time_zone", "id").values_list("id", flat=True)[:at_most]
        chosen = Message.objects.filter(pk__in=list(next_ones))
        cancel_opted_out(chosen)
        return chosen.filter(state=State.HELD).update(state=State.QUEUED)


def cancel_opted_out(messages: QuerySet[Message]) -> int:
    """Opting out binds until the last moment."""
    return messages.filter(_opted_out(), state__in=(State.HELD, State.QUEUED)).update(
        state=State.CANCELLED, cancel_reason=CancelReason.OPTED_OUT, finished_at=Now()
    )


def finish(broadcast: Broadcast) -> bool:
    """End a broadcast of which nothing is left to do."""
    left = Message.objects.filter(broadcast=OuterRef("pk"), state__in=UNFINISHED)
    under_way = Broadcast.objects.filter(pk=broadcast.pk, state=BroadcastState.SENDING)
    ended: dict[str, Any] = {"state": BroadcastState.FINISHED, "finished_at": Now()}
    return bool(under_way.filter(~Exists(left)).update(**ended))


def _opted_out() -> Q:
    return Q(Exists(OptOut.objects.filter(number=OuterRef("number"))))
