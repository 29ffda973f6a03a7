import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from wazime_admin.run.prepare import prepare
from wazime_admin.run.programs import DASHBOARD_URL, SANDBOX_URL, environment, programs
from wazime_admin.run.supervisor import StartError, Supervisor, end_with_parent, say
from wazime_admin.team.accounts import has_admin


class Command(BaseCommand):
    help = "Prepares everything and runs it on this machine until Ctrl-C."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if "MAKELEVEL" in os.environ:
            end_with_parent()  # make passes on what it is sent, but nobody can pass on a SIGKILL
        try:
            held = prepare()
            supervisor = Supervisor(programs(), cwd=settings.BASE_DIR, env=environment(), held=held)
            supervisor.run(announce)
        except StartError as reason:
            sys.exit(str(reason))
        except OSError as error:
            sys.exit(f"{error.filename or 'A file'} cannot be used: {error.strerror}.")


def announce() -> None:
    """Say where everything is."""
    lines = [f"Dashboard  {DASHBOARD_URL}"]
    lines += [
        f"Log in as  {username} / {password}  ({role})"
        for username, password, role in settings.DEMO_ACCOUNTS
    ]
    if settings.DEMO:
        lines += [f"Sandbox    {SANDBOX_URL}  (the customers' phones; nothing leaves this machine)"]
    else:
        lines += [f"WaziMe     {settings.WAZIME_BASE_URL}  (live)"]
    if not has_admin():
        lines += ["No admin yet: python manage.py createsuperuser makes the first."]
    block = "\n".join(f"  {line}" for line in lines)
    say(f"\nWaziMe Admin is ready.\n\n{block}\n\n  Ctrl-C stops it.\n")
