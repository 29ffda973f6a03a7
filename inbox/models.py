"""The ledger: one row for everything that this dashboard ever sends.

    held ──→ queued ──→ sending ──→ sent
      │        │ ↑ not now │  ├──→ rejected    never left; the reason is shown
      └──┬─────┘ └─────────┘  └──→ uncertain   may have left: a person decides
         └→ cancelled              rejected, uncertain ──(a person)──→ queued | sent

Every try is an Attempt. The row changes hands only by conditional UPDATEs, in sending.py (the
machine) and services.py (people).
"""

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    HELD = "held", _("Held back")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    REJECTED = "rejected", _("Not sent")
    UNCERTAIN = "uncertain", _("Uncertain")
    CANCELLED = "cancelled", _("Cancelled")


UNFINISHED = (State.HELD, State.QUEUED, State.SENDING)
UNDECIDED = (State.REJECTED, State.UNCERTAIN)


def media_storage() -> Storage:
    return storages["media"]


def media_path(media: "Media", name: str) -> str:
    """A name that nobody can guess, whatever the file was called."""
    return f"{uuid4().hex[:2]}/{uuid4().hex}"


class CancelReason(models.TextChoices):
    """Why a recipient of a broadcast got nothing; empty for what a person took back."""

    OPTED_OUT = "opted_out", _("Opted out")
    BROADCAST = "broadcast", _("The broadcast was cancelled")


class Kind(models.TextChoices):
    TEXT = "text", _("Text")
    IMAGE = "image", _("Image")
    DOCUMENT = "document", _("Document")
    VIDEO = "video", _("Video")
    AUDIO = "audio", _("Audio")
    LOCATION = "location", _("Location")
    CTA_URL = "cta_url", _("Link button")
    INTERACTIVE_LIST = "interactive_list", _("List")
    TEMPLATE = "template", _("Template")


MEDIA_KINDS = (Kind.IMAGE, Kind.DOCUMENT, Kind.VIDEO, Kind.AUDIO)


class Media(models.Model):
    """A file that is or was to be sent, stored privately.

    name: as the person called it, cleaned; size: bytes; content_type: what the content is, not
    what its name says. The row stays when the file is removed after the retention time.
    """

    file = models.FileField(upload_to=media_path, storage=media_storage, max_length=200)
    thumbnail = models.FileField(
        upload_to=media_path, storage=media_storage, max_length=200, blank=True
    )
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


BROADCAST = models.Q(broadcast__isnull=False)
NO_BROADCAST = models.Q(broadcast__isnull=True)
# Not as IN: SQLite would not see that one of the states is among them, and leave an index aside.
WAITING = models.Q(state=State.HELD) | models.Q(state=State.QUEUED)


