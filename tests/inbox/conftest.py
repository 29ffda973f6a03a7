"""A conversation with somebody who can be written to, and the ledger around it."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from inbox import services
from inbox.models import Message
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime import client
from wazime_admin.wazime.types import Conversation

Write = Callable[..., Message]


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

    def put(text: str, **changes: object) -> Message:
        fields = {"author": agent, "send_id": uuid4(), "conversation": conversation}
        return services.write_message(message=text, **{**fields, **changes})

    return put
