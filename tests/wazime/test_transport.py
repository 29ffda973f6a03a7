"""The one way out, on real sockets: what each death of a connection means."""

import gzip
import logging
import socket
import ssl
import sys
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import brotli
import pytest
import trustme

from tests.wazime.peer import SUCCESS, Peer, Play, Server, answering, refused_port, tunnel
from wazime_admin.wazime import WaziMeClient, transport
from wazime_admin.wazime.errors import Cause, NotNow, Rejected, Stopped, Uncertain, WaziMeError
from wazime_admin.wazime.outcomes import Answer
from wazime_admin.wazime.transport import READ, SEND, WRITE, Patience, Transport

SECRETS = ("id-5f1c3d7a", "secret-9b/8e+2c")
PATIENT = Patience(connect=10, read=20, total=60, begin=20)
# Where nothing comes: what a busy machine is late with must not be taken for it.
QUICK = replace(PATIENT, connect=1, read=0.4)
HASTY = replace(QUICK, total=2)


def call(
    url: str,
    *,
    proxy: str = "",
    patience: Patience = PATIENT,
    ca: str | None = None,
    **request: Any,
) -> Answer:
    speaker = Transport(url, *SECRETS, proxy)
    if ca:
        speaker._session.verify = ca
    return speaker.request("POST", "inbox/send-message", patience=patience, **request)


