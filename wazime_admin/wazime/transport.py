"""One way out to WaziMe: one session, one `request()`.

The question that matters after a failure is whether the request had begun. What requests and
urllib3 raise does not say (a read timeout inside the body and a refused connection are the same
class), so the connections keep a record of their own: the moment the first byte of a request is
handed over.
"""

import logging
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import requests
from requests.adapters import HTTPAdapter
from requests_toolbelt.multipart.encoder import MultipartEncoder
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from wazime_admin.wazime.errors import Cause, NotNow, Rejected, Uncertain, WaziMeError
from wazime_admin.wazime.outcomes import Answer

logger = logging.getLogger(__name__)

# The longest answer that is read, in bytes: a page of rows is far smaller, a hostile server isn't.
MAX_BODY = 16 * 1024 * 1024
# How long a kept connection may have been idle, in seconds. One that the server has meanwhile
# dropped looks like a server that died while sending: a send takes no chance.
IDLE_BEFORE_READ, IDLE_BEFORE_SEND = 30.0, 2.0


@dataclass(frozen=True)
class Patience:
    """Seconds to wait: for the connection, for each read, and for the whole exchange."""

    connect: float
    read: float
    total: float


READ = Patience(connect=3.05, read=8, total=12)
WRITE = Patience(connect=3.05, read=20, total=30)
# The server uploads media to Meta and posts the message before it answers.
SEND = Patience(connect=3.05, read=90, total=150)

File = tuple[str, IO[bytes], str]  # name, opened content, media type


class _Exchange(threading.local):
    """What is known of the request that this thread is making."""

    began = False
    patience = READ
    connection: HTTPConnection | None = None

    def start(self, patience: Patience) -> None:
        self.began, self.patience, self.connection = False, patience, None


_exchange = _Exchange()


class _Recording(HTTPConnection):
    """A connection that notes when the first byte of a request is handed over."""

    _connecting = False
    idle_since = 0.0

    def connect(self) -> None:
        _exchange.connection = self
        self._connecting = True  # a proxy's CONNECT is written by send(), but is no request
        try:
            super().connect()
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if not self._connecting:
            _exchange.connection = self
            _exchange.began = True
            self.sock.settimeout(_exchange.patience.read)
        super().send(data)


class _RecordingTLS(_Recording, HTTPSConnection):
    pass


class _FreshPool(HTTPConnectionPool):
    """A pool that hands out no connection that was idle too long for what it is wanted for."""

    ConnectionCls = _Recording

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        limit = IDLE_BEFORE_READ if _exchange.patience is READ else IDLE_BEFORE_SEND
        if time.monotonic() - connection.idle_since > limit:
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


class Transport:
    """Speaks HTTP to one WaziMe server, for one thread.

    No answer makes it follow a redirect, retry, read without bound or raise anything but a
    WaziMeError. The credentials appear in no exception, log line or repr.
    """

    def __init__(self, base_url: str, client_id: str, client_secret: str, proxy: str = "") -> None:
        self.base_url = base_url
        self._secrets = tuple(filter(None, (client_secret, client_id)))
        self._session = requests.Session()
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
            self._session.proxies = {"http": proxy, "https": proxy}
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
    ) -> Answer:
        """Make one call and return the answer, whatever it says.

        file: the form field and the File to stream along. Raises NotNow when the request did not
        begin, Rejected when it could not even be made, Uncertain when it began and broke.
        """
        body, headers = _body(list(form), file)
        _exchange.start(patience)
        started = time.monotonic()
        try:
            with _deadline(patience.total) as expired:
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
                    raise requests.ConnectionError("the answer took too long")
        except Exception as failure:  # whatever broke: what matters is whether the request began
            error = self._failure(failure)
            logger.warning("%s %s: %s", method, path, error)
            raise error from None  # the chain would carry the request with its credentials
        elapsed = time.monotonic() - started
        logger.debug("%s %s: HTTP %s in %.3f s", method, path, answer.status, elapsed)
        return answer

    def _read(self, response: requests.Response) -> Answer:
        """Read the body, at most MAX_BODY bytes of it, and give the connection back."""
        with response:
            content = bytearray()
            for chunk in response.iter_content(64 * 1024):
                content += chunk
                if len(content) > MAX_BODY:
                    raise requests.ConnectionError("the answer is too long")
        body = self._without_secrets(content.decode("utf-8-sig", "replace"))
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, body, headers)

    def _without_secrets(self, said: str) -> str:
        for secret in self._secrets:
            said = said.replace(secret, "•••")
        return said

    def _failure(self, failure: Exception) -> WaziMeError:
        detail = self._without_secrets(_innermost(failure))
        if _exchange.began:
            timed_out = isinstance(failure, requests.Timeout) or _holds(
                failure, ReadTimeoutError, TimeoutError
            )
            cause = Cause.READ_TIMEOUT if timed_out else Cause.CONNECTION_LOST
            return Uncertain(cause, detail=detail)
        if isinstance(failure, requests.RequestException) and not isinstance(failure, ValueError):
            return NotNow(_connect_cause(failure), detail=detail)
        # An address that is none, a file that cannot be read: the request was never made.
        return Rejected(Cause.VALIDATION, detail=detail)


def _body(form: list[tuple[str, str]], file: tuple[str, File] | None) -> tuple[Any, dict[str, str]]:
    """The request's body and headers. A file is streamed: it is never in memory as a whole."""
    if file is None:
        return form, {}
    encoder = MultipartEncoder(fields=[*form, file])
    return encoder, {"Content-Type": encoder.content_type}


@contextmanager
def _deadline(seconds: float) -> Iterator[threading.Event]:
    """Shut this thread's connection when the time for the whole exchange is up.

    Timeouts count per read: a server that drips a byte a second would hold a thread for hours.
    """
    expired = threading.Event()
    exchange = _exchange.__dict__  # this thread's view, for the timer's thread to look into

    def expire() -> None:
        expired.set()
        connection = exchange.get("connection")
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
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
        (ConnectTimeoutError, Cause.CONNECT_TIMEOUT),
        (SSLError, Cause.TLS),
    ):
        if _holds(failure, kind):
            return cause
    return Cause.REFUSED
