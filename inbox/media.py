"""What people send along: looked into before it is taken, and stored privately.

A file is judged by its content, never by its name or by what the browser says of it. The limits
are wazime's `inbox/send-message`, and WhatsApp's where that is silent (audio).
"""

from __future__ import annotations

import hashlib
import io
import logging
import mimetypes
import re
import struct
import threading
import unicodedata
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath

import filetype
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, ImageOps

from inbox.models import (
    MEDIA_KINDS,
    Kind,
    Media,
    Message,
    State,
    media_path,
    media_storage,
)
from wazime_admin.errors import disk_is_full

logger = logging.getLogger(__name__)

MB = 1024 * 1024
MAX_SIZE: Mapping[Kind, int] = {  # bytes
    Kind.IMAGE: 5 * MB,
    Kind.DOCUMENT: 100 * MB,
    Kind.VIDEO: 16 * MB,
    Kind.AUDIO: 16 * MB,
}
DOC = "application/msword"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# What each kind may hold, with the extensions that fit it; the first is given where none fits.
TYPES: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.IMAGE: {"image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",)},
    Kind.DOCUMENT: {"application/pdf": (".pdf",), DOC: (".doc",), DOCX: (".docx",)},
    Kind.VIDEO: {"video/mp4": (".mp4",)},
    Kind.AUDIO: {
        "audio/mpeg": (".mp3",),
        "audio/mp4": (".m4a", ".mp4"),
        "audio/aac": (".aac",),
        "audio/amr": (".amr",),
        "audio/ogg": (".ogg", ".opus"),
    },
}
KINDS_BY_FIELD: Mapping[str, Kind] = {kind.value: kind for kind in MEDIA_KINDS}
# For <input accept>.
ACCEPT: Mapping[Kind, str] = {
    kind: ",".join(extension for fitting in types.values() for extension in fitting)
    for kind, types in TYPES.items()
}
_REFUSED = {
    Kind.IMAGE: gettext_lazy("WhatsApp takes pictures as JPG or PNG: this file is something else."),
    Kind.DOCUMENT: gettext_lazy(
        "WhatsApp takes documents as PDF, DOC or DOCX: this file is something else."
    ),
    Kind.VIDEO: gettext_lazy("WhatsApp takes videos as MP4: this file is something else."),
    Kind.AUDIO: gettext_lazy(
        "WhatsApp takes audio as MP3, M4A, AAC, AMR or OGG with Opus: this file is something else."
    ),
}

# What needs its file no longer; an uncertain message waits for a person.
ENDED = (State.SENT, State.CANCELLED, State.REJECTED)
# How long a file may be without a message: it is stored just before its message is written.
UNUSED = timedelta(days=1)
AT_ONCE = 200  # rows

NAME_LENGTH = 120  # characters
HEAD = 8192  # bytes; as much as filetype looks at
THUMBNAIL = (640, 640)  # pixels at most
MAX_PIXELS = 50_000_000
# A decoded picture takes up to 200 MB of memory: each process decodes one at a time.
_decoding = threading.Lock()


@dataclass(frozen=True)
class Accepted:
    """A file that may be sent: its cleaned name, what it is, and a picture's thumbnail (WebP)."""

    name: str
    content_type: str
    thumbnail: bytes | None = None


def check(upload: UploadedFile[bytes], kind: Kind) -> Accepted:
    """Look into a file that is to be sent as `kind`; raises ValidationError with one sentence."""
    if not upload.size:
        raise ValidationError(_("This file is empty."), "empty")
    if upload.size > MAX_SIZE[kind]:
        limit = filesizeformat(MAX_SIZE[kind])
        raise ValidationError(
            _("This file is too large: WhatsApp takes up to %(limit)s here."),
            "too_large",
            {"limit": limit},
        )
    content_type = _content_type(upload, kind)
    if content_type not in TYPES[kind]:
        raise ValidationError(str(_REFUSED[kind]), "wrong_type")
    if content_type == DOCX:
        _check_archive(upload)
    thumbnail = _thumbnail(upload) if kind == Kind.IMAGE else None
    name = _clean_name(upload.name or "", kind, TYPES[kind][content_type])
    return Accepted(name, content_type, thumbnail)


def store(upload: UploadedFile[bytes], kind: Kind) -> Media:
    """Check a file and keep it. Raises ValidationError, after which nothing of it is left.

    The row is written before the file, so that no file can be in the storage without a row that
    leads to it: should this process die in between, `remove_unused` finds what it left.
    """
    accepted = check(upload, kind)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    media = Media(
        name=accepted.name,
        content_type=accepted.content_type,
        size=upload.size or 0,
        sha256=digest.hexdigest(),
    )
    media.file = media_path(media, media.name)
    if accepted.thumbnail:
        media.thumbnail = media_path(media, media.name)
    try:
        media.save()
        storage = media_storage()
        storage.save(media.file.name, upload)
        if accepted.thumbnail:
            storage.save(media.thumbnail.name, ContentFile(accepted.thumbnail))
    except Exception as failure:  # every storage has errors of its own
        with suppress(Exception):
            discard(media)
        raise not_stored(failure) from failure
    return media


