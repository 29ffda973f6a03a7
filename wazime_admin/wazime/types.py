"""WaziMe's rows as frozen dataclasses, read from whatever a server really answers.

Any key may be missing, ids and flags may be strings, anything may be null: a row that has no
usable id is left out, everything else falls back to empty. Times are aware, in UTC.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from enum import IntEnum
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
MAX_ID = 2**63 - 1
# The most rows that are read of one answer, whatever was asked for.
MAX_ROWS = 1000
PLACE = ("city", "state", "post_code", "address")
# WhatsApp's own limit is 4,096: what is longer is no message, and would be kept for everybody.
LONGEST_TEXT, LONGEST_NAME, LONGEST_ADDRESS = 10_000, 255, 2000


class Status(IntEnum):
    """A conversation's status; the numbers are the API's."""

    NONE = 0
    DONE = 1
    PENDING = 2
    IMPORTANT = 3
    UNREAD = 4


class TemplateStatus(IntEnum):
    PENDING = 0
    APPROVED = 1
    REJECTED = 2
    DISABLED = 3


@dataclass(frozen=True)
class Label:
    """A tag or a list that a contact belongs to."""

    id: int
    name: str


@dataclass(frozen=True)
class Contact:
    """address_known: whether the server told an address at all; if not, empty means nothing."""

    id: int
    firstname: str = ""
    lastname: str = ""
    mobile_code: str = ""
    mobile: str = ""
    city: str = ""
    state: str = ""
    post_code: str = ""
    address: str = ""
    country: str = ""
    address_known: bool = False
    image_src: str = ""
    is_blocked: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    tags: tuple[Label, ...] = ()
    lists: tuple[Label, ...] = ()

    @property
    def name(self) -> str:
        """First and last name, or the number of somebody who has none."""
        return f"{self.firstname} {self.lastname}".strip() or self.number

    @property
    def number(self) -> str:
        """The number as people write it internationally: `+5511912345678`."""
        return f"+{self.mobile_code}{self.mobile}" if self.mobile else ""


@dataclass(frozen=True)
class Note:
    id: int
    text: str
    created_at: datetime | None = None


@dataclass(frozen=True)
class Conversation:
    """status: None when the server did not say."""

    id: int
    contact: Contact | None = None
    status: Status | None = None
    last_message_at: datetime | None = None
    notes: tuple[Note, ...] = ()


class MessageKind(IntEnum):
    """What a message of the history is."""

    TEXT = 1
    IMAGE = 2
    VIDEO = 3
    DOCUMENT = 4
    AUDIO = 5
    URL = 6
    BUTTON = 7
    LOCATION = 8
    LIST = 9


class Sender(IntEnum):
    US = 1
    CUSTOMER = 2


class Delivery(IntEnum):
    SENT = 1
    DELIVERED = 2
    READ = 3


@dataclass(frozen=True)
class Place:
    """latitude and longitude: degrees, as digits with a point; both empty where they are none."""

    latitude: str = ""
    longitude: str = ""
    name: str = ""
    address: str = ""


@dataclass(frozen=True)
class HistoryMessage:
    """A message as WaziMe recorded it, whoever wrote it.

    sender, kind, delivery: None when the server did not say, or says what nobody knows.
    text: the message, or its medium's caption; media_url: http or https, else empty.
    """

    id: int
    sender: Sender | None = None
    kind: MessageKind | None = None
    text: str = ""
    filename: str = ""
    media_url: str = ""
    place: Place | None = None
    delivery: Delivery | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Template:
    id: int
    name: str = ""
    status: TemplateStatus | None = None
    header: str = ""
    header_format: str = ""
    body: str = ""
    footer: str = ""
    buttons: tuple[str, ...] = ()
    rejected_reason: str = ""


@dataclass(frozen=True)
class Sent:
    """A message that left. The ids are None where the server did not say."""

    conversation_id: int | None
    message_id: int | None
    raw: str


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list. number and last count from 1; total: the rows of all pages, None when
    the server does not tell, and then last is only known to be no less; unusable: how many rows of
    this page are passed over because they have no id."""

    rows: tuple[T, ...]
    number: int = 1
    last: int = 1
    total: int | None = 0
    unusable: int = 0


