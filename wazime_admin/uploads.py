"""How uploaded files reach the disk."""

from typing import Any

from django.core.files import uploadhandler
from django.core.files.uploadedfile import TemporaryUploadedFile


class TemporaryFileUploadHandler(uploadhandler.TemporaryFileUploadHandler):
    """Django's, which fails on a file whose name has an extension too long for the disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        uploadhandler.FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = TemporaryUploadedFile(
            "upload", self.content_type, 0, self.charset, self.content_type_extra
        )
        self.file.name = self.file_name
