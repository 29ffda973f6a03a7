"""Celery's side of broadcasts. No recipient is a task: a worker takes them from the ledger."""

from threading import BoundedSemaphore
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from inbox.broadcasts import audiences, building, nudging, pump, services

# In one process; its threads (see the Procfile) are a few more.
_builders = BoundedSemaphore(3)


@shared_task(name="broadcasts.build")
def build(broadcast_id: int) -> None:
    """Not when so many are at it that nobody could send; the clock asks again."""
    if _builders.acquire(blocking=False):
        try:
            building.build(broadcast_id=broadcast_id)
        finally:
            _builders.release()


@shared_task(name="broadcasts.send")
def send() -> None:
    pump.run()


@shared_task(name="broadcasts.look")
def look() -> None:
    """The clock: what is due begins, and the workers are told of what there is to do."""
    services.start_due()
    services.reopen()
    services.finish_cancelling()
    if services.is_sending():
        nudging.nudge_sending()
    for broadcast_id in building.due_builds():
        nudging.nudge_building(broadcast_id)


@shared_task(name="broadcasts.clean")
def clean() -> None:
    audiences.remove_unused()


@worker_shutting_down.connect
def stop_sending(**_: Any) -> None:
    pump.stop()
