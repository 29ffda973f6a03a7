"""The files of messages, for people who are logged in."""

import re
from typing import IO

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from inbox.models import Media
from wazime_admin.http import PageRequest

# What a browser may show on its own; everything else is saved.
SHOWN = {"image/jpeg", "image/png", "video/mp4"}


@require_safe
def media(request: PageRequest, media_id: int) -> HttpResponseBase:
    """The file itself, or the part that a player asks for; a page that says so when it is gone."""
    row = get_object_or_404(Media, pk=media_id)
    try:
        if row.removed_at:
            raise FileNotFoundError
        content = row.file.open("rb")
    except FileNotFoundError:
        return render(request, "errors/410.html", status=410)
    return _serve(request, content, row)


@require_safe
def thumbnail(request: PageRequest, media_id: int) -> HttpResponseBase:
    row = get_object_or_404(Media, pk=media_id, removed_at=None)
    try:
        content = row.thumbnail.open("rb")
    except (ValueError, FileNotFoundError):  # not a picture, or gone
        raise Http404 from None
    return _guarded(FileResponse(content, content_type="image/webp"))


class _Part:
    """`length` bytes of an opened file, from `start`."""

    def __init__(self, content: IO[bytes], start: int, length: int) -> None:
        content.seek(start)
        self._content, self._left = content, length
        self.close = content.close

    def read(self, size: int) -> bytes:
        part = self._content.read(min(size, self._left))
        self._left -= len(part)
        return part


def _serve(request: PageRequest, content: IO[bytes], row: Media) -> HttpResponseBase:
    part = _wanted(request.headers.get("Range", ""), row.size)
    if part is None:
        content.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{row.size}"})
    start, end = part
    is_shown = row.content_type in SHOWN or row.content_type.startswith("audio/")
    response = FileResponse(
        _Part(content, start, end - start),
        content_type=row.content_type,
        as_attachment=not is_shown,
        filename=row.name,
    )
    response["Content-Length"] = end - start
    response["Accept-Ranges"] = "bytes"
    if end - start < row.size:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end - 1}/{row.size}"
    return _guarded(response)


def _wanted(header: str, size: int) -> tuple[int, int] | None:
    """The bytes that a Range header asks for, from and up to; None when there are none such.

    Everything unless it asks for one range: who asks for several may get the whole (RFC 9110,
    14.2). A file never changes, so it does not matter which copy If-Range speaks of.
    """
    asked = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.replace(" ", ""))
    if asked is None or asked[0] == "bytes=-":
        return 0, size
    first, last = asked.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) else None
    start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end else None


def _guarded(response: FileResponse) -> FileResponse:
    """A file that somebody made up runs nothing here, and stays with the one who asked."""
    response["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
    )
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response
