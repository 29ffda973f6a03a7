"""Celery's side of sending: an id in, one service call. The ledger is the truth, a task a nudge."""

from celery import shared_task

from inbox import gate, media, nudging, restoring, sending, snoozing


@shared_task(name="inbox.send_message")
def send_message(message_id: int) -> None:
    message = sending.deliver(message_id=message_id)
    if message is not None:
        nudging.nudge_next(number=message.number)


@shared_task(name="inbox.sweep")
def sweep() -> None:
    """Find what fell between the chairs: dead claims, and rows whose task got lost."""
    restoring.look()
    sending.expire_claims()
    nudging.nudge(*sending.due_messages())


@shared_task(name="inbox.probe_gate")
def probe_gate() -> None:
    gate.probe()
    nudging.nudge(*sending.due_messages())


@shared_task(name="inbox.wake_snoozed")
def wake_snoozed() -> None:
    snoozing.wake_due()


@shared_task(name="inbox.clean_media")
def clean_media() -> None:
    media.remove_expired()
    media.remove_unused()
