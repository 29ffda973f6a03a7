"""Celery's side of broadcasts. No recipient is a task: a worker takes them from the ledger."""

from celery import shared_task

from inbox.broadcasts import building


@shared_task(name="broadcasts.build")
def build(broadcast_id: int) -> None:
    building.build(broadcast_id=broadcast_id)
