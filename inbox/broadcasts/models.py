"""A broadcast: one approved template to many people, at one pace.

    draft ──→ scheduled ──→ sending ⇄ paused ──→ finished
      └────────────┴───────────┴────────┴──────→ cancelled

Its recipients are rows of the ledger (inbox.Message with `broadcast` set): one sending path, one
recovery, one place to look. How many there are of which state is counted from them, never kept.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inbox.models import media_storage
from wazime_admin.wazime.types import text

NAME_LENGTH = 100  # characters


class BroadcastState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", pgettext_lazy("broadcast", "Cancelled")


class PauseCause(models.TextChoices):
    """Why a broadcast has paused by itself; empty when a person paused it."""

    UNCERTAIN = "uncertain", _("Several answers in a row were uncertain.")
    REFUSED = "refused", _("Many messages in a row were refused for the same reason.")
    CONTACT_LIMIT = "contact_limit", _("The WaziMe plan takes no more contacts.")
    RESTORED = "restored", _("A backup was restored: it may have gone out since.")


class Source(models.TextChoices):
    """Where the recipients come from."""

    ALL = "all", _("All contacts")
    SEARCH = "search", _("The contacts of a search")
    PASTED = "pasted", _("Pasted numbers")
    FILE = "file", _("A file")


class Reason(models.TextChoices):
    """Why a row of an audience gets nothing."""

    EMPTY = "empty", _("no number")
    INVALID = "invalid", _("no valid number")
    SHORTENED = "shortened", _("digits lost by the spreadsheet")
    DUPLICATE = "duplicate", _("the same number again")
    BLOCKED = "blocked", _("blocked in WaziMe")
    OPTED_OUT = "opted_out", _("opted out")
    UNREADABLE = "unreadable", _("unreadable line")
    NO_VARIABLE = "no_variable", _("a value for the template is missing")


def file_path(audience: "Audience", name: str) -> str:
    return f"audiences/{uuid4().hex}"


class Audience(models.Model):
    """Where recipients come from, to be read each time a broadcast is built.

    name: empty unless it was saved to be used again; text: pasted numbers; file and file_name: a
    table, stored privately; columns: which column holds what, by spreadsheets.Columns' names.
    """

    name = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=10, choices=Source)
    search = models.CharField(max_length=100, blank=True)
    text = models.TextField(blank=True)
    file = models.FileField(upload_to=file_path, storage=media_storage, blank=True, max_length=200)
    file_name = models.CharField(max_length=255, blank=True)
    columns = models.JSONField(default=dict)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name or self.file_name or self.get_source_display()


class Broadcast(models.Model):
    """See the module.

    template: how the template looked when it was chosen (name, header, body, footer, buttons);
    variables: what fills its places, {"body": […], "header": […]}, each an expression of
    building.py; rate: messages a second at most;
    building_until: while the audience is being built, renewed as it goes on; built_at: when that
    was done, None until then; build_trouble: why it could not be; rows_read, rows_total: progress;
    pause_cause, pause_said: why it paused by itself, and WaziMe's words;
    uncertain_run, refused_run, refused_for: such answers in a row, and the reason they share;
    running_since: when it last began to send, or went on;
    tests: messages to single numbers, to try it with, which are no recipients.
    """

    name = models.CharField(max_length=NAME_LENGTH)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="broadcasts"
    )
    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, related_name="broadcasts")
    template_id = models.BigIntegerField()
    template = models.JSONField(default=dict)
    variables = models.JSONField(default=dict)
    from_number = models.CharField(max_length=32, blank=True)
    rate = models.FloatField()
    quiet_hours = models.BooleanField(default=True)
    create_contacts = models.BooleanField(default=True)

    state = models.CharField(
        max_length=10, choices=BroadcastState, default=BroadcastState.DRAFT, db_index=True
    )
    scheduled_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    running_since = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    building_until = models.DateTimeField(null=True)
    built_at = models.DateTimeField(null=True)
    build_trouble = models.TextField(blank=True)
    rows_read = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(null=True)

    pause_cause = models.CharField(max_length=20, choices=PauseCause, blank=True)
    pause_said = models.TextField(blank=True)
    uncertain_run = models.PositiveSmallIntegerField(default=0)
    refused_run = models.PositiveSmallIntegerField(default=0)
    refused_for = models.TextField(blank=True)
    tests = models.ManyToManyField("inbox.Message", related_name="+")

    def __str__(self) -> str:
        return self.name

    @property
    def parts(self) -> list[str]:
        """What the template says: header, body and footer, as far as it has them."""
        said = (text(self.template.get(part)) for part in ("header", "body", "footer"))
        return list(filter(None, said))

    @property
    def building(self) -> str:
        """Which building of its audience this is; empty until it is built."""
        return self.built_at.isoformat() if self.built_at else ""


class LeftOut(models.Model):
    """A row of the audience that gets nothing. line: in the file or the pasted text, from 1; the
    contact's place in the list where there are no lines."""

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="left_out")
    line = models.PositiveIntegerField()
    text = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=12, choices=Reason)

    class Meta:
        indexes = [models.Index("broadcast", "reason", "id", name="left_out_by_reason")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"