@contextmanager
def failing(kind: type[WaziMeError], cause: Cause) -> Iterator[None]:
    with pytest.raises(WaziMeError) as caught:
        yield
    assert (type(caught.value), caught.value.cause) == (kind, cause), caught.value.detail


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a certificate to trust."""
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


# --- It works -------------------------------------------------------------------------------------


def test_it_makes_a_call() -> None:
    with Server(answering()) as server:
        answer = call(f"{server.url}/external-api", form=[("mobile", "119"), ("message", "Olá")])

    assert (answer.status, answer.body) == (200, SUCCESS.decode())
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /external-api/inbox/send-message HTTP/1.1\r\n")
    assert f"client-id: {SECRETS[0]}\r\n".encode() in head
    assert f"client-secret: {SECRETS[1]}\r\n".encode() in head
    assert b"Accept: application/json" in head
    assert body == b"mobile=119&message=Ol%C3%A1"


def test_it_keeps_the_connection_for_the_next_call() -> None:
    with Server(answering()) as server:
        speaker = Transport(server.url, *SECRETS)
        for patience in (READ, WRITE, SEND):
            speaker.request("GET", "contact/list", patience=patience)

    assert server.connections == 1


def test_it_speaks_tls(tls: ssl.SSLContext, ca: str) -> None:
    with Server(answering(), tls) as server:
        assert call(server.url, ca=ca).status == 200


def test_it_leaves_a_byte_order_mark_out() -> None:
    with Server(answering(b"\xef\xbb\xbf" + SUCCESS)) as server:
        assert call(server.url).body == SUCCESS.decode()


def test_it_takes_bytes_that_are_no_text() -> None:
    with Server(answering(b'{"status":"succ\xff\xfe')) as server:
        assert call(server.url).body == '{"status":"succ\ufffd\ufffd'


def test_it_ignores_the_environments_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"http://localhost:{refused_port()}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, nowhere)
    with Server(answering()) as server:
        assert call(server.url).status == 200


def test_it_ignores_a_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine localhost login somebody password hunter2")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Server(answering()) as server:
        call(server.url)

    assert b"Authorization" not in server.requests[0]


# --- It did not begin -----------------------------------------------------------------------------


def test_it_says_not_now_when_the_connection_is_refused() -> None:
    with failing(NotNow, Cause.REFUSED):
        call(f"http://localhost:{refused_port()}")


def test_it_says_not_now_when_the_name_is_unknown() -> None:
    with failing(NotNow, Cause.NAME_RESOLUTION):
        call("http://wazime.invalid")


def test_it_says_not_now_when_nobody_takes_the_connection() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # the queue is full now: the system drops who else knocks
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        time.sleep(0.05)
        with failing(NotNow, Cause.CONNECT_TIMEOUT):
            call(
                f"http://127.0.0.1:{listener.getsockname()[1]}",
                patience=replace(QUICK, connect=0.3),
            )


HANDSHAKES: dict[str, Play] = {
    "closed": lambda peer: peer.close(),
    "closed after the hello": lambda peer: (peer.sock.recv(65536), peer.close())[-1],
    "reset after the hello": lambda peer: (peer.sock.recv(65536), peer.reset())[-1],
    "garbage": lambda peer: peer.send(b"\x00" * 100),
    "alert": lambda peer: peer.send(b"\x15\x03\x03\x00\x02\x02\x28"),
    "plain http": lambda peer: peer.answer(b"", "400 Bad Request"),
    "silence": lambda peer: peer.wait(),
}


@pytest.mark.parametrize("play", HANDSHAKES.values(), ids=HANDSHAKES.keys())
def test_it_says_not_now_when_the_handshake_fails(play: Play) -> None:
    with Server(play) as server, failing(NotNow, Cause.TLS):
        call(f"https://localhost:{server.port}", patience=replace(QUICK, connect=0.4))


def test_it_says_not_now_when_the_handshake_drips() -> None:
    def drip(peer: Peer) -> None:
        for byte in b"\x16\x03\x03\x40\x00" + bytes(100):
            peer.send(bytes([byte]))
            time.sleep(0.1)

    started = time.monotonic()
    with Server(drip) as server, failing(NotNow, Cause.TLS):
        call(f"https://localhost:{server.port}", patience=replace(QUICK, connect=0.4))
    assert time.monotonic() - started < 8  # of the ten and a half that it would drip


def test_it_says_not_now_when_the_certificate_is_not_trusted(tls: ssl.SSLContext) -> None:
    with Server(answering(), tls) as server:
        with failing(NotNow, Cause.TLS):
            call(server.url)
        assert server.requests == []


def test_it_says_not_now_when_the_certificate_is_anothers(tls: ssl.SSLContext, ca: str) -> None:
    with Server(answering(), tls) as server, failing(NotNow, Cause.TLS):
        call(f"https://127.0.0.1:{server.port}", ca=ca)


def test_it_begins_at_once_on_a_kept_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "IDLE", 60)
    late = replace(PATIENT, begin=1.5)
    with Server(answering()) as server:
        speaker = Transport(server.url, *SECRETS)
        speaker.request("GET", "first", patience=PATIENT)
        time.sleep(1.6)
        assert speaker.request("GET", "second", patience=late).status == 200


def test_it_rejects_what_it_cannot_write() -> None:
    with Server(answering()) as server:
        with failing(Rejected, Cause.VALIDATION):
            call(server.url, form=[("message", "\ud800")])
        with failing(Rejected, Cause.VALIDATION):
            call(server.url, form=[("message", "\ud800")], file=("image", picture()))
    assert server.requests == []


def test_it_rejects_a_file_that_is_gone() -> None:
    gone = BytesIO(b"x")
    gone.close()
    with Server(answering()) as server, failing(Rejected, Cause.VALIDATION):
        call(server.url, file=("image", ("a.png", gone, "image/png")))
    assert server.connections == 0


@pytest.mark.parametrize("url", ["http://", "http://[", "https://exa mple", "http://.example"])
def test_it_stops_at_an_address_that_is_none(url: str) -> None:
    with failing(Stopped, Cause.WRONG_PATH):
        call(url)


# --- It began, and broke --------------------------------------------------------------------------


def after_request(then: Callable[[Peer], object]) -> Play:
    def play(peer: Peer) -> None:
        peer.read_request()
        then(peer)

    return play


def drip(data: bytes) -> Callable[[Peer], None]:
    def play(peer: Peer) -> None:
        for byte in data:
            peer.send(bytes([byte]))
            if peer.server.over.wait(0.2):
                return

    return play


def test_it_takes_headers_that_are_cut_as_an_answer_without_sense() -> None:
    play = after_request(lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nConte"))
    with Server(play) as server, failing(Uncertain, Cause.UNREADABLE):
        WaziMeClient(Transport(server.url, *SECRETS)).send_message([])


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
DEATHS: dict[str, tuple[Play, Cause]] = {
    "reset before it was read": (
        lambda peer: (peer.wait_for_request(), peer.reset())[-1],
        Cause.CONNECTION_LOST,
    ),
    "closed before it was read": (
        lambda peer: (peer.wait_for_request(), peer.close())[-1],
        Cause.CONNECTION_LOST,
    ),
    "reset after it was read": (after_request(Peer.reset), Cause.CONNECTION_LOST),
    "closed without an answer": (after_request(Peer.close), Cause.CONNECTION_LOST),
    "closed in the status": (
        after_request(lambda peer: peer.send(b"HTTP/1.")),
        Cause.CONNECTION_LOST,
    ),
    "no HTTP": (after_request(lambda peer: peer.send(b"garbage\r\n\r\n")), Cause.CONNECTION_LOST),
    "truncated body": (after_request(lambda peer: peer.send(HEAD + b"{")), Cause.CONNECTION_LOST),
    "reset in the body": (
        after_request(lambda peer: (peer.send(HEAD + b"{"), time.sleep(0.1), peer.reset())),
        Cause.CONNECTION_LOST,
    ),
    "truncated chunks": (
        after_request(
            lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
        ),
        Cause.CONNECTION_LOST,
    ),
    "bad chunks": (
        after_request(
            lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        ),
        Cause.CONNECTION_LOST,
    ),
    "silence in the headers": (after_request(Peer.wait), Cause.READ_TIMEOUT),
    "silence in the body": (
        after_request(lambda peer: (peer.send(HEAD + b"{"), peer.wait())),
        Cause.READ_TIMEOUT,
    ),
    "dripping headers": (after_request(drip(HEAD)), Cause.READ_TIMEOUT),
    "dripping body": (
        after_request(lambda peer: (peer.send(HEAD), drip(SUCCESS)(peer))),
        Cause.READ_TIMEOUT,
    ),
    "dripping body of unknown length": (
        after_request(lambda peer: (peer.send(b"HTTP/1.1 200 OK\r\n\r\n"), drip(SUCCESS)(peer))),
        Cause.READ_TIMEOUT,
    ),
    "no gzip": (
        after_request(lambda peer: peer.answer(b"no", "200 OK", "Content-Encoding: gzip")),
        Cause.UNREADABLE,
    ),
}


@pytest.mark.parametrize(("play", "cause"), DEATHS.values(), ids=DEATHS.keys())
def test_it_is_uncertain_after_the_first_byte(play: Play, cause: Cause) -> None:
    patience = HASTY if cause == Cause.READ_TIMEOUT else PATIENT
    started = time.monotonic()
    with Server(play) as server:
        with failing(Uncertain, cause):
            call(server.url, form=[("message", "Olá")], patience=patience)
        assert time.monotonic() - started < 7  # of the eight, at least, that the server would take
        assert server.connections == 1


@pytest.mark.parametrize(("play", "cause"), DEATHS.values(), ids=DEATHS.keys())
def test_it_is_uncertain_after_the_first_byte_through_tls(
    play: Play, cause: Cause, tls: ssl.SSLContext, ca: str
) -> None:
    patience = HASTY if cause == Cause.READ_TIMEOUT else PATIENT
    with Server(play, tls) as server:
        with failing(Uncertain, cause):
            call(server.url, form=[("message", "Olá")], patience=patience, ca=ca)
        assert server.connections == 1


def test_it_is_uncertain_when_a_tls_record_breaks(tls: ssl.SSLContext, ca: str) -> None:
    def play(peer: Peer) -> None:
        peer.read_request()
        socket.socket.send(peer.sock, b"\x17\x03\x03\x00\x20" + b"broken" * 10)
        peer.wait()

    with Server(play, tls) as server, failing(Uncertain, Cause.CONNECTION_LOST):
        call(server.url, ca=ca)


def test_it_is_uncertain_when_the_connection_dies_in_an_upload() -> None:
    def play(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.reset()

    with Server(play) as server, failing(Uncertain, Cause.CONNECTION_LOST):
        call(server.url, file=("image", ("a.png", BytesIO(bytes(20_000_000)), "image/png")))


def test_it_is_uncertain_when_an_upload_is_not_taken() -> None:
    with Server(Peer.wait) as server, failing(Uncertain, Cause.READ_TIMEOUT):
        large = ("image", ("a.png", BytesIO(bytes(20_000_000)), "image/png"))
        call(server.url, file=large, patience=QUICK)


def test_it_gives_an_upload_more_time_than_a_connection() -> None:
    def busy(peer: Peer) -> None:
        time.sleep(0.5)
        answering()(peer)

    with Server(busy) as server:
        answer = call(
            server.url,
            file=("image", ("a.png", BytesIO(bytes(20_000_000)), "image/png")),
            patience=replace(PATIENT, connect=0.2),
        )
    assert answer.status == 200


def test_it_takes_an_answer_that_comes_before_the_upload_is_read() -> None:
    def play(peer: Peer) -> None:
        peer.read_head()
        peer.answer(b"", "413 Content Too Large")
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.sock.recv(1_000_000):
            pass

    with Server(play) as server:
        answer = call(server.url, file=("image", ("a.png", BytesIO(bytes(5_000_000)), "image/png")))
    assert answer.status == 413


# --- Answers that are too much --------------------------------------------------------------------


def test_it_reads_no_answer_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 1000)
    with Server(answering(b"x" * 1000)) as server:
        assert len(call(server.url).body) == 1000
    with Server(answering(b"x" * 1001)) as server, failing(Uncertain, Cause.UNREADABLE):
        call(server.url)


def test_it_stops_reading_an_endless_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.send(b"x" * 65536)

    monkeypatch.setattr(transport, "MAX_BODY", 1_000_000)
    with Server(endless) as server, failing(Uncertain, Cause.UNREADABLE):
        call(server.url)


@pytest.mark.parametrize(
    ("coding", "compress"),
    [("gzip", gzip.compress), ("br", partial(brotli.compress, quality=5))],  # as small as with 11
)
def test_it_survives_a_bomb(coding: str, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(bytes(200_000_000))
    encoded = answering(bomb, "200 OK", f"Content-Encoding: {coding}")
    with Server(encoded) as server, peak_memory() as peak, failing(Uncertain, Cause.UNREADABLE):
        call(server.url, patience=READ)
    assert peak() < 60_000_000


@contextmanager
def peak_memory() -> Iterator[Callable[[], int]]:
    """Yields what tells the bytes allocated at the worst moment, above those before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield lambda: tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


