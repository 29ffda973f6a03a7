"""Tell the workers that there is something to send.

A nudge is a kindness, not a duty: when the broker is down or forgets it, the sweep finds the row.
"""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

from inbox import sending

logger = logging.getLogger(__name__)


def nudge(*message_ids: int) -> None:
    told: list[int] = []
    try:
        for message_id in message_ids:
            current_app.send_task("inbox.send_message", args=[message_id], queue="replies")
            told.append(message_id)
    except OperationalError as failure:
        logger.warning("The broker does not take tasks: %s", failure)
    sending.mark_nudged(told)


def nudge_next(*, number: str) -> None:
    """Tell the workers of the message that stood behind one that has ended."""
    nudge(*sending.next_due(number=number))
