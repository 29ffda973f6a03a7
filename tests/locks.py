"""A ledger that somebody else holds, as a long transaction or a backup does."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.db import connection

HOLD = {
    "sqlite": ["PRAGMA busy_timeout = 60000", "BEGIN IMMEDIATE"],
    "postgresql": ["BEGIN", "LOCK TABLE inbox_message, inbox_attempt IN EXCLUSIVE MODE"],
}
HURRY = {"sqlite": "PRAGMA busy_timeout = 100", "postgresql": "SET lock_timeout = 100"}


@contextmanager
def held_ledger() -> Iterator[None]:
    """Everybody can read it, but only another connection could write."""
    with closing(connection.copy()) as holder, holder.cursor() as cursor:
        for statement in HOLD[connection.vendor]:
            cursor.execute(statement)
        yield


def wait_only_briefly() -> None:
    """A tenth of a second for a lock, as long as this connection lasts."""
    with connection.cursor() as cursor:
        cursor.execute(HURRY[connection.vendor])