# --- Redirects ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 T", "308 P"])
@pytest.mark.parametrize("location", ["/maintenance", "http://[", "http://localhost:1", "", "é"])
def test_it_follows_no_redirect(status: str, location: str) -> None:
    with Server(answering(b"<html>", status, f"Location: {location}")) as server:
        answer = call(server.url)

    assert answer.status == int(status[:3])
    assert len(server.requests) == 1


def test_it_reads_no_redirect_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 1_000_000)
    long = answering(bytes(50_000_000), "302 Found", "Location: /maintenance")
    with Server(long) as server, peak_memory() as peak, failing(Uncertain, Cause.UNREADABLE):
        call(server.url)
    assert peak() < 20_000_000


# --- Kept connections -----------------------------------------------------------------------------


@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
@pytest.mark.parametrize("patience", [READ, SEND])
def test_it_takes_a_new_connection_when_the_server_closed_the_kept_one(
    end: Callable[[Peer], None], patience: Patience
) -> None:
    def once(peer: Peer) -> None:
        peer.read_request()
        peer.answer()
        end(peer)

    with Server(once) as server:
        speaker = Transport(server.url, *SECRETS)
        for _ in range(5):
            speaker.request("GET", "contact/list", patience=patience)
            server.closed.acquire(timeout=5)

    assert server.connections == 5


