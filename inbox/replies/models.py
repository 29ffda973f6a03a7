"""Texts that people send often."""

from django.conf import settings
from django.db import models

from inbox.forms import MESSAGE_LENGTH

SHORTCUT_LENGTH = 32  # characters


class SavedReply(models.Model):
    """A text under a short name, which stands for it after a slash in the composer.

    owner: whose it is; None for what belongs to everybody and admins look after.
    shortcut: in small letters, as capitals mean the same; unique among each owner's.
    text: with variables (see variables.py); uses: how often it was put into a message.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    shortcut = models.CharField(max_length=SHORTCUT_LENGTH)
    text = models.TextField(max_length=MESSAGE_LENGTH)
    uses = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "shortcut"], name="shortcut_of_owner"),
            # Where there is no owner, that one compares nothing.
            models.UniqueConstraint(
                fields=["shortcut"],
                name="shortcut_of_everybody",
                condition=models.Q(owner__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.shortcut}"

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None
