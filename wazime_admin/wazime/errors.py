"""What can go wrong between us and WaziMe.

The four branches are the four things a caller can do about it: show the reason (`Rejected`),
try again later (`NotNow`), stop sending altogether (`Stopped`), or ask a person (`Uncertain`).
Reads raise the same exceptions; for them only the cause matters, since asking again does no harm.
"""

from enum import StrEnum


class Cause(StrEnum):
    """Why. One per sentence that somebody who looks at the dashboard may need to read."""

    # Stopped: every other call would fail the same way.
    CLIENT_ID = "client_id"
    CLIENT_SECRET = "client_secret"  # noqa: S105
    CREDENTIALS = "credentials"
    IP_ADDRESS = "ip_address"
    SUBSCRIPTION = "subscription"
    PLAN = "plan"
    ACCOUNT = "account"
    MAINTENANCE = "maintenance"
    WRONG_PATH = "wrong_path"
    # NotNow: the request did not begin, or was turned away unread.
    RATE_LIMIT = "rate_limit"
    NAME_RESOLUTION = "name_resolution"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    PROXY = "proxy"
    FILE_STORAGE = "file_storage"
    # Uncertain: the request began and no usable answer came.
    READ_TIMEOUT = "read_timeout"
    SLOW = "slow"  # it is still being waited for, elsewhere
    CONNECTION_LOST = "connection_lost"
    SERVER_FAULT = "server_fault"
    UNREADABLE = "unreadable"
    EXCEPTION = "exception"
    PROCESS_DIED = "process_died"
    # Rejected: the answer says that nothing was done.
    VALIDATION = "validation"
    NOT_FOUND = "not_found"
    UNKNOWN_CONTACT = "unknown_contact"
    CONTACT = "contact"
    CONTACT_LIMIT = "contact_limit"
    IMAGE_UPLOAD = "image_upload"
    TOO_LARGE = "too_large"
    FILE_GONE = "file_gone"


class WaziMeError(Exception):
    """A call that did not succeed.

    cause: the reason; messages: WaziMe's own sentences, as text; fields: the same by form field
    where the server said which; status: the HTTP status, None when no answer came; raw: the
    answer as it came (bounded, credentials blacked out); detail: what the network said.
    """

    def __init__(
        self,
        cause: Cause,
        *,
        messages: tuple[str, ...] = (),
        fields: dict[str, str] | None = None,
        status: int | None = None,
        raw: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.messages = messages
        self.fields = fields or {}
        self.status = status
        self.raw = raw
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.cause}: {' '.join(self.messages) or self.detail or f'HTTP {self.status}'}"


class Rejected(WaziMeError):
    """WaziMe said no: nothing was done, and the same request would be refused again."""


class NotNow(WaziMeError):
    """Certainly nothing was done; the same request may succeed later.

    retry_after: seconds that the server asked for, None when it did not say.
    """

    retry_after: float | None = None


class Stopped(WaziMeError):
    """Every call would fail the same way until somebody does something about the cause.

    ip_address: the address that the server wants on its whitelist, where it named one.
    """

    ip_address: str = ""


class Uncertain(WaziMeError):
    """Nobody knows whether it was done. Must never be repeated without a person's decision."""
