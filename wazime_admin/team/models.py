"""Who works here: a person with one of two roles; how one comes in, and what was done."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    AGENT = "agent", _("Agent")
    ADMIN = "admin", _("Admin")


class TeamManager(UserManager["User"]):
    def create_superuser(self, *args: Any, **fields: Any) -> "User":
        """What `createsuperuser` makes is the first admin."""
        return super().create_superuser(*args, **{"role": Role.ADMIN, **fields})


class User(AbstractUser):
    """An agent works in the inbox and reads contacts; an admin may do everything."""

    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.AGENT)
    # Counts up when all sessions of this person have to end.
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[TeamManager] = TeamManager()

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must know to be this person's: Django makes it from the password."""
        made: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return f"{made}.{self.sessions_ended}" if self.sessions_ended else made


class OneTimeLink(models.Model):
    """Lets whoever has it in, once. digest: of its token, which is kept nowhere."""

    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def is_open(self) -> bool:
        return not (self.used_at or self.revoked_at or self.has_expired)


class Invitation(OneTimeLink):
    """Makes an account. name, email: of whom it is for, as far as the admin knew."""

    name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.AGENT)


class PasswordLink(OneTimeLink):
    """Lets a person choose a new password without knowing the old one."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")


class Action(models.TextChoices):
    INVITED_AGENT = "invited_agent", _("Invited an agent")
    INVITED_ADMIN = "invited_admin", _("Invited an admin")
    INVITATION_RENEWED = "invitation_renewed", _("Made a new invitation link")
    INVITATION_REVOKED = "invitation_revoked", _("Revoked an invitation")
    JOINED = "joined", _("Joined by invitation")
    MADE_ADMIN = "made_admin", _("Made an admin")
    MADE_AGENT = "made_agent", _("Made an agent")
    DEACTIVATED = "deactivated", _("Closed the account")
    REACTIVATED = "reactivated", _("Opened the account again")
    PASSWORD_LINK = "password_link", _("Made a link for a new password")
    PASSWORD_CHOSEN = "password_chosen", _("Chose a new password by link")
    GATE_TRIED = "gate_tried", _("Had sending tried again")
    BROADCAST_STARTED = "broadcast_started", _("Started a broadcast")
    BROADCAST_CANCELLED = "broadcast_cancelled", _("Cancelled a broadcast")
    OPT_OUTS_ADDED = "opt_outs_added", _("Added opt-outs")
    OPT_OUT_REMOVED = "opt_out_removed", _("Removed an opt-out")


class AuditEntry(models.Model):
    """What somebody did, for good. whom: the person it was done to; about: what else, as text."""

    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=30, choices=Action)
    whom = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    about = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"
