"""How many conversations there were: WaziMe tells only how many there are.

What was sent needs no table here: it is counted from the ledger.
"""

from django.db import models


class Sample(models.Model):
    """How many conversations had a status (types.Status) at a quarter of an hour. There is none
    where nobody could tell."""

    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["at", "status"], name="sample_once"),
        ]

    def __str__(self) -> str:
        return f"{self.count} of status {self.status} at {self.at}"
