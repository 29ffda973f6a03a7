"""The buffer between slow clients and threads, on the web server of the Procfile."""

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.settings import ROOT
from tests.stack import free_port

BIG = os.urandom(8_000_000)


class Server:
    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=15)

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        with closing(connection):
            connection.request(
                method, path, body, {name.replace("_", "-"): v for name, v in headers.items()}
            )
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def told(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.ask(method, path, body, **headers)[2])
        return told

    def stalled(self, path: str = "/stalled") -> socket.socket:
        """A connection whose request stands still half-way through its body."""
        connection = self.connect()
        head = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 500)
        return connection


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    big = tmp_path_factory.mktemp("files") / "big"
    big.write_bytes(BIG)
    processes = []

    def run(spool: Path, patience: float = 2) -> Server:
        port = free_port()
        command = [sys.executable, "-m", "granian", "tests.run.serving_app:application"]
        options = ["--interface", "asginl", "--no-ws", "--workers", "1", "--log-level", "warning"]
        process = subprocess.Popen(
            [*command, *options, "--port", str(port)],
            cwd=ROOT,
            env={
                **os.environ,
                "SPOOL_FOLDER": str(spool),
                "BIG_FILE": str(big),
                "PATIENCE": str(patience),
            },
        )
        processes.append(process)
        server, deadline = Server(port), time.monotonic() + 30
        while True:
            try:
                server.connect().close()
                return server
            except OSError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.05)

    yield run
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    return start(tmp_path_factory.mktemp("spool"))


@pytest.mark.parametrize("size", [0, 1, 300_000, 4_000_000])
def test_it_gives_the_application_the_whole_body(server: Server, size: int) -> None:
    told = server.told("POST", "/", BIG[:size])
    assert told["size"] == size
    assert told["sha256"] == hashlib.sha256(BIG[:size]).hexdigest()
    assert told["environ"]["CONTENT_LENGTH"] == str(size)


def test_it_takes_a_body_in_chunks_whose_length_nobody_announced(server: Server) -> None:
    told = server.told("POST", "/", iter([BIG[:100_000], BIG[100_000:300_000]]))
    assert told["sha256"] == hashlib.sha256(BIG[:300_000]).hexdigest()
    assert told["environ"]["CONTENT_LENGTH"] == "300000"


def test_it_says_what_was_asked_as_wsgi_has_it(server: Server) -> None:
    told = server.told("GET", "/a%20b/%C3%A9/%ff?q=%20x", Content_Type="text/x", X_One="1")
    environ = told["environ"]
    assert environ["PATH_INFO"] == "/a b/Ã©/ÿ"
    assert environ["QUERY_STRING"] == "q=%20x"
    assert environ["CONTENT_TYPE"] == "text/x"
    assert environ["HTTP_X_ONE"] == "1"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"


def test_it_lets_no_header_with_an_underscore_pass_for_another(server: Server) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: here\r\nX_Forwarded_Proto: https\r\nConnection: close\r\n\r\n"
        )
        assert b"FORWARDED" not in _everything(connection)


def test_it_takes_large_headers_and_joins_those_that_come_twice(server: Server) -> None:
    cookie = "a=" + "x" * 30_000
    with closing(server.connect()) as connection:
        connection.sendall(
            f"GET / HTTP/1.1\r\nHost: here\r\nCookie: {cookie}\r\nCookie: b=2\r\n"
            "Accept: text/a\r\nAccept: text/b\r\nConnection: close\r\n\r\n".encode()
        )
        answer = _everything(connection)
    assert f"{cookie}; b=2".encode() in answer
    assert b"text/a,text/b" in answer


def test_it_gives_out_headers_that_come_twice(server: Server) -> None:
    assert server.ask("GET", "/")[1].get_all("X-Twice") == ["a", "b"]


def test_it_gives_out_an_answer_in_chunks_and_closes_it(server: Server) -> None:
    assert server.ask("GET", "/chunks")[2] == b"x" * 1_000_000
    assert "chunks" in server.told("GET", "/seen")["closed"]


def test_it_gives_out_a_file(server: Server) -> None:
    assert server.ask("GET", "/file")[2] == BIG


def test_it_answers_head_without_a_body(server: Server) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(b"HEAD /chunks HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert _everything(connection).endswith(b"\r\n\r\n")


def test_uploads_that_stand_still_hold_no_thread(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start(tmp_path, patience=20)
    stalled = [server.stalled() for _ in range(12)]
    begun = time.monotonic()
    for _ in range(4):
        assert server.ask("GET", "/")[0] == 200
    assert time.monotonic() - begun < 10  # of the twenty seconds that they may stand still
    for connection in stalled:
        connection.close()


def test_downloads_that_stand_still_hold_no_thread(server: Server) -> None:
    readers = [server.connect() for _ in range(12)]
    for reader in readers:
        reader.sendall(b"GET /file HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        reader.recv(100)
    assert server.ask("GET", "/")[0] == 200
    assert BIG[-1000:] in _everything(readers[0])
    for reader in readers:
        reader.close()
    assert server.ask("GET", "/file")[2] == BIG


def test_it_gives_up_a_body_that_stands_still(server: Server) -> None:
    with closing(server.stalled()) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_half_a_body_never_reaches_the_application(server: Server) -> None:
    server.stalled("/half").close()
    server.told("POST", "/after", b"x")
    assert "/half" not in server.told("GET", "/seen")["answered"]


def test_it_refuses_a_body_that_is_announced_as_too_large_before_any_of_it(server: Server) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4000001\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_it_asks_for_a_body_that_waits_to_be_asked_for(server: Server) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        assert b'"size": 3' in _everything(connection)


def test_it_refuses_a_body_that_becomes_too_large(server: Server) -> None:
    status, _, content = server.ask("POST", "/", iter([BIG[:2_000_001]] * 2))
    assert (status, content) == (413, b"refused")


def test_a_client_that_writes_all_before_it_reads_still_reads_the_refusal(server: Server) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 50000000\r\n"
            b"Connection: close\r\n\r\n"
        )
        for _ in range(50):
            connection.sendall(bytes(1_000_000))
            time.sleep(0.01)
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_it_says_when_a_body_cannot_be_written_to_the_disk(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start(tmp_path / "missing")
    assert server.ask("POST", "/", BIG[:300_000])[0] == 507
    assert server.ask("POST", "/", BIG[:1000])[0] == 200


def _everything(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1_000_000):
        parts.append(part)
    return b"".join(parts)
