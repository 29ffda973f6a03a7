#!/usr/bin/env python
"""Django's command line, with configuration mistakes told in one sentence."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wazime_admin.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as mistake:
        sys.exit(f"Configuration: {mistake}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # also while Django is still being imported
        sys.exit(130)
