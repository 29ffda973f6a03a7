from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wazime_admin import catalogs


class Command(BaseCommand):
    help = (
        "Brings the translation catalogs in locale/ up to date; --check says what is missing, "
        "--compile makes them ready to be used."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")
        parser.add_argument("--compile", action="store_true")

    def handle(self, *args: Any, check: bool, compile: bool, **options: Any) -> None:
        if compile:
            catalogs.compile_catalogs()
        elif not check:
            catalogs.update_catalogs()
        elif wrong := list(catalogs.untranslated()):
            raise CommandError("\n".join([*wrong, f"{len(wrong)} texts are not translated."]))
