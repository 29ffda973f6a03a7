"""The ledger: one row for everything that this dashboard ever sends.

    queued ──→ sending ──→ sent
      │ ↑ not now │  ├──→ rejected    never left; the reason is shown
      │ └─────────┘  └──→ uncertain   may have left: a person decides
      └──→ cancelled        rejected, uncertain ──(a person)──→ queued | sent

Every try is an Attempt. The row changes hands only by conditional UPDATEs, in sending.py (the
machine) and services.py (people).
"""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    REJECTED = "rejected", _("Not sent")
    UNCERTAIN = "uncertain", _("Uncertain")
    CANCELLED = "cancelled", _("Cancelled")


UNFINISHED = (State.QUEUED, State.SENDING)


class Message(models.Model):
    """A message to one customer.

    number: the recipient folded to one form (contacts.numbers.folded), to compare by;
    mobile_code and mobile: the form that the account's contact has, to send to;
    attempt_number: of the last attempt, 0 before the first;
    nudged_at: when a worker was last told of it, None when that is due;
    not_before: when to try again after a "not now"; claimed_until: when a claim runs out.
    """

    send_id = models.UUIDField(unique=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages"
    )
    conversation_id = models.BigIntegerField(db_index=True)
    mobile_code = models.CharField(max_length=8)
    mobile = models.CharField(max_length=32)
    number = models.CharField(max_length=40)
    from_number = models.CharField(max_length=32, blank=True)
    text = models.TextField()

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt_number = models.PositiveIntegerField(default=0)
    nudged_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index("number", "id", name="message_of_number"),
            # The sweep and the claim look at these few rows among millions of finished ones.
            models.Index(
                "number",
                "id",
                name="message_unfinished",
                condition=models.Q(state__in=UNFINISHED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} to {self.number}: {self.state}"

    @property
    def is_final(self) -> bool:
        return self.state not in UNFINISHED


class Outcome(models.TextChoices):
    """How one attempt ended; see the table in wazime_admin/wazime/outcomes.py."""

    SENT = "sent", _("Sent")
    REJECTED = "rejected", _("Rejected")
    NOT_NOW = "not_now", _("Not now")
    STOPPED = "stopped", _("Stopped")
    UNCERTAIN = "uncertain", _("Uncertain")


class Decision(models.TextChoices):
    """What a person decided when they had seen how an attempt ended."""

    RESEND = "resend", _("Send again")
    MARK_SENT = "mark_sent", _("Marked as sent")


class Attempt(models.Model):
    """One try to send a message, with its evidence. outcome and ended_at are empty meanwhile.

    cause: a wazime Cause, empty when sent; said: WaziMe's words; raw: its answer, bounded, or what
    the network said.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=100)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    cause = models.CharField(max_length=30, blank=True)
    said = models.TextField(blank=True)
    raw = models.TextField(blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)

    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="attempt_once"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome or 'under way'}"


class Gate(models.Model):
    """The one row that says whether anything may be sent: closed while closed_at is set.

    It stands in the database, so that a Redis that lost everything cannot open it.
    """

    closed_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=30, blank=True)
    said = models.TextField(blank=True)
    ip_address = models.CharField(max_length=45, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="only_one_gate"),
        ]

    def __str__(self) -> str:
        return f"closed: {self.cause}" if self.closed_at else "open"