def test_it_uses_no_connection_that_was_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    assert transport.IDLE <= 2
    monkeypatch.setattr(transport, "IDLE", 60)
    with Server(answering()) as server:
        speaker = Transport(server.url, *SECRETS)
        speaker.request("POST", "a", patience=SEND)
        speaker.request("POST", "b", patience=SEND)
        assert server.connections == 1
        monkeypatch.setattr(transport, "IDLE", 0.2)
        time.sleep(0.3)
        speaker.request("POST", "c", patience=SEND)
        assert server.connections == 2


def test_it_sends_on_a_new_connection_after_a_failure() -> None:
    def play(peer: Peer) -> None:
        if b"slow" in peer.read_request():
            peer.wait()
        peer.answer()

    with Server(play) as server:
        speaker = Transport(server.url, *SECRETS)
        with failing(Uncertain, Cause.READ_TIMEOUT):
            speaker.request("GET", "slow", patience=QUICK)
        assert speaker.request("GET", "quick", patience=PATIENT).status == 200


# --- The whole exchange ---------------------------------------------------------------------------


def test_it_has_more_patience_with_sends_than_with_reads() -> None:
    assert READ.read < WRITE.read < SEND.read
    assert SEND.read >= 60
    for patience in (READ, WRITE, SEND):
        assert 0 < patience.connect <= patience.begin < patience.read <= patience.total


