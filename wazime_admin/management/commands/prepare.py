import sys
from typing import Any

from django.core.management.base import BaseCommand

from wazime_admin.run.prepare import set_up
from wazime_admin.run.supervisor import StartError


class Command(BaseCommand):
    help = "What `run` does before it starts the programs, for those who start them by themselves."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            set_up()
        except StartError as reason:
            sys.exit(str(reason))
        except OSError as error:
            sys.exit(f"{error.filename or 'A file'} cannot be used: {error.strerror}.")
