"""WaziMe's endpoints, one short method each.

Every method raises the exceptions of errors.py and nothing else. Bodies are form fields; the
answers' envelope and outcomes are judged in outcomes.py, the rows read in types.py.
"""

import os
import threading
from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.conf import settings

from wazime_admin.wazime import types
from wazime_admin.wazime.errors import Cause, Uncertain
from wazime_admin.wazime.outcomes import Answer, judge
from wazime_admin.wazime.transport import READ, SEND, WRITE, File, Progress, Transport
from wazime_admin.wazime.types import (
    Contact,
    Conversation,
    HistoryMessage,
    Page,
    Sent,
    Status,
    Template,
    Unexpected,
    identifier,
    mapping,
)

PER_PAGE = 20
Form = Iterable[tuple[str, str]]


class WaziMeClient:
    """One WaziMe account on one server. Not shared between threads: see `client()`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"<WaziMeClient {self._transport.base_url}>"

    # --- Contacts -----------------------------------------------------------------------------

    def contacts(
        self, *, page: int = 1, per_page: int = PER_PAGE, search: str = ""
    ) -> Page[Contact]:
        """Newest first. search: in first name, last name and mobile."""
        query = {"page": page, "paginate": per_page, "search": search}
        return self._list("contact/list", query, "contacts", types.read_contact)

    def create_contact(self, fields: Mapping[str, str], image: File | None = None) -> None:
        """fields: `firstname`, `lastname`, `mobile_code`, `mobile` at least."""
        self._write("contact/store", fields.items(), image)

    def update_contact(
        self, contact_id: int, fields: Mapping[str, str], image: File | None = None
    ) -> None:
        """fields must be complete: servers demand the four required ones, and blank every
        address field that is not sent, whatever the documentation says."""
        self._write(f"contact/update/{contact_id}", fields.items(), image)

    def delete_contact(self, contact_id: int) -> None:
        judge(self._transport.request("DELETE", f"contact/delete/{contact_id}", patience=WRITE))

    # --- Conversations ------------------------------------------------------------------------

    def conversations(
        self,
        *,
        status: Status | None = None,
        page: int = 1,
        per_page: int = PER_PAGE,
        search: str = "",
    ) -> Page[Conversation]:
        """Newest activity first. status: only these, all when None."""
        query = {"status": status, "page": page, "paginate": per_page, "search": search}
        return self._list("inbox/conversation-list", query, "conversation", types.read_conversation)

    def conversation(self, conversation_id: int) -> Conversation:
        """One conversation with its contact's tags and lists, and its notes."""
        answer = self._get(f"inbox/conversation-details/{conversation_id}")
        return types.read_details(mapping(judge(answer)), conversation_id)

    def messages(
        self, conversation_id: int, *, page: int = 1, per_page: int = PER_PAGE
    ) -> Page[HistoryMessage]:
        """What was said in a conversation, newest first. Not on the vendor's page: most servers
        have no such endpoint and raise Stopped (WRONG_PATH), see offers.py."""
        query = {"page": page, "paginate": per_page}
        path = f"inbox/conversation-messages/{conversation_id}"
        return self._list(path, query, "messages", types.read_message)

    def set_status(self, conversation_id: int, status: Status) -> None:
        form = [("status", str(int(status)))]
        self._write(f"inbox/change-conversation-status/{conversation_id}", form)

    # --- Sending ------------------------------------------------------------------------------

    def send_message(
        self,
        form: Form,
        file: tuple[str, File] | None = None,
        *,
        claimed_at: float | None = None,
        progress: Progress | None = None,
    ) -> Sent:
        """form: the fields of `inbox/send-message`; file: its field and content, streamed.

        Every call reaches a customer. Uncertain means that it may have: never repeat it.
        claimed_at: on the monotonic clock; the first byte must leave soon after, or not at all.
        """
        path = "inbox/send-message"
        return self._send(path, form, file, claimed_at=claimed_at, progress=progress)

    def send_template(self, form: Form, *, claimed_at: float | None = None) -> Sent:
        """form: the fields of `inbox/send-template-message`. As live as `send_message`."""
        path = "inbox/send-template-message"
        return self._send(path, form, sends_template=True, claimed_at=claimed_at)

    def templates(self, *, page: int = 1, per_page: int = PER_PAGE) -> Page[Template]:
        query = {"page": page, "paginate": per_page}
        return self._list("inbox/template-list", query, "templates", types.read_template)

    # --- How ----------------------------------------------------------------------------------

    def _get(self, path: str, query: Mapping[str, object] | None = None) -> Answer:
        return self._transport.request("GET", path, patience=READ, query=query)

    def _list(self, path: str, query: Mapping[str, Any], key: str, read: Any) -> Page[Any]:
        answer = self._get(path, query)
        try:
            asked = {"number": query["page"], "per_page": query["paginate"]}
            return types.read_page(judge(answer), key, read, **asked)
        except Unexpected:
            raise Uncertain(Cause.UNREADABLE, status=answer.status, raw=answer.raw) from None

    def _write(self, path: str, form: Form, image: File | None = None) -> None:
        file = ("profile_image", image) if image else None
        judge(self._transport.request("POST", path, patience=WRITE, form=form, file=file))

    def _send(
        self,
        path: str,
        form: Form,
        file: tuple[str, File] | None = None,
        *,
        sends_template: bool = False,
        **how: Any,
    ) -> Sent:
        patience = SEND.for_upload(_size(file[1][1])) if file else SEND
        answer = self._transport.request(
            "POST", path, patience=patience, form=form, file=file, **how
        )
        data = mapping(judge(answer, sends_template=sends_template))
        return Sent(
            conversation_id=identifier(data.get("conversation_id")),
            message_id=identifier(mapping(data.get("message")).get("id")),
            raw=answer.raw,
        )


def _size(content: IO[bytes]) -> int:
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    return size


_of_thread = threading.local()


def client() -> WaziMeClient:
    """This thread's client for the account in the settings; connections are kept between calls."""
    account = (
        settings.WAZIME_BASE_URL,
        settings.WAZIME_CLIENT_ID,
        settings.WAZIME_CLIENT_SECRET,
        settings.WAZIME_PROXY,
    )
    if getattr(_of_thread, "account", None) != account:
        _of_thread.account = account
        _of_thread.client = WaziMeClient(Transport(*account))
    return _of_thread.client  # type: ignore[no-any-return]
