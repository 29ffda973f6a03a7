"""One way out to WaziMe: one session, one `request()`.

The question that matters after a failure is whether the request had begun. What requests and
urllib3 raise does not say (a read timeout inside the body and a refused connection are the same
class), so the connections keep a record of their own: the moment the first byte of a request is
handed over.
"""

import html
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import IO, Any
from urllib.parse import quote, unquote

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ContentDecodingError, InvalidProxyURL, InvalidSchema, InvalidURL
from requests_toolbelt.multipart.encoder import MultipartEncoder, MultipartEncoderMonitor
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ProxySchemeUnknown,
    ReadTimeoutError,
)

from wazime_admin.wazime import counting
from wazime_admin.wazime.errors import Cause, NotNow, Rejected, Stopped, Uncertain, WaziMeError
from wazime_admin.wazime.outcomes import Answer, without

logger = logging.getLogger(__name__)

# The longest answer that is read, in bytes: a page of rows is far smaller, a hostile server isn't.
MAX_BODY = 16 * 1024 * 1024
# How long a kept connection may have been idle, in seconds. One that the server drops at the
# moment it is used looks like a server that died while sending, and Apache drops after 5 seconds.
IDLE = 2.0


@dataclass(frozen=True)
class Patience:
    """Seconds to wait: for the connection, for each read, and for the whole exchange.

    begin: for the first byte to be out. Who made a claim on a message must not send it late.
    """

    connect: float
    read: float
    total: float
    begin: float = 5

    def for_upload(self, size: int) -> "Patience":
        """The same with the time that a file of `size` bytes takes on a slow line."""
        return replace(self, total=self.total + size / SLOWEST_UPLOAD)


SLOWEST_UPLOAD = 50_000  # bytes a second
READ = Patience(connect=3.05, read=8, total=12)
WRITE = Patience(connect=3.05, read=20, total=30)
# The server uploads media to Meta and posts the message before it answers.
SEND = Patience(connect=3.05, read=90, total=150)

File = tuple[str, IO[bytes], str]  # name, opened content, media type
Progress = Callable[[int, int], None]  # bytes handed over, bytes in all


class _Exchange(threading.local):
    """What is known of the request that this thread is making.

    stage: what is to blame if it breaks before it began. sock: kept beside its connection, which
    lets go of it as soon as an answer says that it is the last one.
    """

    began = False
    stage = Cause.REFUSED
    patience = READ
    started = 0.0
    sock: socket.socket | None = None

    def start(self, patience: Patience, claimed_at: float | None) -> None:
        self.began, self.stage, self.sock = False, Cause.REFUSED, None
        self.patience, self.started = patience, claimed_at or time.monotonic()

    def begin(self, connection: HTTPConnection) -> None:
        """Called before the first byte; raises ConnectTimeoutError when it is too late for it."""
        if not self.began and time.monotonic() - self.started > self.patience.begin:
            raise ConnectTimeoutError(connection, "the connection took too long")
        self.sock, self.began = connection.sock, True


_exchange = _Exchange()


class _Recording(HTTPConnection):
    """A connection that notes when the first byte of a request is handed over."""

    _connecting = False
    idle_since = 0.0

    def connect(self) -> None:
        self._connecting = True  # a proxy's CONNECT is written by send(), but is no request
        try:
            super().connect()
        finally:
            self._connecting = False

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _exchange.stage, _exchange.sock = Cause.TLS, connected
        return connected

    def _tunnel(self) -> None:
        _exchange.stage = Cause.PROXY
        super()._tunnel()
        _exchange.stage = Cause.TLS

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if not self._connecting:
            _exchange.begin(self)
            self.sock.settimeout(_exchange.patience.read)
        super().send(data)


class _RecordingTLS(_Recording, HTTPSConnection):
    pass


class _FreshPool(HTTPConnectionPool):
    """A pool that hands out no connection that was idle too long."""

    ConnectionCls = _Recording

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        if time.monotonic() - connection.idle_since > IDLE:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)


