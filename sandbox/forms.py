"""Reading a request's form, with files hashed as they stream by and never held."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

HEAD = 4096  # bytes of a file kept to tell what it is
CHUNK = 256 * 1024
FIELD_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """A file that came along; its content is gone but for the first bytes."""

    name: str
    content_type: str
    size: int
    sha256: str
    head: bytes = field(repr=False)

    @property
    def kind(self) -> str | None:
        """What the content says it is: `jpg`, `png`, `pdf`, `doc`, `docx`, `mp4`, `audio`."""
        return sniff(self.head)

    def as_json(self) -> dict[str, str | int]:
        return {
            "name": self.name,
            "size": self.size,
            "sha256": self.sha256,
            "content_type": self.content_type,
        }


@dataclass
class Form:
    """Fields and files by name. A field can come several times; an empty one is as none.

    Text is trimmed, as Laravel does before it looks at it.
    """

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value.strip())

    def get(self, name: str) -> str:
        return self.fields.get(name, [""])[-1]

    def array(self, name: str) -> list[str]:
        """PHP's `name[]` (or `name[0]`, `name[1]`…), in the order sent."""
        return [v for key, vs in self.fields.items() if key.startswith(f"{name}[") for v in vs]

    def __contains__(self, name: str) -> bool:
        return name in self.fields


async def read_form(request: web.Request) -> Form:
    """The whole body. Raises ConnectionError and the like when the client goes away before its
    end, so that a half request never counts."""
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request)
    form = Form()
    body = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        for name, value in parse_qsl(body.decode(errors="replace"), keep_blank_values=True):
            form.add(name, value)
    return form


async def _read_multipart(request: web.Request) -> Form:
    form = Form()
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.name:
                await _read_part(part, part.name, form)
    except ValueError:
        pass  # PHP takes what it could read of a malformed body
    async for _ in request.content.iter_any():
        pass
    return form


async def _read_part(part: BodyPartReader, name: str, form: Form) -> None:
    if part.filename is None:
        text = b""
        while chunk := await part.read_chunk(CHUNK):
            text = (text + chunk)[:FIELD_LIMIT]
        form.add(name, text.decode(errors="replace"))
        return
    digest, size, head = hashlib.sha256(), 0, b""
    while chunk := await part.read_chunk(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if len(head) < HEAD:
            head = (head + chunk)[:HEAD]
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    form.files[name] = Upload(part.filename, content_type, size, digest.hexdigest(), head)


def sniff(head: bytes) -> str | None:
    """A file's kind by its first bytes, as PHP's finfo would see it."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head[4:8] == b"ftyp":
        return "audio" if head[8:11] == b"M4A" else "mp4"
    if head.startswith(b"PK\x03\x04") and (b"word/" in head or b"[Content_Types].xml" in head):
        return "docx"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "audio"
    return None


_MAGIC: Mapping[bytes, str] = {
    b"\xff\xd8\xff": "jpg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"%PDF-": "pdf",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "doc",
    b"OggS": "audio",
    b"ID3": "audio",
    b"\xff\xfb": "audio",
    b"\xff\xf3": "audio",
    b"\xff\xf2": "audio",
    b"\xff\xf1": "audio",
    b"\xff\xf9": "audio",
    b"#!AMR": "audio",
}
