"""Tell the workers of a broadcast. A kindness, not a duty: the clock finds what was forgotten."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
QUEUE = "broadcasts"


def nudge_sending() -> None:
    _send("broadcasts.send", expires=5)


def nudge_building(broadcast_id: int) -> None:
    _send("broadcasts.build", broadcast_id)


def _send(task: str, *args: int, expires: int | None = None) -> None:
    try:
        current_app.send_task(task, args=args, queue=QUEUE, expires=expires)
    except OperationalError as failure:
        logger.warning("The broker does not take tasks: %s", failure)
