"""A conversation with somebody who can be written to, and the ledger around it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from inbox import sending, services
from inbox.content import Content
from inbox.models import Message
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime import client
from wazime_admin.wazime.types import Conversation

Write = Callable[..., Message]


Deliver = Callable[[Message], Message]


@pytest.fixture
def deliver(wazime: Sandbox, redis_server: RedisServer) -> Deliver:
    """Send a message as a worker does; nothing is sent without the shared pace in Redis."""

    def work(message: Message) -> Message:
        sending.deliver(message_id=message.pk)
        message.refresh_from_db()
        return message

    return work


@pytest.fixture
def conversation(wazime: Sandbox) -> Conversation:
    """A conversation that is Pending and whose contact can be written to."""
    for row in client().conversations(per_page=100).rows:
        if row.status == 2 and row.contact and not row.contact.is_blocked:
            return row
    raise LookupError("the sandbox has no pending conversation")


@pytest.fixture
def orphan(wazime: Sandbox) -> Conversation:
    """A conversation whose contact is null."""
    return next(row for row in client().conversations(per_page=100).rows if row.contact is None)


@pytest.fixture
def write(agent: User, conversation: Conversation) -> Write:
    """Put a text into the ledger: `write("Oi")`, `write("Oi", author=admin)`."""

    def put(text: str, **changes: Any) -> Message:
        to = changes.pop("conversation", conversation)
        fields: dict[str, Any] = {
            "author": agent,
            "send_id": uuid4(),
            "contact": to.contact,
            "conversation_id": to.id,
            "content": Content(text=text),
        }
        return services.write_message(**{**fields, **changes})

    return put
