"""How uploaded files reach the disk."""

import os
from typing import Any

from django.core.files import uploadhandler
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import TemporaryUploadedFile


class TemporaryFileUploadHandler(uploadhandler.TemporaryFileUploadHandler):
    """Django's, which fails on a file whose name has an extension too long for the disk, and keeps
    what it has written of a file for which there is no room."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        uploadhandler.FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = TemporaryUploadedFile(
            "upload", self.content_type, 0, self.charset, self.content_type_extra
        )
        self.file.name = self.file_name

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            self.upload_interrupted()
            raise


class DurableStorage(FileSystemStorage):
    """A folder whose files survive a power cut, as the messages do that they belong to."""

    def save(self, *args: Any, **kwargs: Any) -> str:
        name = super().save(*args, **kwargs)
        with self.open(name) as file:
            os.fsync(file.fileno())
        return name
