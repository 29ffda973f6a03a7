"""Answers in a row that should not go on: then a broadcast pauses by itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from inbox.broadcasts.models import Broadcast, BroadcastState, PauseCause
from inbox.models import Outcome
from inbox.sending import Result
from wazime_admin.wazime.errors import Cause

# So many uncertain answers without a success between them; so many refusals for one reason.
UNCERTAIN_RUN, REFUSED_RUN = 5, 20
# No usable answer, to a message or when its contact was to be created; a dead worker gave none.
UNUSABLE = {
    Cause.READ_TIMEOUT,
    Cause.CONNECTION_LOST,
    Cause.SERVER_FAULT,
    Cause.UNREADABLE,
    Cause.EXCEPTION,
}


@dataclass
class Runs:
    """uncertain, refused: how many in a row; refused_for: the reason that the refused share."""

    uncertain: int = 0
    refused: int = 0
    refused_for: str = ""

    def note(self, result: Result) -> None:
        if result.outcome is Outcome.SENT:
            self.uncertain, self.refused, self.refused_for = 0, 0, ""
        elif result.cause in UNUSABLE:
            self.uncertain += 1
        elif result.outcome is Outcome.REJECTED:
            reason = f"{result.cause}: {result.said}"
            self.refused = self.refused + 1 if reason == self.refused_for else 1
            self.refused_for = reason

    @property
    def pause(self) -> PauseCause | None:
        if self.uncertain >= UNCERTAIN_RUN:
            return PauseCause.UNCERTAIN
        if self.refused >= REFUSED_RUN:
            return PauseCause.REFUSED
        return None


def note(broadcast_id: int, results: Iterable[Result]) -> None:
    """Count on, in the transaction that settles these results, and pause when it is too much."""
    broadcast = Broadcast.objects.select_for_update().get(pk=broadcast_id)
    before = Runs(broadcast.uncertain_run, broadcast.refused_run, broadcast.refused_for)
    runs, cause, said = Runs(**vars(before)), None, ""
    for result in results:
        runs.note(result)
        if result.cause == Cause.CONTACT_LIMIT:
            cause, said = PauseCause.CONTACT_LIMIT, result.said
        elif cause is None and runs.pause:
            cause, said = runs.pause, result.said
    if runs != before:
        Broadcast.objects.filter(pk=broadcast_id).update(
            uncertain_run=runs.uncertain, refused_run=runs.refused, refused_for=runs.refused_for
        )
    if cause:
        Broadcast.objects.filter(pk=broadcast_id, state=BroadcastState.SENDING).update(
            state=BroadcastState.PAUSED, pause_cause=cause, pause_said=said
        )
