from contextlib import suppress

from django.apps import AppConfig
from django.conf import settings


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        with suppress(OSError):  # whoever needs the folder says what is wrong with it
            settings.FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
