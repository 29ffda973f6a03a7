"""A small WSGI application behind the buffer, for the tests of wazime_admin/serving.py."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from wazime_admin.serving import REFUSED, Buffered

answered: list[str] = []
closed: list[str] = []


class Closing:
    """Chunks whose `close` is noted."""

    def __iter__(self) -> Iterator[bytes]:
        return (b"x" * 1000 for _ in range(1000))

    def close(self) -> None:
        closed.append("chunks")


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if REFUSED in environ:
        start_response(f"{environ[REFUSED]} Refused", [("Content-Type", "text/plain")])
        return [b"refused"]
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Twice", "a"), ("X-Twice", "b")])
    if path == "/file":
        return environ["wsgi.file_wrapper"](Path(os.environ["BIG_FILE"]).open("rb"), 1)
    if path == "/chunks":
        return Closing()
    content = environ["wsgi.input"].read()
    if path != "/seen":
        answered.append(path)
    seen = {name: value for name, value in environ.items() if isinstance(value, str)}
    told = {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "environ": seen,
        "answered": answered,
        "closed": closed,
    }
    return [json.dumps(told).encode()]


application = Buffered(
    wsgi,
    threads=2,
    max_body=4_000_000,
    patience=float(os.environ["PATIENCE"]),
    folder=Path(os.environ["SPOOL_FOLDER"]),
)