CALLS: dict[str, tuple[str, Callable[[WaziMeClient], object]]] = {
    "contacts": ("READ", lambda client: client.contacts()),
    "create_contact": ("WRITE", lambda client: client.create_contact({})),
    "update_contact": ("WRITE", lambda client: client.update_contact(1, {})),
    "delete_contact": ("WRITE", lambda client: client.delete_contact(1)),
    "conversations": ("READ", lambda client: client.conversations()),
    "conversation": ("READ", lambda client: client.conversation(1)),
    "set_status": ("WRITE", lambda client: client.set_status(1, 1)),  # type: ignore[arg-type]
    "send_message": ("SEND", lambda client: client.send_message([])),
    "send_template": ("SEND", lambda client: client.send_template([])),
    "templates": ("READ", lambda client: client.templates()),
}


@pytest.mark.parametrize(("name", "make"), CALLS.values(), ids=CALLS.keys())
def test_it_waits_for_each_endpoint_as_long_as_its_kind(
    name: str, make: Callable[[WaziMeClient], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("READ", "WRITE", "SEND"):
        # With the patience of another kind it would see the connection end.
        patience = QUICK if kind == name else PATIENT
        monkeypatch.setattr(sys.modules[WaziMeClient.__module__], kind, patience)

    with Server(after_request(lambda peer: peer.wait(PATIENT.read / 2))) as server:
        client = WaziMeClient(Transport(server.url, *SECRETS))
        with failing(Uncertain, Cause.READ_TIMEOUT):
            make(client)


# --- Uploads --------------------------------------------------------------------------------------


def picture(name: str = "a.png") -> transport.File:
    return (name, BytesIO(b"\x89PNG"), "image/png")


def test_it_streams_a_file(tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    with large.open("wb") as empty:
        empty.truncate(20_000_000)

    with Server(answering()) as server, large.open("rb") as content, peak_memory() as peak:
        call(
            server.url,
            form=[("mobile", "119")],
            file=("video", ("large.mp4", content, "video/mp4")),
            patience=SEND,
        )
        assert peak() < 4_000_000
    [request] = server.requests
    length = int(request.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert 20_000_000 < length < 20_001_000


@pytest.mark.parametrize("name", ["ação.png", 'say "hi".png', "a\r\nb.png", "😀.png"])
def test_it_gives_any_file_name_in_a_form_that_php_reads(name: str) -> None:
    with Server(answering()) as server:
        call(server.url, form=[("message", "é")], file=("image", picture(name)))

    [request] = server.requests
    assert b"filename*" not in request  # PHP would take the file for a text
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    assert f'; name="image"; filename="{escaped}"'.encode() in request


# --- Through a proxy ------------------------------------------------------------------------------


def test_it_goes_through_a_tunnel(tls: ssl.SSLContext, ca: str) -> None:
    with Server(answering(), tls) as server, Server(tunnel) as proxy:
        speaker = Transport(server.url, *SECRETS, proxy.url)
        speaker._session.verify = ca
        for _ in range(2):
            assert speaker.request("GET", "contact/list", patience=SEND).body == SUCCESS.decode()

        assert proxy.connections == 1
        assert proxy.requests[0].startswith(f"CONNECT localhost:{server.port} ".encode())
        assert SECRETS[1].encode() not in proxy.requests[0]


def test_it_digs_a_new_tunnel_after_a_pause(
    tls: ssl.SSLContext, ca: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "IDLE", 0.1)
    with Server(answering(), tls) as server, Server(tunnel) as proxy:
        speaker = Transport(server.url, *SECRETS, proxy.url)
        speaker._session.verify = ca
        for _ in range(2):
            assert speaker.request("POST", "send", patience=SEND).status == 200
            time.sleep(0.2)

        assert proxy.connections == server.connections == 2


def test_it_asks_a_proxy_to_forward_where_there_is_no_tls() -> None:
    with Server(answering()) as proxy:
        assert call("http://wazime.invalid/external-api", proxy=proxy.url).status == 200

    assert b"http://wazime.invalid/external-api/inbox/send-message HTTP/1.1" in proxy.requests[0]


def test_it_takes_a_proxy_without_a_scheme() -> None:
    with Server(answering()) as proxy:
        assert call("http://wazime.invalid", proxy=f"localhost:{proxy.port}").status == 200


def test_it_says_not_now_when_the_proxy_refuses_the_connection() -> None:
    for url in ("http://wazime.invalid", "https://wazime.invalid"):
        with failing(NotNow, Cause.PROXY):
            call(url, proxy=f"http://localhost:{refused_port()}")


PROXIES: dict[str, Play] = {
    "407": after_request(lambda peer: peer.answer(b"", "407 Proxy Authentication Required")),
    "403": after_request(lambda peer: peer.answer(b"", "403 Forbidden")),
    "502": after_request(lambda peer: peer.answer(b"", "502 Bad Gateway")),
    "silence": after_request(Peer.wait),
    "closed": after_request(Peer.close),
    "closed at once": Peer.close,
    "reset": after_request(Peer.reset),
    "garbage": after_request(lambda peer: peer.send(b"garbage\r\n\r\n")),
}


@pytest.mark.parametrize("play", PROXIES.values(), ids=PROXIES.keys())
def test_it_says_not_now_when_the_proxy_digs_no_tunnel(play: Play) -> None:
    with Server(play) as proxy, failing(NotNow, Cause.PROXY):
        call("https://wazime.invalid", proxy=proxy.url, patience=replace(QUICK, connect=0.4))


def test_it_says_not_now_when_the_handshake_through_a_tunnel_fails(tls: ssl.SSLContext) -> None:
    with Server(answering(), tls) as server, Server(tunnel) as proxy, failing(NotNow, Cause.TLS):
        call(server.url, proxy=proxy.url)


def test_it_is_uncertain_when_the_tunnel_breaks_after_the_first_byte(
    tls: ssl.SSLContext, ca: str
) -> None:
    dying = Server(after_request(Peer.close), tls)
    with dying as server, Server(tunnel) as proxy, failing(Uncertain, Cause.CONNECTION_LOST):
        call(server.url, proxy=proxy.url, ca=ca)


@pytest.mark.parametrize("proxy", ["http://", "ftp://localhost", "socks5://localhost:1"])
def test_it_says_not_now_when_the_proxy_is_none(proxy: str) -> None:
    for url in ("http://wazime.invalid", "https://wazime.invalid"):
        with failing(NotNow, Cause.PROXY):
            call(url, proxy=proxy)


def test_it_gives_up_when_the_tunnel_takes_too_long(tls: ssl.SSLContext, ca: str) -> None:
    def slow(peer: Peer) -> None:
        time.sleep(0.3)
        tunnel(peer)

    with Server(answering(), tls) as server, Server(slow) as proxy:
        with failing(NotNow, Cause.CONNECT_TIMEOUT):
            call(server.url, proxy=proxy.url, ca=ca, patience=replace(PATIENT, begin=0.2))
        time.sleep(0.1)
        assert server.requests == []


# --- Secrets --------------------------------------------------------------------------------------

PASSWORD = "p4ss-w0rd"


def everything(error: BaseException, log: pytest.LogCaptureFixture) -> str:
    """All that could be shown, stored or logged of an error."""
    return "\n".join(
        [
            str(error),
            repr(error),
            repr(error.__dict__),
            repr(error.__context__),
            *traceback.format_exception(error),
            log.text,
            *(repr(record.__dict__) for record in log.records),
        ]
    )


ECHOES = [
    SECRETS[1],
    SECRETS[0],
    SECRETS[1].replace("/", "\\/"),
    "secret-9b%2F8e%2B2c",
    PASSWORD,
]


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "302 Found", "500 Error"])
@pytest.mark.parametrize("echo", ECHOES)
def test_it_blacks_credentials_out_of_an_error(
    echo: str, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = f'{{"status": "error", "message": ["<{echo}>"], "remark": "{echo}"}}'.encode()
    with Server(answering(body, status)) as proxy:
        proxy_url = f"http://somebody:{PASSWORD}@localhost:{proxy.port}"
        client = WaziMeClient(Transport("http://wazime.invalid", *SECRETS, proxy_url))
        with pytest.raises(WaziMeError) as caught:
            client.send_message([("message", "Olá")])

    said = everything(caught.value, caplog)
    assert "•••" in caught.value.raw
    assert echo not in said
    assert not [secret for secret in (*SECRETS, PASSWORD) if secret in said]


def test_it_blacks_credentials_out_of_what_is_kept_of_a_success() -> None:
    echo = f'{{"status": "success", "message": ["{SECRETS[1]}"]}}'.encode()
    with Server(answering(echo)) as server:
        sent = WaziMeClient(Transport(server.url, *SECRETS)).send_message([("message", "Olá")])

    assert sent.raw == '{"status": "success", "message": ["•••"]}'


def broken_ways() -> dict[str, Callable[[Server], dict[str, str]]]:
    return {
        "refused": lambda _: {"url": f"http://localhost:{refused_port()}"},
        "no TLS": lambda server: {"url": f"https://localhost:{server.port}"},
        "closed": lambda server: {"url": server.url},
        "proxy": lambda server: {
            "url": "https://wazime.invalid",
            "proxy": f"http://somebody:{PASSWORD}@localhost:{server.port}",
        },
        "no proxy": lambda _: {
            "url": "https://wazime.invalid",
            "proxy": f"http://somebody:{PASSWORD}@localhost:{refused_port()}",
        },
        "proxy that is none": lambda _: {
            "url": "https://wazime.invalid",
            "proxy": f"nonsense://somebody:{PASSWORD}@localhost",
        },
    }


@pytest.mark.parametrize("way", broken_ways().values(), ids=broken_ways().keys())
def test_it_shows_credentials_in_no_failure(
    way: Callable[[Server], dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(after_request(Peer.close)) as server, pytest.raises(WaziMeError) as caught:
        call(**way(server), patience=QUICK)

    said = everything(caught.value, caplog)
    assert not [secret for secret in (*SECRETS, PASSWORD) if secret in said]


def test_it_shows_credentials_in_no_repr() -> None:
    speaker = Transport("http://localhost", *SECRETS, f"http://somebody:{PASSWORD}@localhost")
    said = f"{speaker!r} {speaker} {WaziMeClient(speaker)!r} {Answer(200, '', {}, SECRETS)!r}"

    assert not [secret for secret in (*SECRETS, PASSWORD) if secret in said]


@pytest.mark.parametrize(
    "bad", ["secret\n", "secret\r\nx: y", "sécret", "密码", "a\x00b", "\ud800"]
)
@pytest.mark.parametrize("which", [0, 1])
def test_it_says_clearly_that_a_credential_fits_no_header(
    bad: str, which: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = list(SECRETS)
    credentials[which] = bad
    with Server(answering()) as server, pytest.raises(Stopped) as caught:
        Transport(server.url, *credentials).request("GET", "contact/list", patience=QUICK)

    assert caught.value.cause is Cause.CREDENTIALS
    assert bad not in everything(caught.value, caplog)
    assert server.connections == 0
