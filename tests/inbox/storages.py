"""Storages that fail as real ones do."""

from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage


class FullDisk(FileSystemStorage):
    """Half of a file gets to the disk; then the kernel says that it is full."""

    def _save(self, name: str, content: Any) -> str:
        super()._save(name, ContentFile(b"half"))
        with Path("/dev/full").open("wb", buffering=0) as device:
            device.write(b"the other half")
        return name
