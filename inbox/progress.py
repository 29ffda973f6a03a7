"""How far an upload to WaziMe has come, for the thread to show."""

import logging
import time
from collections.abc import Callable

from django.core.cache import cache
from django.db import DatabaseError

from inbox.models import Attempt, Message

logger = logging.getLogger(__name__)

TOLD_EVERY = 1.0  # seconds
RENEWED_EVERY = 20.0  # seconds
KEPT = 600  # seconds


class Progress:
    """Told of each piece that left; tells the thread, and renews the claim meanwhile."""

    def __init__(self, attempt: Attempt, *, renew_claim: Callable[[], None]) -> None:
        self._message_id = attempt.message_id
        self._renew_claim = renew_claim
        self._told_at = self._renewed_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """done, total: bytes."""
        now = time.monotonic()
        if now - self._told_at >= TOLD_EVERY:
            self._told_at = now
            cache.set(_key(self._message_id), 100 * done // max(total, 1), KEPT)
        if now - self._renewed_at >= RENEWED_EVERY:
            self._renewed_at = now
            try:
                self._renew_claim()
            except DatabaseError as failure:  # no reason to break off an upload
                logger.warning("A claim was not renewed: %s", failure)


def percentages(messages: list[Message]) -> dict[int, int]:
    """How many percent of each message's file have left, by the message's id, where known."""
    keys = {_key(message.pk): message.pk for message in messages}
    return {keys[key]: percent for key, percent in cache.get_many(keys).items()}


def _key(message_id: int) -> str:
    return f"progress:{message_id}"
