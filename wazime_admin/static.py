"""How the static files are kept."""

from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Keeps the list of all files beside them: what is among them is served to everybody."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        beside = FileSystemStorage(settings.DATA_DIR)
        super().__init__(*args, manifest_storage=beside, **kwargs)