class Unexpected(ValueError):
    """The data has a shape in which no rows can be found."""


# --- Values -----------------------------------------------------------------------------------


def text(value: object) -> str:
    """A scalar as text that can be shown and stored: no lone surrogates, no NUL."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode().replace("\x00", "").strip()


def integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def identifier(value: object) -> int | None:
    number = integer(value)
    return number if number is not None and 0 < number <= MAX_ID else None


def flag(value: object) -> bool:
    return value is True or integer(value) == 1


def moment(value: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(text(value))
        utc = read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    # The first and the last year cannot be shown in every time zone; no message is from then.
    return utc if MINYEAR < utc.year < MAXYEAR else None


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def rows_of(value: object, read: Callable[[dict[str, Any], int], T]) -> tuple[T, ...]:
    """Each usable row of a list, read by `read(row, id)`."""
    return tuple(read(row, row_id) for row, row_id in _identified(value))


def _identified(value: object) -> Iterator[tuple[dict[str, Any], int]]:
    for item in value[:MAX_ROWS] if isinstance(value, list) else ():
        row = mapping(item)
        if row_id := identifier(row.get("id")):
            yield row, row_id


def web_address(value: object) -> str:
    """An http or https address as it may stand in a link; anything else is empty."""
    address = text(value)
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        return ""
    has_gaps = any(each.isspace() or not each.isprintable() for each in address)
    return address if is_one and not has_gaps and len(address) <= LONGEST_ADDRESS else ""


def _choice(kind: type[T], value: object) -> T | None:
    number = integer(value)
    try:
        return None if number is None else kind(number)  # type: ignore[call-arg]
    except ValueError:
        return None


# --- Rows -------------------------------------------------------------------------------------


def read_label(row: dict[str, Any], row_id: int) -> Label:
    return Label(row_id, text(row.get("name")))


def read_contact(row: dict[str, Any], row_id: int) -> Contact:
    place = _place(row)
    return Contact(
        id=row_id,
        firstname=text(row.get("firstname")),
        lastname=text(row.get("lastname")),
        mobile_code=text(row.get("mobile_code")).lstrip("+"),
        mobile=text(row.get("mobile")),
        city=text(place.get("city")),
        state=text(place.get("state")),
        post_code=text(place.get("post_code")),
        address=text(place.get("address")),
        country=text(place.get("country")),
        address_known=any(name in place for name in PLACE),
        image_src=text(row.get("image_src")),
        is_blocked=flag(row.get("is_blocked")),
        created_at=moment(row.get("created_at")),
        updated_at=moment(row.get("updated_at")),
        tags=rows_of(row.get("tags"), read_label),
        lists=rows_of(row.get("lists"), read_label),
    )


def _place(row: dict[str, Any]) -> dict[str, Any]:
    """Where the address stands: in an object of its own, or in the row itself."""
    address = row.get("address")
    return address if isinstance(address, dict) else row


def read_note(row: dict[str, Any], row_id: int) -> Note:
    return Note(row_id, text(row.get("note")), moment(row.get("created_at")))


def read_conversation(row: dict[str, Any], row_id: int) -> Conversation:
    contact = mapping(row.get("contact"))
    contact_id = identifier(contact.get("id"))
    return Conversation(
        id=row_id,
        contact=read_contact(contact, contact_id) if contact_id else None,
        status=_choice(Status, row.get("status")),
        last_message_at=moment(row.get("last_message_at")),
        notes=rows_of(row.get("notes"), read_note),
    )


def read_details(data: dict[str, Any], conversation_id: int) -> Conversation:
    """The answer of `conversation-details`: the row may stand under a key or be the data itself,
    with contact, tags, lists and notes inside it or beside it."""
    row = mapping(data.get("conversation") or data.get("conversation_details")) or data
    contact = mapping(row.get("contact") or data.get("contact"))
    beside: dict[str, Any] = {
        key: data[key] for key in ("tags", "lists") if key in data and key not in contact
    }
    whole = {
        **row,
        "contact": beside | contact if contact else None,
        "notes": row.get("notes") or data.get("notes") or contact.get("notes"),
    }
    return read_conversation(whole, conversation_id)


def read_message(row: dict[str, Any], row_id: int) -> HistoryMessage:
    """A row of `conversation-messages`."""
    said = text(row.get("message")) or text(row.get("media_caption"))
    return HistoryMessage(
        id=row_id,
        sender=_choice(Sender, row.get("type")),
        kind=_choice(MessageKind, row.get("message_type")),
        text=said[:LONGEST_TEXT],
        filename=text(row.get("media_filename"))[:LONGEST_NAME],
        media_url=web_address(row.get("media_url")),
        place=_location(row.get("location")),
        delivery=_choice(Delivery, row.get("status")),
        created_at=moment(row.get("created_at")),
    )


def _location(value: object) -> Place | None:
    place = mapping(_decoded(value))
    point = _degrees(place.get("latitude"), 90), _degrees(place.get("longitude"), 180)
    words = [text(place.get(name))[:LONGEST_NAME] for name in ("name", "address")]
    found = Place(*(point if all(point) else ("", "")), *words)
    return None if found == Place() else found


def _degrees(value: object, most: int) -> str:
    """A coordinate between -most and most, as it may stand in an address; else empty."""
    number = text(value)
    is_one = re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,20})?", number, re.ASCII)
    return number if is_one and abs(float(number)) <= most else ""


def read_template(row: dict[str, Any], row_id: int) -> Template:
    header, body = row.get("header"), row.get("body")
    return Template(
        id=row_id,
        name=text(row.get("name")),
        status=_choice(TemplateStatus, row.get("status")),
        header=_component(header),
        header_format=text(row.get("header_format")),
        body=_component(body),
        footer=_component(row.get("footer")),
        buttons=tuple(filter(None, map(_component, _buttons(row.get("buttons"))))),
        rejected_reason=text(row.get("rejected_reason")),
    )


def _component(value: object) -> str:
    """A template's part: a text, or an object that has one."""
    return text(mapping(_decoded(value)).get("text")) or text(value)


