from celery import shared_task

from wazime_admin.connection import checks


@shared_task(name="connection.heartbeat")
def heartbeat() -> None:
    checks.note_heartbeat()
