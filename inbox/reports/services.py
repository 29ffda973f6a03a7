"""What the clock does: note how many conversations there are, and forget what is old."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from inbox import selectors
from inbox.reports.models import Sample

EVERY = timedelta(minutes=15)
KEPT = timedelta(days=366)


def take_sample() -> None:
    """Note how many conversations have which status now: once, however many clocks ask for it.

    While WaziMe does not tell, nothing is noted: a gap, and no number from before.
    """
    counts, _ = selectors.counts_now()
    at = nearest_quarter(timezone.now())
    rows = [
        Sample(at=at, status=status, count=count)
        for status, count in counts.items()
        if status is not None and count is not None
    ]
    Sample.objects.bulk_create(rows, ignore_conflicts=True)


def remove_old() -> None:
    Sample.objects.filter(at__lt=timezone.now() - KEPT).delete()


def nearest_quarter(moment: datetime) -> datetime:
    """Not the one that has begun: clocks differ a little, and the next sample must not be taken
    for the one before."""
    seconds = EVERY.total_seconds()
    return datetime.fromtimestamp(round(moment.timestamp() / seconds) * seconds, UTC)