class _FreshPoolTLS(_FreshPool, HTTPSConnectionPool):
    ConnectionCls = _RecordingTLS


class _Adapter(HTTPAdapter):
    """Never retries, and uses recording connections, through a proxy too."""

    _pools = {"http": _FreshPool, "https": _FreshPoolTLS}

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


class _Session(requests.Session):
    def get_redirect_target(self, resp: Any) -> None:
        """None: even where redirects are not followed, requests reads their whole body, without
        bound, and stumbles over a Location that is no address."""


class Transport:
    """Speaks HTTP to one WaziMe server, for one thread.

    No answer makes it follow a redirect, retry, read without bound or raise anything but a
    WaziMeError. The credentials appear in no exception, log line or repr.
    """

    def __init__(self, base_url: str, client_id: str, client_secret: str, proxy: str = "") -> None:
        self.base_url = base_url
        credentials = (client_id, client_secret)
        self._secrets = _spellings(client_secret, client_id, *_passwords(proxy))
        self._sendable = all(value.isascii() and value.isprintable() for value in credentials)
        self._session = _Session()
        self._session.trust_env = False
        self._session.headers.update(
            {
                "client-id": client_id,
                "client-secret": client_secret,
                "Accept": "application/json",
                "User-Agent": "wazime-admin",
            }
        )
        if proxy:
            address = proxy if "://" in proxy else f"http://{proxy}"
            self._session.proxies = {"http": address, "https": address}
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter())

    def __repr__(self) -> str:
        return f"<Transport {self.base_url}>"

    def request(
        self,
        method: str,
        path: str,
        *,
        patience: Patience,
        query: Mapping[str, object] | None = None,
        form: Iterable[tuple[str, str]] = (),
        file: tuple[str, File] | None = None,
        claimed_at: float | None = None,
        progress: Progress | None = None,
    ) -> Answer:
        """Make one call and return the answer, whatever it says.

        file: the form field and the File to stream along. claimed_at: on the monotonic clock, since
        when the request may begin, and not for long. Raises NotNow when the request did not
        begin, Rejected when it could not even be made, Uncertain when it began and broke.
        """
        if not self._sendable:
            raise Stopped(Cause.CREDENTIALS, detail="they contain what no header can carry")
        _exchange.start(patience, claimed_at)
        expired = threading.Event()
        try:
            body, headers = _body(list(form), file, progress)
            with _deadline(patience.total, expired):
                response = self._session.request(
                    method,
                    f"{self.base_url}/{path}",
                    params={k: str(v) for k, v in (query or {}).items() if v not in (None, "")},
                    data=body,
                    headers=headers,
                    timeout=(patience.connect, patience.read),
                    allow_redirects=False,
                    stream=True,
                )
                answer = self._read(response)
                if expired.is_set():
                    raise TimeoutError("the answer took too long")
        except Exception as failure:  # whatever broke: what matters is whether the request began
            error = self._failure(failure, expired.is_set())
        else:
            elapsed = time.monotonic() - _exchange.started
            logger.debug("%s %s: HTTP %s in %.3f s", method, path, answer.status, elapsed)
            counting.count_call(path, str(answer.status), elapsed)
            return answer
        logger.warning("%s %s: %s", method, path, error)
        counting.count_call(path, error.cause, time.monotonic() - _exchange.started)
        raise error  # out here, without a context that holds the request and its credentials

    def _read(self, response: requests.Response) -> Answer:
        """Read the body, at most MAX_BODY bytes of it, and give the connection back."""
        with response:
            content = bytearray()
            for chunk in response.iter_content(64 * 1024):
                content += chunk
                if len(content) > MAX_BODY:
                    raise ContentDecodingError("the answer is too long")
        body = content.decode("utf-8-sig", "replace")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, body, headers, self._secrets)

    def _failure(self, failure: Exception, expired: bool) -> WaziMeError:
        detail = without(self._secrets, _innermost(failure))
        if not _exchange.began:
            return _not_begun(failure, detail)
        if expired or _holds(failure, requests.Timeout, ReadTimeoutError, TimeoutError):
            return Uncertain(Cause.READ_TIMEOUT, detail=detail)
        if isinstance(failure, ContentDecodingError):
            return Uncertain(Cause.UNREADABLE, detail=detail)
        return Uncertain(Cause.CONNECTION_LOST, detail=detail)


