"""Serves a WSGI application to an ASGI server so that no client holds a thread.

A request's body is taken in whole before a thread is asked for the answer, and the answer is given
out when the thread is free again, as a buffering proxy does: however slow a network is, a thread
works or is free, it never waits. What does not fit into a little memory is spooled to disk.
Answers that never end (server-sent events) cannot be served this way.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote_to_bytes

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Environ = dict[str, Any]

# In the environ of a request whose body was not taken in: the HTTP status that says why. The
# application shows the page for it.
REFUSED = "wazime_admin.refused"
TOO_SLOW, TOO_LARGE, DISK_FULL = 408, 413, 507

IN_MEMORY = 256 * 1024  # bytes of a body or an answer; more is spooled to disk
CHUNK = 64 * 1024  # bytes given out at a time
# How long the rest of a refused body is thrown away, in seconds. A client that finds its
# connection closed while it still writes never reads why it was refused.
LINGER = 10


class Gone(Exception):
    """The client went away."""


class Refused(Exception):
    """A body is not taken in. status: why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Buffered:
    """`wsgi` as an ASGI application.

    threads: how many requests are worked on at a time; max_body: bytes of a request's body;
    patience: seconds without a byte of it; folder: where bodies and answers are spooled.
    """

    def __init__(
        self,
        wsgi: Callable[..., Iterable[bytes]],
        *,
        threads: int,
        max_body: int,
        patience: float,
        folder: Path,
    ) -> None:
        self._wsgi = wsgi
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._max_body, self._patience, self._folder = max_body, patience, str(folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._spool() as body:
            environ = environ_of(scope, body)
            try:
                environ["CONTENT_LENGTH"] = str(await self._take_in(environ, receive, body))
            except Gone:
                return
            except Refused as refusal:
                environ |= {REFUSED: refusal.status, "CONTENT_LENGTH": "0"}
            body.seek(0)
            answer = await self._in_thread(self._work, environ)
        try:
            await self._give_out(answer, send)
        finally:
            self._threads.submit(answer.close)
        if REFUSED in environ:
            await _throw_away(receive)

    async def _take_in(self, environ: Environ, receive: Receive, body: IO[bytes]) -> int:
        """Spool the request's body; its size. Raises Gone, Refused."""
        if _announced(environ) > self._max_body:
            raise Refused(TOO_LARGE)
        size, more = 0, True
        while more:
            try:
                async with asyncio.timeout(self._patience):
                    message = await receive()
            except TimeoutError:
                raise Refused(TOO_SLOW) from None
            if message["type"] == "http.disconnect":
                raise Gone
            chunk, more = message.get("body", b""), message.get("more_body", False)
            size += len(chunk)
            if size > self._max_body:
                raise Refused(TOO_LARGE)
            try:
                body.write(chunk)
            except OSError:
                raise Refused(DISK_FULL) from None
        return size

    def _work(self, environ: Environ) -> "Answer":
        """Let the application answer, in a thread: all of it, but for a file's content."""
        answer = Answer(self._spool())
        result = self._wsgi(environ, answer.begin)
        if isinstance(result, File):
            answer.content = result.content
        else:
            answer.write(result)
        answer.start = answer.read()
        return answer

    async def _give_out(self, answer: "Answer", send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": answer.headers,
            }
        )
        chunk = answer.start
        while len(chunk) == CHUNK:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await self._in_thread(answer.read)
        await send({"type": "http.response.body", "body": chunk})

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    def _spool(self) -> IO[bytes]:
        return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=self._folder)


class File:
    """What `wsgi.file_wrapper` makes of an answer that is an opened file (PEP 3333)."""

    def __init__(self, content: IO[bytes], block_size: int = CHUNK) -> None:
        self.content = content


class Answer:
    """What the application answered. start: the first CHUNK; the rest is read from content."""

    def __init__(self, content: IO[bytes]) -> None:
        self.status, self.headers, self.start = 500, list[tuple[bytes, bytes]](), b""
        self.content = content

    def begin(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        """WSGI's `start_response`; nothing of an answer has been given out when it comes again."""
        self.status = int(status.split(" ", 1)[0])
        self.headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]

    def write(self, chunks: Iterable[bytes]) -> None:
        try:
            self.content.writelines(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        self.content.seek(0)

    def read(self) -> bytes:
        return self.content.read(CHUNK)

    def close(self) -> None:
        self.content.close()


def environ_of(scope: Scope, body: IO[bytes]) -> Environ:
    """The request as WSGI has it (PEP 3333)."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": (scope.get("client") or [""])[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": File,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            continue  # would pass for the header with hyphens, which a proxy has checked
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        separator = "; " if key == "HTTP_COOKIE" else ","
        earlier = [environ[key]] if key in environ else []
        environ[key] = separator.join([*earlier, value.decode("latin-1")])
    return environ


def _announced(environ: Environ) -> int:
    length = environ.get("CONTENT_LENGTH", "")
    return int(length[:20]) if length.isdecimal() else 0


async def _throw_away(receive: Receive) -> None:
    try:
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body"):
                pass
    except TimeoutError:
        pass
