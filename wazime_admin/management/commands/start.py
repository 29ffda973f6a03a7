import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from wazime_admin.run.programs import environment, procfile


class Command(BaseCommand):
    help = "Becomes one of the Procfile's programs, for systemd and containers."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("program", choices=sorted(procfile()))

    def handle(self, *args: Any, program: str, **options: Any) -> None:
        command = procfile()[program]
        os.umask(0o077)  # what it writes is customers' data
        os.execvpe(command[0], command, environment())  # noqa: S606