def _not_begun(failure: Exception, detail: str) -> WaziMeError:
    if _holds(failure, InvalidProxyURL, InvalidSchema, ProxySchemeUnknown):
        return NotNow(Cause.PROXY, detail=detail)
    if isinstance(failure, InvalidURL):
        return Stopped(Cause.WRONG_PATH, detail=detail)
    if isinstance(failure, requests.ConnectionError | requests.Timeout):
        return NotNow(_connect_cause(failure), detail=detail)
    # A file that is gone, a text that cannot be written: the request was never made.
    return Rejected(Cause.VALIDATION, detail=detail)


def _passwords(proxy: str) -> tuple[str, ...]:
    """The password in a proxy's address, as it is written and as it is meant."""
    written = re.search(r"[^/:@]*:([^/@]+)@", proxy)
    return (written[1], unquote(written[1])) if written else ()


def _spellings(*secrets: str) -> tuple[str, ...]:
    """The secrets in every way in which a server may repeat them, longest first."""
    found: set[str] = set()
    for secret in filter(None, secrets):
        escaped = json.dumps(secret)[1:-1]
        found |= {secret, html.escape(secret), escaped, escaped.replace("/", "\\/")}
        found |= {quote(secret, safe, errors="replace") for safe in ("", "/")}
    return tuple(sorted(found, key=len, reverse=True))


def _body(
    form: list[tuple[str, str]], file: tuple[str, File] | None, progress: Progress | None
) -> tuple[Any, dict[str, str]]:
    """The request's body and headers. A file is streamed: it is never in memory as a whole."""
    if file is None:
        return form, {}
    encoder = MultipartEncoder(fields=[*form, file])
    headers = {"Content-Type": encoder.content_type}
    if progress is None:
        return encoder, headers
    total = encoder.len
    return MultipartEncoderMonitor(encoder, lambda it: progress(it.bytes_read, total)), headers


@contextmanager
def _deadline(seconds: float, expired: threading.Event) -> Iterator[None]:
    """Shut this thread's connection when the time for the whole exchange is up.

    Timeouts count per read: a server that drips a byte a second would hold a thread for hours.
    """
    exchange = _exchange.__dict__  # this thread's view, for the timer's thread to look into

    def expire() -> None:
        expired.set()
        if sock := exchange.get("sock"):
            # Not the TLS socket's own shutdown: it falls back to plain text in mid-request.
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """The failure and all that stands behind it, outermost first."""
    seen: list[BaseException] = []
    waiting: list[object] = [failure]
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or item in seen:
            continue
        seen.append(item)
        yield item
        waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]


def _holds(failure: BaseException, *kinds: type[BaseException]) -> bool:
    return any(isinstance(item, kinds) for item in _chain(failure))


def _innermost(failure: BaseException) -> str:
    """What the network said, such as `Connection refused`."""
    last = list(_chain(failure))[-1]
    said = getattr(last, "strerror", None) or str(last)
    return f"{type(last).__name__}: {said}"[:300]


def _connect_cause(failure: BaseException) -> Cause:
    for kind, cause in (
        (ProxyError, Cause.PROXY),
        (NameResolutionError, Cause.NAME_RESOLUTION),
        (NewConnectionError, Cause.REFUSED),  # is a ConnectTimeoutError too
        (ConnectTimeoutError, Cause.CONNECT_TIMEOUT),
    ):
        if _holds(failure, kind):
            return cause
    return _exchange.stage
