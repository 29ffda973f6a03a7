from typing import Any

from django.core.management.base import BaseCommand

from inbox import restoring


class Command(BaseCommand):
    help = "To be run after a backup of the database was restored, before anything is started."

    def handle(self, *args: Any, **options: Any) -> None:
        count = restoring.begin_anew()
        self.stdout.write(
            f"{count} messages may have gone out since the backup: they are uncertain now.\n"
            "The gate is closed. Start everything, decide about them in the outbox and on the\n"
            "pages of the broadcasts, and let sending go on as an admin."
        )
