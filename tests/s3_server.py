"""An S3-compatible server that keeps its objects in memory: `with S3Server() as s3:`."""

import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

KEY, SECRET, BUCKET = "the-key", "the/secret+", "media"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "S3Server"

    def _handle(self) -> None:
        address = urlsplit(self.path)
        query = parse_qs(address.query, keep_blank_values=True)
        key = unquote(address.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
            return self._answer(403)
        time.sleep(self.server.delay)
        if self.server.status != 200:
            return self._answer(self.server.status)
        objects, parts = self.server.objects, self.server.parts
        if self.command == "POST" and "uploads" in query:
            return self._answer(200, b"<R><UploadId>1</UploadId></R>")
        if self.command == "POST":
            objects[key] = b"".join(part for _, part in sorted(parts.pop(key).items()))
            return self._answer(200, b'<R><ETag>"0"</ETag></R>')
        if self.command == "PUT" and "partNumber" in query:
            parts.setdefault(key, {})[int(query["partNumber"][0])] = body
            return self._answer(200)
        if self.command == "PUT":
            objects[key] = body
            return self._answer(200)
        if self.command == "DELETE":
            objects.pop(key, None)
            return self._answer(204)
        if key not in objects:
            return self._answer(404)
        return self._answer(200, objects[key])

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class S3Server(ThreadingHTTPServer):
    """status: what it answers to everything, unless it is 200; delay: seconds before it does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.status = 200
        self.delay = 0.0
        secret = SECRET.replace("/", "%2F").replace("+", "%2B")
        self.url = f"s3+http://{KEY}:{secret}@127.0.0.1:{self.server_port}/{BUCKET}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()
