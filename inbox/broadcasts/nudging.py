"""Tell the workers of a broadcast. A kindness, not a duty: the clock finds what was forgotten."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
QUEUE = "broadcasts"


# The clock nudges again every two seconds: one that waits longer is worthless.
EXPIRES = 5  # seconds


def nudge_sending() -> None:
    _send("broadcasts.send")


def nudge_building(broadcast_id: int) -> None:
    _send("broadcasts.build", broadcast_id)


def _send(task: str, *args: int) -> None:
    try:
        current_app.send_task(task, args=args, queue=QUEUE, expires=EXPIRES)
    except OperationalError as failure:
        logger.warning("The broker does not take tasks: %s", failure)
