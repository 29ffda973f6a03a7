"""What is new to whom: marked in the list, counted in the navigation, and seen by opening it."""

import html
import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox import seeing
from inbox.models import Message, Seen
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime import client
from wazime_admin.wazime.types import Conversation

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SEND = ["inbox/send-message"]
MARKED = re.compile(r'id="row-(\d+)"(?:(?!</li>).)*class="row__new"', re.DOTALL)


@pytest.fixture(autouse=True)
def english(settings, wazime: Sandbox) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def looked(agent: User) -> None:
    """Ana has been here before."""
    Seen.objects.create(person=agent, conversation_id=seeing.EVERY, until=timezone.now())


def says(wazime: Sandbox, conversation: Conversation, text: str = "Oi?") -> None:
    wazime.inbound(conversation.contact.mobile_code, conversation.contact.mobile, text)


def marked(client: Client, address: str = "/inbox/", **headers: str) -> list[int]:
    text = html.unescape(client.get(address, headers=headers).content.decode())
    return [int(found) for found in MARKED.findall(text)]


def told(client: Client) -> list[str]:
    response = client.get("/inbox/news/", headers=HTMX)
    assert response.status_code == 200
    return [each["url"] for each in json.loads(response.context["news"].told)]


def open_in(conversation: Conversation, **headers: str) -> dict[str, str]:
    """The headers of a list's poll beside an open conversation."""
    page = f"http://testserver/inbox/{conversation.id}/"
    return {**HTMX, "HX-Current-URL": page, "HX-Trigger": "conversations", **headers}


def page_of(conversation: Conversation) -> str:
    return f"/inbox/{conversation.id}/"


@pytest.fixture
def other(conversation: Conversation) -> Conversation:
    """Another conversation with somebody who can write."""
    rows = client().conversations(per_page=100).rows
    return next(row for row in rows if row.contact and row.id != conversation.id)


# --- What is new ------------------------------------------------------------------------------


def test_nothing_is_new_to_a_new_person(agent_client: Client) -> None:
    assert marked(agent_client) == []
    assert marked(agent_client) == []


def test_what_comes_later_is_marked_and_counted(
    agent_client: Client, conversation: Conversation, wazime: Sandbox
) -> None:
    agent_client.get("/inbox/")

    says(wazime, conversation)

    assert marked(agent_client) == [conversation.id]
    text = agent_client.get("/inbox/").content.decode()
    assert "1 conversation has something new" in text
    assert "Something new" in text
    assert told(agent_client) == [page_of(conversation)]


def test_what_one_has_seen_is_new_to_the_other(
    looked, agent_client, admin_client, conversation, wazime: Sandbox
) -> None:
    admin_client.get("/inbox/")
    says(wazime, conversation)

    agent_client.get(page_of(conversation))

    assert marked(agent_client) == []
    assert marked(admin_client) == [conversation.id]


def test_it_is_new_again_when_more_comes(looked, agent_client, conversation, wazime) -> None:
    says(wazime, conversation)
    agent_client.get(page_of(conversation))

    says(wazime, conversation, "E aí?")

    assert marked(agent_client) == [conversation.id]


def test_opening_it_in_the_list_tells_the_list(
    looked, agent_client: Client, conversation, wazime: Sandbox
) -> None:
    says(wazime, conversation)

    first = agent_client.get(page_of(conversation), headers=HTMX)
    second = agent_client.get(page_of(conversation), headers=HTMX)

    assert first["HX-Trigger-After-Settle"] == "conversation-changed"
    assert "HX-Trigger-After-Settle" not in second
    assert marked(agent_client) == []


def test_what_is_open_is_seen_while_somebody_looks(
    looked, agent_client: Client, conversation, wazime: Sandbox
) -> None:
    says(wazime, conversation)

    assert marked(agent_client, **open_in(conversation)) == [conversation.id]
    assert marked(agent_client, **open_in(conversation, **{"X-Looking": "yes"})) == []
    assert marked(agent_client) == []


def test_a_tab_counts_what_it_does_not_show(
    looked, agent_client: Client, conversation, wazime: Sandbox
) -> None:
    says(wazime, conversation)

    response = agent_client.get("/inbox/?status=1")

    assert marked(agent_client, "/inbox/?status=1") == []
    assert response.context["news"].count == 1


