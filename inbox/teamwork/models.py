"""What a team settles among itself about a conversation. WaziMe knows nothing of it."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from wazime_admin.team.models import User

NOTE_LENGTH = 2000  # characters


class Assignment(models.Model):
    """Whose a conversation is: person, None when it was given back; by: who said so last."""

    conversation_id = models.BigIntegerField(unique=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.conversation_id}: {self.person_id}"

    @property
    def assignee(self) -> User | None:
        """The person, unless their account was closed: then the conversation is nobody's."""
        return self.person if self.person and self.person.is_active else None


class Note(models.Model):
    """What one of the team wrote for the others. edited_at: None when it was not changed since."""

    conversation_id = models.BigIntegerField(db_index=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=NOTE_LENGTH)
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"note {self.pk} on {self.conversation_id}"

    @property
    def changed_at(self) -> datetime:
        return self.edited_at or self.created_at
