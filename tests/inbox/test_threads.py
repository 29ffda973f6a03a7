"""Threads and the list where WaziMe gives what was said, and where it does not."""

import html
import re
from io import BytesIO
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from inbox import recorded, seeing, threads
from inbox.models import Attempt, Message, Seen, State
from tests.inbox.conftest import Deliver, Write
from tests.polls import HTMX, cost_of_nothing_new, cost_of_page
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from tests.waiting import eventually
from wazime_admin.team.models import User
from wazime_admin.wazime import client, offers, reading
from wazime_admin.wazime.types import Conversation

pytestmark = pytest.mark.django_db

HISTORY = "inbox/conversation-messages"
NOT_TOLD = "WaziMe does not pass on what customers write."


@pytest.fixture(autouse=True)
def shared(wazime: Sandbox, redis_server: RedisServer, settings: Settings) -> None:
    """Reads are shared, as the rare question is."""
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def told(wazime: Sandbox) -> Sandbox:
    wazime.settings(history=True)
    return wazime


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fresh, and every answer is waited for."""
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)


def words(content: bytes) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", content.decode())).split())


def look(client: Client, conversation: Conversation) -> str:
    response = client.get(f"/inbox/{conversation.id}/")
    assert response.status_code == 200
    return words(response.content)


def says(wazime: Sandbox, conversation: Conversation, text: str) -> None:
    """The customer writes."""
    contact = conversation.contact
    assert contact
    wazime.inbound(contact.mobile_code, contact.mobile, text)


def asked(wazime: Sandbox) -> int:
    return wazime.calls().get(HISTORY, 0)


# --- Where it does not answer ---------------------------------------------------------------------


def test_nothing_changes_but_for_one_question(
    agent_client: Client, wazime: Sandbox, deliver: Deliver, write: Write, conversation
) -> None:
    message = deliver(write("Oi"))
    says(wazime, conversation, "Chegou?")
    for _ in range(3):
        text = look(agent_client, conversation)
        agent_client.get(f"/inbox/{conversation.id}/thread/", headers=HTMX)
        agent_client.get("/inbox/", headers=HTMX)

    assert NOT_TOLD in text
    assert "Chegou?" not in text
    assert (
        f'id="message-{message.pk}"'
        in agent_client.get(f"/inbox/{conversation.id}/").content.decode()
    )
    assert asked(wazime) == 1


def test_older_messages_cannot_be_had(agent_client: Client, conversation: Conversation) -> None:
    response = agent_client.get(f"/inbox/{conversation.id}/older/?page=2&before=1-1", headers=HTMX)

    assert "WaziMe does not give older messages at the moment." in words(response.content)


@pytest.mark.parametrize(
    "query", ["", "page=2", "page=1&before=1-1", "page=2&before=x", "before=1-1"]
)
def test_there_is_nothing_before_no_place(
    agent_client: Client, conversation: Conversation, query: str
) -> None:
    assert agent_client.get(f"/inbox/{conversation.id}/older/?{query}").status_code == 404


# --- The thread -----------------------------------------------------------------------------------


def test_what_the_customer_wrote_is_shown(
    agent_client: Client, told: Sandbox, conversation: Conversation
) -> None:
    says(told, conversation, "Chegou? <b>شكرا</b>")

    content = agent_client.get(f"/inbox/{conversation.id}/").content.decode()

    assert "Chegou? &lt;b&gt;شكرا&lt;/b&gt;" in content
    assert NOT_TOLD not in words(content.encode())


def test_a_message_is_shown_once_with_how_far_it_got(
    agent_client: Client,
    told: Sandbox,
    deliver: Deliver,
    write: Write,
    conversation: Conversation,
) -> None:
    deliver(write("Seu pedido saiu"))

    content = agent_client.get(f"/inbox/{conversation.id}/").content
    assert content.count(b'dir="auto">Seu pedido saiu</p>') == 1
    assert re.search(r"Seu pedido saiu Ana Souza \w+ Delivered", words(content))


def test_it_says_when_the_customer_has_read_it(
    agent_client: Client,
    told: Sandbox,
    deliver: Deliver,
    write: Write,
    conversation: Conversation,
) -> None:
    deliver(write("Seu pedido saiu"))
    says(told, conversation, "Ótimo")

    text = look(agent_client, conversation)
    assert re.search(r"Seu pedido saiu Ana Souza \w+ Read .*Ótimo", text)


def test_what_was_sent_from_elsewhere_is_shown_as_that(
    agent_client: Client, told: Sandbox, conversation: Conversation
) -> None:
    contact = conversation.contact
    assert contact
    number = [("mobile_code", contact.mobile_code), ("mobile", contact.mobile)]
    client().send_message([*number, ("message", "Do painel")])

    text = look(agent_client, conversation)
    assert re.search(r"Do painel Sent outside this dashboard \w+ Delivered", text)


def test_the_poll_tells_that_the_customer_wrote(
    agent_client: Client, told: Sandbox, conversation: Conversation, at_once: None
) -> None:
    address = f"/inbox/{conversation.id}/"
    version = agent_client.get(address).context["version"]
    poll = {**HTMX, "X-Version": version}
    assert agent_client.get(f"{address}thread/", headers=poll).status_code == 204
    says(told, conversation, "Chegou?")

    response = agent_client.get(f"{address}thread/", headers=poll)
    assert "Chegou?" in words(response.content)


def test_the_poll_tells_that_a_message_was_read(
    agent_client: Client,
    told: Sandbox,
    deliver: Deliver,
    write: Write,
    conversation: Conversation,
    at_once: None,
) -> None:
    deliver(write("Seu pedido saiu"))
    version = agent_client.get(f"/inbox/{conversation.id}/").context["version"]
    says(told, conversation, "Ótimo")

    response = agent_client.get(
        f"/inbox/{conversation.id}/thread/", headers={**HTMX, "X-Version": version}
    )
    assert re.search(r"Seu pedido saiu Ana Souza \w+ Read", words(response.content))


def test_many_who_look_ask_once(
    agent_client: Client,
    other_agent_client: Client,
    told: Sandbox,
    conversation: Conversation,
    fresh: None,
) -> None:
    for _ in range(3):
        for each in (agent_client, other_agent_client):  # the thread alone: a list asks for others
            each.get(f"/inbox/{conversation.id}/thread/", headers=HTMX)

    assert asked(told) == 2  # whether there is one; the history itself


def test_it_costs_no_more_queries(
    agent_client: Client,
    agent: User,
    told: Sandbox,
    deliver: Deliver,
    write: Write,
    conversation: Conversation,
) -> None:
    Seen.objects.create(person=agent, conversation_id=seeing.EVERY, until=timezone.now())
    says(told, conversation, "Oi")
    deliver(write("Oi"))
    address = f"/inbox/{conversation.id}/"
    nothing = {"X-Version": agent_client.get(address).context["version"]}

    # As in test_polls.py, where there is no history.
    assert cost_of_nothing_new(agent_client, f"{address}thread/", **nothing) == 5
    assert cost_of_page(agent_client, address) == 11


def test_the_ledger_is_shown_while_the_history_cannot_be_read(
    agent_client: Client, told: Sandbox, deliver: Deliver, write: Write, conversation: Conversation
) -> None:
    assert offers.has_history(conversation.id)
    deliver(write("Seu pedido saiu"))
    told.add_fault("http_500", endpoints=[HISTORY])

    text = look(agent_client, conversation)
    assert "Seu pedido saiu" in text
    assert "WaziMe does not tell at the moment what the customer wrote." in text
    assert NOT_TOLD not in text


def test_a_message_in_the_history_has_a_file_to_open(
    agent_client: Client, told: Sandbox, conversation: Conversation
) -> None:
    contact = conversation.contact
    assert contact
    number = [("mobile_code", contact.mobile_code), ("mobile", contact.mobile)]
    file = ("contrato.pdf", BytesIO(b"%PDF-1.4\n" + bytes(50)), "application/pdf")
    client().send_message(number, ("document", file))

    content = agent_client.get(f"/inbox/{conversation.id}/").content.decode()
    link = re.search(
        r'<a class="media media--document" href="(https://wazime[^"]+)"[^>]*>', content
    )
    assert link
    assert 'rel="noopener noreferrer"' in link[0]
    assert "contrato.pdf" in content
    assert 'src="https://wazime.example/assets/media' not in content


# --- What nobody knows ----------------------------------------------------------------------------


@pytest.fixture
def uncertain(told: Sandbox, deliver: Deliver, write: Write) -> Message:
    """It arrived, but no answer came."""
    told.add_fault("http_502", endpoints=["inbox/send-message"], left=True, times=1)
    message = deliver(write("Chegou?"))
    assert message.state == State.UNCERTAIN
    return message


def test_what_is_found_in_the_history_is_offered_as_arrived(
    agent_client: Client, uncertain: Message, conversation: Conversation
) -> None:
    text = look(agent_client, conversation)

    assert re.search(r"It arrived: found in WaziMe's history at \d\d:\d\d\.", text)
    uncertain.refresh_from_db()
    assert uncertain.state == State.UNCERTAIN

    agent_client.post(f"/inbox/outbox/{uncertain.pk}/mark-sent/", {"attempt": 1})
    assert re.search(r"Chegou\? Ana Souza \w+ Delivered", look(agent_client, conversation))


def test_the_evidence_tells_it_too(agent_client: Client, uncertain: Message, conversation) -> None:
    look(agent_client, conversation)

    opened = agent_client.get(f"/inbox/outbox/{uncertain.pk}/", headers=HTMX)
    assert "It arrived: found in WaziMe's history at" in words(opened.content)


def test_what_is_not_found_says_so_little(
    agent_client: Client, told: Sandbox, deliver: Deliver, write: Write, conversation: Conversation
) -> None:
    told.add_fault("http_502", endpoints=["inbox/send-message"], left=False, times=1)
    deliver(write("Chegou?"))

    text = look(agent_client, conversation)
    assert "It may have arrived" in text
    assert "It arrived: found" not in text


def test_what_arrived_from_a_message_to_the_number_is_said_of_no_other(
    agent_client: Client, told: Sandbox, deliver: Deliver, write: Write, conversation: Conversation
) -> None:
    told.add_fault("http_502", endpoints=["inbox/send-message"], left=False, times=1)
    message = deliver(write("Bom dia"))
    assert deliver(write("Bom dia", conversation_id=None)).state == State.SENT

    assert "It arrived: found" not in look(agent_client, conversation)
    opened = agent_client.get(f"/inbox/outbox/{message.pk}/", headers=HTMX)
    assert "It arrived: found" not in words(opened.content)


# --- Older ----------------------------------------------------------------------------------------


def everything(agent_client: Client, conversation: Conversation) -> list[str]:
    """The texts of a thread, scrolled up to its beginning, oldest first."""
    response = agent_client.get(f"/inbox/{conversation.id}/")
    found = texts(response.content)
    for _ in range(50):
        if not (address := response.context["older_url"]):
            return found
        response = agent_client.get(address, headers=HTMX)
        found = texts(response.content) + found
    raise AssertionError("it does not end")


def texts(content: bytes) -> list[str]:
    return re.findall(r'<p class="verbatim" dir="auto">(n\d+)</p>', content.decode())


@pytest.mark.parametrize("quirk", ["string_numbers", "plain_lists"])
def test_one_scrolls_up_to_the_beginning(
    agent_client: Client,
    told: Sandbox,
    deliver: Deliver,
    write: Write,
    conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    quirk: str,
) -> None:
    told.settings(quirks={quirk: True})
    monkeypatch.setattr(recorded, "PER_PAGE", 7)
    monkeypatch.setattr(threads, "SHOWN", 4)
    for number in range(30):
        if number % 3:
            says(told, conversation, f"n{number}")
        else:
            deliver(write(f"n{number}"))

    assert everything(agent_client, conversation) == [f"n{number}" for number in range(30)]


def test_the_thread_goes_on_with_what_it_begins_with(
    agent_client: Client,
    told: Sandbox,
    conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    at_once: None,
) -> None:
    monkeypatch.setattr(recorded, "PER_PAGE", 7)
    monkeypatch.setattr(threads, "SHOWN", 4)
    for number in range(10):
        says(told, conversation, f"n{number}")
    page = agent_client.get(f"/inbox/{conversation.id}/")
    thread = f"/inbox/{conversation.id}/thread/?since={page.context['since']}"
    headers = {**HTMX, "HX-Target": "thread"}
    says(told, conversation, "n10")

    more = agent_client.get(thread, headers=headers)
    assert texts(more.content) == ["n6", "n7", "n8", "n9", "n10"]
    assert b'id="older"' not in more.content

    for number in range(11, 20):
        says(told, conversation, f"n{number}")
    anew = agent_client.get(thread, headers=headers)
    assert texts(anew.content) == ["n16", "n17", "n18", "n19"]
    assert b'id="older" hx-swap-oob="true"' in anew.content


def test_older_messages_are_a_page_without_javascript(
    agent_client: Client, told: Sandbox, conversation: Conversation, monkeypatch
) -> None:
    monkeypatch.setattr(recorded, "PER_PAGE", 7)
    monkeypatch.setattr(threads, "SHOWN", 4)
    for number in range(10):
        says(told, conversation, f"n{number}")
    address = agent_client.get(f"/inbox/{conversation.id}/").context["older_url"]

    page = agent_client.get(address)
    assert b"<html" in page.content
    assert "n5" in texts(page.content)


# --- Whether somebody else has answered -----------------------------------------------------------


def answer(agent_client: Client, conversation: Conversation) -> int:
    """Send from a page that is loaded now; the status of the answer."""
    address = f"/inbox/{conversation.id}/"
    page = agent_client.get(address).content.decode()
    seen = re.search(r'name="seen_message" value="(\d+)"', page)
    assert seen
    fields = {"message": "De Ana", "send_id": uuid4(), "seen_message": seen[1]}
    return agent_client.post(f"{address}messages/", fields, headers=HTMX).status_code


def test_nobody_is_asked_about_an_answer_that_much_was_written_after(
    agent_client: Client,
    other_agent: User,
    told: Sandbox,
    deliver: Deliver,
    write: Write,
    conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorded, "PER_PAGE", 7)
    monkeypatch.setattr(threads, "SHOWN", 4)
    deliver(write("De Bruno", author=other_agent))
    for number in range(8):
        says(told, conversation, f"n{number}")

    assert "De Bruno" not in look(agent_client, conversation)
    assert answer(agent_client, conversation) == 200


def test_nobody_is_asked_about_an_answer_that_stands_above_what_was_sent_again(
    agent_client: Client,
    other_agent: User,
    told: Sandbox,
    deliver: Deliver,
    write: Write,
    conversation: Conversation,
) -> None:
    told.add_fault("http_502", endpoints=["inbox/send-message"], left=False, times=1)
    message = deliver(write("De Ana antes"))
    deliver(write("De Bruno", author=other_agent))
    agent_client.post(f"/inbox/outbox/{message.pk}/resend/", {"attempt": 1})
    deliver(message)

    assert re.search("De Bruno .*De Ana antes", look(agent_client, conversation))
    assert answer(agent_client, conversation) == 200


# --- The list -------------------------------------------------------------------------------------


def last_texts(agent_client: Client) -> dict[int, recorded.LastText]:
    found: dict[int, recorded.LastText] = agent_client.get("/inbox/").context["listing"][
        "last_texts"
    ]
    return found


def test_the_list_shows_what_was_said_last(
    agent_client: Client, told: Sandbox, conversation: Conversation, at_once: None
) -> None:
    says(told, conversation, "Chegou <i>hoje</i>?")
    look(agent_client, conversation)
    last_texts(agent_client)

    assert eventually(lambda: conversation.id in last_texts(agent_client))
    assert "Chegou &lt;i&gt;hoje&lt;/i&gt;?" in agent_client.get("/inbox/").content.decode()


def test_nobody_has_to_open_a_conversation_for_it(
    agent_client: Client, told: Sandbox, at_once: None
) -> None:
    assert eventually(lambda: last_texts(agent_client))


def test_the_list_fills_by_one_call_at_a_time(
    agent_client: Client, told: Sandbox, conversation: Conversation, at_once: None
) -> None:
    rows = client().conversations().rows
    look(agent_client, conversation)
    last_texts(agent_client)
    for _ in range(5):
        before = asked(told)
        last_texts(agent_client)
        assert asked(told) - before <= 1
    wanted = {row.id for row in rows if row.last_message_at}
    assert eventually(lambda: last_texts(agent_client).keys() == wanted)
    before = asked(told)
    last_texts(agent_client)
    assert asked(told) == before


def test_a_fresh_list_asks_nothing(
    agent_client: Client,
    other_agent_client: Client,
    told: Sandbox,
    conversation: Conversation,
    fresh: None,
) -> None:
    look(agent_client, conversation)
    last_texts(agent_client)
    before = asked(told)
    for _ in range(5):
        last_texts(agent_client)
        last_texts(other_agent_client)

    assert asked(told) == before


def test_an_old_text_is_not_shown_as_the_last_one(
    agent_client: Client, told: Sandbox, conversation: Conversation, at_once: None
) -> None:
    says(told, conversation, "Antes")
    look(agent_client, conversation)
    assert eventually(lambda: conversation.id in last_texts(agent_client))
    told.add_fault("http_500", endpoints=[HISTORY])
    says(told, conversation, "Depois")

    assert eventually(lambda: conversation.id not in last_texts(agent_client))
    assert "Antes" not in words(agent_client.get("/inbox/").content)


def test_a_conversation_that_cannot_be_read_keeps_up_no_other(
    agent_client: Client, told: Sandbox, conversation: Conversation, at_once: None
) -> None:
    look(agent_client, conversation)
    last_texts(agent_client)
    told.add_fault("exception", endpoints=[HISTORY], times=1)

    assert eventually(lambda: len(last_texts(agent_client)) >= 19)


def test_the_attempts_are_left_as_they_are(
    agent_client: Client, agent: User, uncertain: Message, conversation: Conversation
) -> None:
    look(agent_client, conversation)

    [attempt] = Attempt.objects.filter(message=uncertain)
    assert attempt.decision == ""
