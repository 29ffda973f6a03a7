"""Files of recipients: looked into before they are taken, kept privately, and looked into again."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import IO

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import ProtectedError, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from inbox.broadcasts.models import Audience, Source, file_path
from inbox.broadcasts.spreadsheets import Columns, Unreadable, guess, open_table
from inbox.media import not_stored
from inbox.models import media_storage
from wazime_admin.team.models import User

logger = logging.getLogger(__name__)

CELL_SHOWN = 60  # characters
ROWS_SHOWN = 5
# How long an upload may be without a broadcast and without a name.
UNUSED = timedelta(days=1)
REMEMBERED = 3600  # seconds


@dataclass(frozen=True)
class Look:
    """The first rows of a table. header: a text for each column, empty where it has no name;
    trouble: why there is nothing to be seen, in words."""

    header: list[str]
    sample: list[list[str]]
    trouble: str = ""

    @property
    def columns(self) -> list[tuple[int, str]]:
        """The place of each column, and what people call it."""
        return [(place, _name(place, text)) for place, text in enumerate(self.header)]


def check(upload: "UploadedFile[bytes]") -> Columns:
    """Which column seems to hold what. Raises ValidationError with one sentence when the file
    cannot be taken."""
    try:
        with open_table(upload.file, upload.name or "") as table:
            return guess(table.header, table.sample)
    except Unreadable as trouble:
        raise ValidationError(str(trouble)) from trouble


def keep(upload: "UploadedFile[bytes]", columns: Columns, author: User) -> Audience:
    """Store a checked file. Raises ValidationError when there is no room for it."""
    name = "".join(filter(str.isprintable, upload.name or ""))[:255]
    audience = Audience(source=Source.FILE, file_name=name, columns=asdict(columns), author=author)
    audience.file = file_path(audience, name)
    audience.save()  # first, so that no file can be there without a row that leads to it
    upload.seek(0)
    try:
        media_storage().save(audience.file.name, upload)
    except Exception as failure:  # every storage has errors of its own
        with suppress(Exception):
            forget(audience)
        raise not_stored(failure) from failure
    return audience


def look(audience: Audience) -> Look:
    """The first rows of its file, read once in an hour: a file does not change."""
    key = f"audience-look-{audience.pk}"
    if known := cache.get(key):
        return Look(*known)
    try:
        with media_storage().open(audience.file.name) as file:
            seen = _look_into(file.file, audience.file_name)
    except Unreadable as trouble:
        return Look([], [], str(trouble))
    except Exception as failure:  # every storage has errors of its own
        logger.warning("An audience's file cannot be read: %s", failure)
        return Look([], [], _("The stored file cannot be read at the moment."))
    cache.set(key, (seen.header, seen.sample), REMEMBERED)
    return seen


def same(audience: Audience, other: Audience) -> bool:
    """Whether both are read from the same place."""
    kept = ("source", "search", "text", "file")
    return all(getattr(audience, name) == getattr(other, name) for name in kept)


def forget(audience: Audience) -> None:
    """Remove it from the saved ones: altogether, or only its name where a broadcast needs it."""
    try:
        audience.delete()
    except ProtectedError:
        Audience.objects.filter(pk=audience.pk).update(name="")
    else:
        _delete_files([audience])


def remove_unused() -> int:
    """Remove what was uploaded or typed and has led to nothing. Returns how many."""
    unused = list(_unused()[:200])
    Audience.objects.filter(pk__in=[audience.pk for audience in unused]).delete()
    _delete_files(unused)
    return len(unused)


def _unused() -> QuerySet[Audience]:
    return Audience.objects.filter(name="", broadcasts=None, created_at__lt=Now() - UNUSED)


def _delete_files(audiences: Iterable[Audience]) -> None:
    for audience in audiences:
        if audience.file:
            media_storage().delete(audience.file.name)


def _look_into(file: IO[bytes], name: str) -> Look:
    with open_table(file, name) as table:
        return Look(
            _shown(table.header, table.width),
            [_shown(row, table.width) for row in table.sample[:ROWS_SHOWN]],
        )


def _shown(row: list[str], width: int) -> list[str]:
    return [cell[:CELL_SHOWN] for cell in row] + [""] * (width - len(row))


def _name(place: int, header: str) -> str:
    """As spreadsheets call their columns: A, B … Z, AA."""
    letters = ""
    number = place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return (
        f"{letters}: {header}" if header.strip() else _("Column %(letter)s") % {"letter": letters}
    )
