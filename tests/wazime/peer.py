"""A server made of bare sockets, which can die in every way a server can."""

import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from tests.stack import free_port

SUCCESS = b'{"status": "success", "remark": "ok", "data": {"id": 7}}'
Play = Callable[["Peer"], None]


class Peer:
    """The server's side of one connection."""

    def __init__(self, sock: socket.socket, server: "Server") -> None:
        self.sock = sock
        self.server = server
        self._buffer = b""

    def read_request(self, keep: int = 100_000) -> bytes:
        """A whole request (the first `keep` bytes of its body); b"" when the client is gone."""
        head = self.read_head()
        if not head:
            return b""
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        received = len(body)
        while received < length:
            piece = self.sock.recv(65536)
            if not piece:
                break
            received += len(piece)
            if len(body) < keep:
                body += piece
        request = head + b"\r\n\r\n" + body[:keep]
        self.server.requests.append(request)
        return request

    def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self._buffer:
            piece = self.sock.recv(65536)
            if not piece:
                return b""
            self._buffer += piece
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    def wait_for_request(self) -> None:
        """Until its first byte is there, which stays unread."""
        socket.socket.recv(self.sock, 1, socket.MSG_PEEK)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: bytes = SUCCESS, status: str = "200 OK", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", *headers]
        if not any(line.lower().startswith("content-length") for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        self.sock.close()

    def wait(self, seconds: float = 30) -> None:
        """Silence, until the test is over."""
        self.server.over.wait(seconds)


class Server:
    """`with Server(play) as server:` plays on each connection, in a thread of its own.

    connections: how many came; requests: all that were read whole.
    """

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None) -> None:
        self._play = play
        self._tls = tls
        self.connections = 0
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self.closed = threading.Semaphore(0)  # released after each connection's end

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        peer = Peer(sock, self)
        # A client that goes away in mid-play is what some of the tests are about.
        with suppress(OSError):
            if self._tls:
                peer.sock = self._tls.wrap_socket(sock, server_side=True)
            self._play(peer)
        peer.close()
        self.closed.release()


def answering(*arguments: str | bytes) -> Play:
    """Answers every request of a connection alike."""

    def play(peer: Peer) -> None:
        while peer.read_request():
            peer.answer(*arguments)  # type: ignore[arg-type]

    return play


def refused_port() -> int:
    """A port on which nobody listens."""
    return free_port()


def tunnel(peer: Peer) -> None:
    """Plays a proxy that is asked to CONNECT."""
    head = peer.read_head()
    peer.server.requests.append(head)
    host, port = head.split()[1].decode().split(":")
    with socket.create_connection((host, int(port))) as far:
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        while True:
            for source in select.select([peer.sock, far], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                (far if source is peer.sock else peer.sock).sendall(data)
