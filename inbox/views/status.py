"""A conversation's status: how a change went, in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inbox import services, snoozing
from inbox.forms import StatusForm
from wazime_admin.http import PageRequest
from wazime_admin.team.models import User
from wazime_admin.templatetags.ui import clock
from wazime_admin.trouble import Trouble, Words, explain
from wazime_admin.wazime.errors import Cause, Rejected, WaziMeError
from wazime_admin.wazime.types import Status

STATUS_NAMES = {
    Status.NONE: gettext_lazy("No status"),
    Status.UNREAD: gettext_lazy("Unread"),
    Status.PENDING: gettext_lazy("Pending"),
    Status.IMPORTANT: gettext_lazy("Important"),
    Status.DONE: gettext_lazy("Done"),
}
STATUS_CHOICES = tuple(
    (status, STATUS_NAMES[status])
    for status in (Status.DONE, Status.PENDING, Status.IMPORTANT, Status.UNREAD)  # as their keys
)


@require_POST
def status(request: PageRequest, conversation_id: int) -> HttpResponse:
    form = StatusForm(request.POST)
    if not form.is_valid():
        return HttpResponse(_("There is no such status."), status=422)
    wanted, seen, until = (form.cleaned_data[name] for name in ("status", "seen", "until"))
    if until and wanted is Status.DONE:
        return snooze_until(request, conversation_id, until, seen)

    def change() -> datetime | None:
        return services.change_status(conversation_id=conversation_id, status=wanted, seen=seen)

    return _carry_out(request, conversation_id, wanted, seen, change)


def snooze_until(
    request: PageRequest, conversation_id: int, until: datetime, seen: Status | None
) -> HttpResponse:
    def change() -> None:
        snoozing.snooze(
            conversation_id=conversation_id, until=until, person=request.user, seen=seen
        )

    return _carry_out(request, conversation_id, Status.DONE, seen, change, until)


def status_context(conversation_id: int, current: Status | None) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "current": current,
        "statuses": STATUS_CHOICES,
        "snooze": snoozing.snooze_of(conversation_id, current),
    }


@dataclass(frozen=True)
class Change:
    """How setting a status went. previous: what to go back to; None when that is not known;
    cure: what the person can do about the trouble; until: of a snooze; ended: until when the one
    was that the change has ended, and that goes back with it."""

    wanted: Status
    current: Status | None
    previous: Status | None = None
    code: int = 200
    trouble: Trouble | None = None
    cure: Words = ""
    until: datetime | None = None
    ended: datetime | None = None

    @property
    def done(self) -> bool:
        return self.code == 200

    @property
    def level(self) -> int:
        return messages.SUCCESS if self.done else messages.ERROR

    @property
    def sentence(self) -> str:
        if self.until and self.done:
            at = timezone.localtime(self.until)
            return _("Snoozed until %(moment)s.") % {"moment": clock(at)}
        if self.done:
            return _("Status: %(status)s.") % {"status": STATUS_NAMES[self.wanted]}
        if self.wanted is Status.UNREAD and self.trouble and self.trouble.code is Cause.VALIDATION:
            return _("This WaziMe does not let conversations be set to Unread.")
        if self.trouble:
            said = " ".join(self.trouble.said)
            return " ".join(filter(None, (str(self.trouble.cause), said, str(self.cure))))
        return _("Somebody else changed the status meanwhile: it is now %(status)s.") % {
            "status": STATUS_NAMES[self.current or Status.NONE]
        }


def _carry_out(
    request: PageRequest,
    conversation_id: int,
    wanted: Status,
    seen: Status | None,
    change: Callable[[], datetime | None],
    until: datetime | None = None,
) -> HttpResponse:
    """Make the change; the control as it is then, with what became of it.

    change: returns until when a snooze was that it ended.
    """
    outcome = _outcome(request.user, wanted, seen, change, until)
    if not request.htmx:
        messages.add_message(request, outcome.level, outcome.sentence)
        return redirect("inbox:conversation", conversation_id)
    context = status_context(conversation_id, outcome.current) | {"change": outcome}
    response = render(request, "inbox/_status.html", context, status=outcome.code)
    response["HX-Trigger"] = "conversation-changed"
    return response


def _outcome(
    person: User,
    wanted: Status,
    seen: Status | None,
    change: Callable[[], datetime | None],
    until: datetime | None,
) -> Change:
    try:
        ended = change()
    except services.StatusChanged as other:
        return Change(wanted, current=other.current, code=409)
    except WaziMeError as error:
        code = 422 if isinstance(error, Rejected) else 502
        trouble = explain(error)
        return Change(
            wanted, current=seen, code=code, trouble=trouble, cure=trouble.cure_for(person)
        )
    ended = ended if seen is Status.DONE else None
    return Change(wanted, current=wanted, previous=seen, until=until, ended=ended)