def _buttons(value: object) -> list[object]:
    value = _decoded(value)
    if isinstance(value, dict):
        value = value.get("buttons") or list(value.values())
    return value if isinstance(value, list) else []


def _decoded(value: object) -> object:
    """What is stored as JSON comes as JSON, or as a text that holds it."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def read_page(
    data: object,
    key: str,
    read: Callable[[dict[str, Any], int], T],
    *,
    number: int = 1,
    per_page: int = 20,
) -> Page[T]:
    """The list under `key`: a paginator, or a plain array as older servers send it.

    number and per_page: what was asked for, as an array does not say what it is. Raises Unexpected
    when neither is there; no data at all is an empty page, because servers leave empty keys out.
    """
    holder = data.get(key, data) if isinstance(data, dict) else data
    if not holder:
        return Page((), number=number, last=max(number - 1, 1))
    if isinstance(holder, list):
        return _plain_page(holder, read, number, per_page)
    if not isinstance(holder, dict) or not isinstance(holder.get("data"), list):
        raise Unexpected(key)
    rows = rows_of(holder["data"], read)
    return Page(
        rows,
        number=identifier(holder.get("current_page")) or 1,
        last=identifier(holder.get("last_page")) or 1,
        total=max(identifier(holder.get("total")) or 0, len(rows)),
        unusable=len(holder["data"][:MAX_ROWS]) - len(rows),
    )


def _plain_page(
    items: list[object], read: Callable[[dict[str, Any], int], T], number: int, per_page: int
) -> Page[T]:
    """An array: everything at once where it is longer than a page, else one page of who knows how
    many; a full one may have a next."""
    count = len(items)
    begin = (number - 1) * per_page if count > per_page else 0
    some = items[begin : begin + per_page]
    rows = rows_of(some, read)
    unusable = len(some) - len(rows)
    if count > per_page:
        return Page(rows, number, -(-count // per_page), count, unusable)
    if count == per_page:
        return Page(rows, number, number + 1, None, unusable)
    return Page(rows, number, number, (number - 1) * per_page + count, unusable)