class Message(models.Model):
    """A message to one customer.

    text: the message itself, or the caption of its medium;
    fields: what else the API takes for this kind, by the API's names (`latitude`, `template_id`…);
    label: for people, where the fields say nothing to them (a template's name);
    conversation_id: None for a number that had no conversation when it was written to;
    number: the recipient folded to one form (contacts.numbers.folded), to compare by;
    mobile_code and mobile: the form that the account's contact has, to send to;
    attempt_number: of the last attempt, 0 before the first;
    nudged_at: when a worker was last told of it, None when that is due;
    not_before: when to try again after a "not now"; waited: how long it has been put off in all;
    claimed_until: when a claim runs out;
    gate_closings: how often it closed the gate after a good read.

    Of a broadcast's recipients only: broadcast; name: as the file has it, otherwise the contact, to
    be found again in the results; time_zone: where the number is, for quiet hours;
    new_contact: the names (`firstname`, `lastname`) of the contact that must be created first, None
    when there is one; line: of the audience, as in broadcasts.LeftOut; cancel_reason.
    """

    send_id = models.UUIDField(unique=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages"
    )
    conversation_id = models.BigIntegerField(null=True, db_index=True)
    mobile_code = models.CharField(max_length=8)
    mobile = models.CharField(max_length=32)
    number = models.CharField(max_length=40)
    from_number = models.CharField(max_length=32, blank=True)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.TEXT)
    text = models.TextField(blank=True)
    fields = models.JSONField(default=dict)
    label = models.CharField(max_length=255, blank=True)
    media = models.ForeignKey(Media, on_delete=models.PROTECT, null=True, related_name="messages")

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt_number = models.PositiveIntegerField(default=0)
    nudged_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    waited = models.DurationField(default=timedelta)
    gate_closings = models.PositiveSmallIntegerField(default=0)

    # Its index is one of those below: of most rows it would say nothing, and yet be taken.
    broadcast = models.ForeignKey(
        "broadcasts.Broadcast",
        on_delete=models.PROTECT,
        null=True,
        related_name="messages",
        db_index=False,
    )
    name = models.CharField(max_length=255, blank=True)
    time_zone = models.CharField(max_length=40, blank=True)
    new_contact = models.JSONField(null=True)
    line = models.PositiveIntegerField(null=True)
    cancel_reason = models.CharField(max_length=10, choices=CancelReason, blank=True)

    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index("number", "id", name="message_of_number"),
            # The outbox: its pages and counts, and the navigation's count on every page.
            models.Index("state", "id", name="message_of_state", condition=NO_BROADCAST),
            models.Index("author", "state", "id", name="message_of_author", condition=NO_BROADCAST),
            # The same with all broadcasts, and the few rows among millions that the sweep looks at.
            models.Index("state", "id", name="ledger_of_state"),
            models.Index("created_at", name="ledger_written"),
            # A broadcast's recipients in order, its counts, the next ones, and how fast it goes.
            models.Index("broadcast", "id", name="recipient_of_broadcast", condition=BROADCAST),
            # Also of what belongs to none: from an id on SQLite would else walk all in a state.
            models.Index("broadcast", "state", "id", name="message_of_broadcast"),
            models.Index(
                "broadcast",
                "state",
                "time_zone",
                "id",
                name="recipient_waiting",
                condition=BROADCAST & WAITING,
            ),
            models.Index(
                "broadcast", "state", "finished_at", name="recipient_finished", condition=BROADCAST
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["broadcast", "number"], name="recipient_once", condition=BROADCAST
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


class Seen(models.Model):
    """Up to when a person has seen a conversation: what was its last_message_at, on WaziMe's clock.

    conversation_id 0 stands for all of them: before that nothing is new to this person.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    conversation_id = models.BigIntegerField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "conversation_id"], name="seen_once"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} until {self.until}"


class Snooze(models.Model):
    """A conversation that is Done until a time, and Pending then.

    previous: its status before, which it gets back when a person wakes it; None when that was not
    known. due_at: as until; when it is being woken or that has failed, the time of the next try.
    version: another one whenever somebody snoozes it, also until the same time.
    Whatever status a person chooses, the snooze ends.
    """

    conversation_id = models.BigIntegerField(unique=True)
    version = models.UUIDField(default=uuid4)
    until = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    previous = models.PositiveSmallIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.conversation_id} until {self.until}"


class Gate(models.Model):
    """The one row that says whether anything may be sent.

    It stands in the database, so that a Redis that lost everything cannot open it.

    closed_at: set while it is closed. testing: a read has worked since, so that one message may go
    out as a test: test_attempt, None until a worker has taken one. test_after: not before this.
    failed_tests: tests in a row that did not open it. uncertain_run: uncertain answers in a row,
    whatever they were for. opened_at: the last opening. epoch: of the ledger, see restoring.py.
    """

    epoch = models.UUIDField(default=uuid4)

    closed_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=30, blank=True)
    said = models.TextField(blank=True)
    ip_address = models.CharField(max_length=45, blank=True)
    testing = models.BooleanField(default=False)
    test_attempt = models.ForeignKey(
        Attempt, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    test_after = models.DateTimeField(null=True)
    failed_tests = models.PositiveSmallIntegerField(default=0)
    uncertain_run = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="only_one_gate"),
        ]

    def __str__(self) -> str:
        return f"closed: {self.cause}" if self.closed_at else "open"
