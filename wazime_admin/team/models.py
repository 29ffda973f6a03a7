"""Who works here: a person with one of two roles."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
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

    objects: ClassVar[TeamManager] = TeamManager()

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username
