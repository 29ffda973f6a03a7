"""Who does not want to get broadcasts. All other data about contacts is WaziMe's."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class OptOut(models.Model):
    """A person who gets no broadcast. number: folded (numbers.folded), to compare by."""

    number = models.CharField(max_length=40, unique=True)
    mobile_code = models.CharField(max_length=8)
    mobile = models.CharField(max_length=32)
    reason = models.CharField(max_length=200, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.number