def discard(media: Media) -> None:
    """Remove a file that no message was written with, and its row."""
    _delete_files(media)
    if media.pk:
        media.delete()


def remove_expired() -> int:
    """Remove the files that have been kept long enough; their rows stay. Returns how many.

    A file is kept while any message with it is unfinished or undecided, and for
    MEDIA_RETENTION_DAYS after the last of them has ended.
    """
    long_ago = Now() - timedelta(days=settings.MEDIA_RETENTION_DAYS)
    ended = Q(state__in=ENDED, finished_at__lt=long_ago)
    needing = Message.objects.filter(~ended, media=OuterRef("pk"))
    expired = Media.objects.filter(
        ~Exists(needing), Exists(_messages()), removed_at=None, created_at__lt=long_ago
    )
    removed = 0
    while batch := list(expired[:AT_ONCE]):
        for media in batch:
            _delete_files(media)
            Media.objects.filter(pk=media.pk).update(removed_at=Now())
        removed += len(batch)
    return removed


def remove_unused() -> int:
    """Remove the files whose message was never written, and their rows. Returns how many."""
    unused = Media.objects.filter(~Exists(_messages()), created_at__lt=Now() - UNUSED)
    removed = 0
    while batch := list(unused[:AT_ONCE]):
        for media in batch:
            discard(media)
        removed += len(batch)
    return removed


def _messages() -> QuerySet[Message]:
    return Message.objects.filter(media=OuterRef("pk"))


def _delete_files(media: Media) -> None:
    for stored in filter(None, (media.file.name, media.thumbnail.name)):
        media_storage().delete(stored)


def not_stored(failure: Exception) -> ValidationError:
    logger.error("A file was not stored: %s", failure)
    if disk_is_full(failure):
        return ValidationError(
            _("The server's disk is full, so this file was not taken: tell an admin."), "full"
        )
    return ValidationError(
        _("This file could not be stored, so it was not taken: try again later."), "not_stored"
    )


# --- Content ----------------------------------------------------------------------------------


def _content_type(upload: UploadedFile[bytes], kind: Kind) -> str:
    """What the content is, "" if it is nothing known."""
    upload.seek(0)
    head = upload.read(HEAD)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return DOC
    if head.startswith(b"PK\x03\x04"):
        return DOCX
    if head.startswith(b"OggS"):
        return "audio/ogg" if b"OpusHead" in head else ""
    found = filetype.guess(head)
    content_type: str = found.mime if found else ""
    # Recorders put plain sound into an MP4 of the general brand.
    if kind == Kind.AUDIO and content_type == "video/mp4":
        return "audio/mp4"
    return content_type


# Of an archive only its table of contents is looked at, which stands at the end of the file.
TABLE_SIZE = 256 * 1024  # bytes


def _check_archive(upload: UploadedFile[bytes]) -> None:
    """A .docx is a zip archive with Word's parts, and unpacks to a size that can be opened."""
    size = upload.size or 0
    upload.seek(max(0, size - TABLE_SIZE))
    try:
        with zipfile.ZipFile(io.BytesIO(upload.read(TABLE_SIZE))) as end:
            entries = end.infolist()
    except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError):
        entries = []
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names or not any(name.startswith("word/") for name in names):
        raise ValidationError(str(_REFUSED[Kind.DOCUMENT]), "wrong_type")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > max(MAX_SIZE[Kind.DOCUMENT], 20 * size):
        raise ValidationError(
            _("This document would unpack to an absurd size: it cannot be opened."), "bomb"
        )


def _thumbnail(upload: UploadedFile[bytes]) -> bytes:
    """A small upright copy of a picture, without its metadata."""
    small = io.BytesIO()
    upload.seek(0)
    try:
        with _decoding, Image.open(upload, formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            picture.thumbnail(THUMBNAIL)
            ImageOps.exif_transpose(picture).save(small, "WEBP", quality=80)
    except Image.DecompressionBombError:
        raise ValidationError(
            _("This picture has more than 50 megapixels: make it smaller."), "bomb"
        ) from None
    except Exception as broken:  # a decoder raises whatever a broken file leads it to
        raise ValidationError(
            _("This picture is broken: it cannot be opened."), "broken"
        ) from broken
    return small.getvalue()


# --- Name -------------------------------------------------------------------------------------


def _clean_name(name: str, kind: Kind, fitting: tuple[str, ...]) -> str:
    """The name without folders, control and bidi characters, with an extension that fits."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    printable = "".join(c for c in re.sub(r"\s+", " ", base) if c.isprintable())
    path = PurePath(re.sub(r'[<>:"|?*]', "_", printable).strip(" ."))
    stem, extension = path.stem, path.suffix
    if extension.lower() not in fitting:
        if mimetypes.guess_type(path.name)[0] is None:
            stem = path.name  # what follows the dot is no extension: "v1.2"
        extension = fitting[0]
    stem = stem[: NAME_LENGTH - len(extension)].strip(" .")
    return f"{stem or kind.label}{extension}"
