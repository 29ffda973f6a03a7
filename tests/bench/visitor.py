"""A person at the dashboard, as far as a benchmark needs one: `Visitor(stack.url)`."""

import http.client
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPMessage
from urllib.parse import urlencode, urlsplit

BOUNDARY = "the-boundary-of-a-benchmark"
CHUNK = bytes(64 * 1024)
BEGINNING = b"%PDF-1.7\n"


AGENT = ("agent", "wazime-demo")


class Visitor:
    """One connection of the demo's agent, or of another account; not shared between threads."""

    def __init__(
        self,
        url: str,
        cookies: dict[str, str] | None = None,
        account: tuple[str, str] = AGENT,
    ) -> None:
        self._url, self._host = url, urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=120)
        self._cookies = dict(cookies or {})
        if not cookies:
            self._log_in(*account)

    def another(self) -> "Visitor":
        """The same person with a connection of its own."""
        return Visitor(self._url, self._cookies)

    def get(self, path: str) -> str:
        return self._ask("GET", path).decode()

    def headers(self, path: str) -> HTTPMessage:
        """Those of the answer."""
        self._ask("GET", path)
        return self._headers

    @contextmanager
    def asker(self, path: str) -> Iterator[Callable[[], None]]:
        """On a connection of its own: asks for a page and waits for the whole of it, with as little
        work as can be, as it shares the machine with the server that is measured."""
        headers = self._with_cookies({"Host": self._host})
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        request = "\r\n".join([*lines, "", ""]).encode()
        host, port = self._host.split(":")
        with socket.create_connection((host, int(port)), timeout=120) as connection:
            yield lambda: _ask_once(connection, request)

    def poll(self, path: str, headers: dict[str, str]) -> str:
        """A fragment as htmx asks for it; empty when it has not changed."""
        return self._ask("GET", path, headers={"HX-Request": "true", **headers}).decode()

    def writable_conversation(self) -> int:
        """The id of a conversation of the demo that has a composer."""
        for conversation_id in map(int, re.findall(r'"/inbox/(\d+)/"', self.get("/inbox/"))):
            if 'name="send_id"' in self.get(f"/inbox/{conversation_id}/"):
                return conversation_id
        raise LookupError("no conversation can be written in")

    def send_document(self, conversation_id: int, size: int, name: str = "a.pdf") -> None:
        """Upload a PDF of `size` bytes, a piece at a time."""
        head, tail = _around_document(name)
        headers = self._upload_headers(len(head) + size + len(tail))
        pieces = _pieces(head, size, tail)
        self._ask("POST", f"/inbox/{conversation_id}/messages/", pieces, headers)

    def stall(self, conversation_id: int, size: int, arrives: float = 0.5) -> socket.socket:
        """Begin to upload a PDF of `size` bytes, and stand still when so much of it is there."""
        head, tail = _around_document("a.pdf")
        headers = self._upload_headers(len(head) + size + len(tail)) | {"Host": self._host}
        lines = [f"POST /inbox/{conversation_id}/messages/ HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        host, port = self._host.split(":")
        connection = socket.create_connection((host, int(port)), timeout=30)
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + head + BEGINNING)
        for _ in range(int(size * arrives) // len(CHUNK)):
            connection.sendall(CHUNK)
        return connection

    def _log_in(self, login: str, password: str) -> None:
        form = self.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token
        fields = {"login": login, "password": password, "csrfmiddlewaretoken": token[1]}
        self._ask(
            "POST",
            "/accounts/login/",
            urlencode(fields).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert "sessionid" in self._cookies

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        self._connection.request(method, path, body, self._with_cookies(headers or {}))
        answer = self._connection.getresponse()
        content = answer.read()
        self._headers = answer.headers
        for line in answer.headers.get_all("Set-Cookie", []):
            name, value = line.split(";")[0].split("=", 1)
            self._cookies[name] = value
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status}")
        return content

    def _with_cookies(self, headers: dict[str, str]) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {**headers, "Cookie": cookies} if cookies else headers

    def _upload_headers(self, length: int) -> dict[str, str]:
        return self._with_cookies(
            {
                "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
                "Content-Length": str(length),
                "X-CSRFToken": self._cookies["csrftoken"],
            }
        )


def _ask_once(connection: socket.socket, request: bytes) -> None:
    connection.sendall(request)
    answer = connection.recv(1 << 16)
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1 << 16)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
    if not (length and head.startswith(b"HTTP/1.1 200 ")):
        raise RuntimeError(head.decode())
    missing = int(length[1]) - len(body)
    while missing > 0:
        missing -= len(connection.recv(missing))


def _around_document(name: str) -> tuple[bytes, bytes]:
    """What stands before and after the document in a form that sends it."""
    fields = {"send_id": str(uuid.uuid4()), "message": "Segue o documento."}
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
    texts = "".join(part % (field, "") + value + "\r\n" for field, value in fields.items())
    document = part % ("document", f'; filename="{name}"')
    return f"{texts}{document}".encode(), f"\r\n--{BOUNDARY}--\r\n".encode()


def _pieces(head: bytes, size: int, tail: bytes) -> Iterator[bytes]:
    yield head + BEGINNING
    size -= len(BEGINNING)
    for _ in range(size // len(CHUNK)):
        yield CHUNK
    yield CHUNK[: size % len(CHUNK)] + tail