def test_names_are_told_as_data(looked, agent_client, conversation, wazime: Sandbox) -> None:
    name = '"><script>alert(1)</script>'
    client().update_contact(
        conversation.contact.id,
        {
            "firstname": name,
            "lastname": "x",
            "mobile_code": conversation.contact.mobile_code,
            "mobile": conversation.contact.mobile,
        },
    )
    says(wazime, conversation)

    assert "<script>alert" not in agent_client.get("/inbox/news/").content.decode()


def test_without_wazime_there_is_no_news_and_no_error(
    looked, agent_client: Client, wazime: Sandbox
) -> None:
    wazime.add_fault("http_502")

    assert told(agent_client) == []


# --- Our own messages -------------------------------------------------------------------------


def test_what_we_sent_is_not_new(looked, agent_client, deliver, write, conversation) -> None:
    deliver(write("Já respondo"))
    assert client().conversation(conversation.id).last_message_at > Seen.objects.get().until

    assert marked(agent_client) == []
    assert not Seen.objects.filter(conversation_id=conversation.id).exists()


@pytest.mark.parametrize("fault", ["drop", "slow_answer"])
def test_what_we_may_have_sent_is_not_new(
    looked, agent_client, deliver, write, wazime: Sandbox, fault: str
) -> None:
    wazime.add_fault(fault, endpoints=SEND, times=1, left=True, seconds=1)
    deliver(write("Chegou?"))

    assert marked(agent_client) == []


def test_an_answer_to_what_we_sent_is_new(
    looked, agent_client, deliver, write, conversation, wazime: Sandbox
) -> None:
    message = deliver(write("Tudo bem?"))
    ended = timezone.now() - timezone.timedelta(seconds=30)
    message.attempts.update(started_at=ended, ended_at=ended)

    says(wazime, conversation, "Tudo!")

    assert marked(agent_client) == [conversation.id]


def test_what_never_left_hides_nothing(
    looked, agent_client, deliver, write, conversation, wazime: Sandbox
) -> None:
    message = write("Não foi")
    Message.objects.filter(pk=message.pk).update(mobile="")
    deliver(message)

    says(wazime, conversation)

    assert marked(agent_client) == [conversation.id]


# --- What it costs ----------------------------------------------------------------------------


def writes(queries: CaptureQueriesContext) -> list[str]:
    return [each["sql"] for each in queries if not each["sql"].startswith("SELECT")]


def test_a_poll_writes_only_when_something_was_seen(
    looked, agent_client: Client, conversation, wazime: Sandbox
) -> None:
    says(wazime, conversation)
    looking = open_in(conversation, **{"X-Looking": "yes"})

    with CaptureQueriesContext(connection) as first:
        agent_client.get("/inbox/", headers=looking)
    with CaptureQueriesContext(connection) as second:
        version = agent_client.get("/inbox/", headers=looking).context["listing"]["version"]
    with CaptureQueriesContext(connection) as third:
        again = agent_client.get("/inbox/", headers={**looking, "X-Version": version})

    assert len(writes(first)) == 1
    assert writes(second) == writes(third) == []
    assert again.status_code == 204


def test_it_asks_as_often_for_one_as_for_many(
    looked, agent_client: Client, conversation, other, wazime, django_assert_num_queries
) -> None:
    says(wazime, conversation)
    asked = (
        7  # session, user; whose they are, what is snoozed; what was seen, what we sent; signals
    )
    with django_assert_num_queries(asked):
        agent_client.get("/inbox/", headers=HTMX)

    for row in client().conversations(per_page=20).rows:
        if row.contact:
            says(wazime, row)

    with django_assert_num_queries(asked):
        assert len(marked(agent_client, **HTMX)) > 10


def test_the_count_alone_gets_204_while_nothing_changes(
    looked, agent_client: Client, conversation, wazime: Sandbox, django_assert_num_queries
) -> None:
    version = agent_client.get("/inbox/news/").context["news"].version
    poll = {**HTMX, "X-Version": version}
    with django_assert_num_queries(3):  # session, user; what was seen
        assert agent_client.get("/inbox/news/", headers=poll).status_code == 204

    says(wazime, conversation)

    assert agent_client.get("/inbox/news/", headers=poll).status_code == 200
