"""The ledger as people meet it, what they decide there, and what every page tells."""

import html

import pytest
from django.test import Client

from inbox.models import Message
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SEND = ["inbox/send-message"]


@pytest.fixture(autouse=True)
def english(settings, wazime: Sandbox, redis_server: RedisServer) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def uncertain(deliver, write, wazime: Sandbox) -> Message:
    """A message that left, which nobody here can know."""
    wazime.add_fault("drop", endpoints=SEND, times=1, left=True)
    return deliver(write("Chegou ou não?"))


@pytest.fixture
def rejected(deliver, write) -> Message:
    """A message that WaziMe does not take."""
    message = write("Não foi")
    Message.objects.filter(pk=message.pk).update(mobile="")
    return deliver(message)


def shown(response) -> str:
    """The page's text as people read it, entities decoded."""
    return html.unescape(response.content.decode())


def outbox(client: Client, **parameters: object) -> str:
    response = client.get("/inbox/outbox/", parameters)
    assert response.status_code == 200
    return shown(response)


def rows(text: str) -> list[int]:
    return [int(part.split('"')[0]) for part in text.split('id="outbox-')[1:]]


def test_it_shows_first_what_needs_attention(agent_client, deliver, write, uncertain, rejected):
    sent = deliver(write("Tudo certo"))

    assert rows(outbox(agent_client)) == [rejected.pk, uncertain.pk, sent.pk]
