"""The endpoints by name, and the sandbox they and the pages act on."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox import contacts, history, inbox
from sandbox.calls import Call, World
from sandbox.envelope import Answer, Refusal, error
from sandbox.faults import Rules, not_whitelisted
from sandbox.settings import Settings
from sandbox.store import Store

HISTORY = "inbox/conversation-messages"
Endpoint = Callable[[World, Call], Answer]

ENDPOINTS: dict[str, tuple[str, Endpoint]] = {
    "contact/list": ("GET", contacts.contact_list),
    "contact/store": ("POST", contacts.contact_store),
    "contact/update": ("POST", contacts.contact_update),
    "contact/delete": ("DELETE", contacts.contact_delete),
    "inbox/conversation-list": ("GET", inbox.conversation_list),
    "inbox/change-conversation-status": ("POST", inbox.change_conversation_status),
    "inbox/conversation-details": ("GET", inbox.conversation_details),
    HISTORY: ("GET", history.conversation_messages),
    "inbox/send-message": ("POST", inbox.send_message),
    "inbox/send-template-message": ("POST", inbox.send_template_message),
    "inbox/template-list": ("GET", inbox.template_list),
}
WITH_ID = frozenset(
    [
        "contact/update",
        "contact/delete",
        "inbox/change-conversation-status",
        "inbox/conversation-details",
        HISTORY,
    ]
)


class Sandbox(World):
    """The world with its faults; what the pages and the control endpoints act on."""

    def __init__(self, store: Store, settings: Settings, faults: list[Any]) -> None:
        super().__init__(store, settings)
        self.rules = Rules()
        self.calls = Counter[str]()
        self.resets = 0
        self._first_settings, self._first_faults = settings, faults
        self._add_first_faults()

    def reset(self) -> None:
        """Data, settings and faults as they were at the start, and no calls."""
        self.resets += 1
        self.calls.clear()
        self.store.reset()
        self.settings = self._first_settings
        self.rules.clear()
        self._add_first_faults()

    def _add_first_faults(self) -> None:
        self.rules.add_all(self._first_faults, ENDPOINTS)

    def perform(self, endpoint: Endpoint, call: Call) -> Answer:
        """What the endpoint answers; its writes are done when it does not refuse."""
        try:
            with self.store.transaction():
                try:
                    return endpoint(self, call)
                except inbox.AfterTheFact as defect:
                    return self.error("exception", str(defect))
        except Refusal as refusal:
            return self.error(refusal.remark, *refusal.messages)

    def routes(self, name: str) -> bool:
        """Whether there is such an endpoint: one of them only where it is switched on."""
        return name != HISTORY or self.settings.history

    def error(self, remark: str, *messages: str) -> Answer:
        omit_empty, with_200 = self.has("omit_empty"), self.has("errors_with_200")
        return error(remark, list(messages), omit_empty=omit_empty, with_200=with_200)

    def unauthorized(self, request: web.Request) -> Answer | None:
        """The 401 for this request, or None when it may come in."""
        client_id = request.headers.get("client-id", "")
        client_secret = request.headers.get("client-secret", "")
        if not client_id:
            return self.error("Unauthorized", "The client id is required")
        if not client_secret:
            return self.error("Unauthorized", "The client secret is required")
        if (client_id, client_secret) != (self.settings.client_id, self.settings.client_secret):
            return self.error("Unauthorized", "Invalid credentials")
        if request.remote not in self.settings.allowed_ips:
            return self.error("Unauthorized", *not_whitelisted(request.remote or "unknown"))
        return None


SANDBOX = web.AppKey("sandbox", Sandbox)
