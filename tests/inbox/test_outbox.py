"""The ledger as people meet it, what they decide there, and what every page tells."""

import html
import re
import time
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.numbers import formatted
from inbox import gate, selectors
from inbox.content import Content
from inbox.models import Attempt, Gate, Kind, Media, Message, Outcome, State
from inbox.selectors import Signals, Wanted
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.trouble import explain_cause
from wazime_admin.wazime.errors import Cause
from wazime_admin.wazime.types import Conversation

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


def aged(message: Message, *, days: int) -> Message:
    """The message as if it had been written so many days ago."""
    written = timezone.now() - timedelta(days=days)
    Message.objects.filter(pk=message.pk).update(created_at=written)
    return message


def decide(client: Client, message: Message, verb: str, attempt: int = 1, **headers: str):
    fields = {"attempt": attempt, "next": "/inbox/outbox/?state=all", "open": message.pk}
    return client.post(f"/inbox/outbox/{message.pk}/{verb}/", fields, headers=headers)


def from_outbox(message: Message) -> dict[str, str]:
    """An htmx request's headers from a row of the outbox."""
    return {**HTMX, "HX-Target": f"outbox-{message.pk}"}


def count_queries(client: Client, address: str, **headers: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(address, headers=headers)
    return len(queries)


# --- The list ---------------------------------------------------------------------------------


def test_it_shows_first_what_needs_attention(
    agent_client: Client, deliver, write, uncertain: Message, rejected: Message
) -> None:
    sent = deliver(write("Tudo certo"))

    assert rows(outbox(agent_client)) == [rejected.pk, uncertain.pk, sent.pk]


def test_agents_see_their_own_and_admins_all(
    agent_client: Client, other_agent_client: Client, admin_client: Client, uncertain: Message
) -> None:
    for state in ("", "all", "uncertain"):
        assert rows(outbox(agent_client, state=state)) == [uncertain.pk]
        assert rows(outbox(admin_client, state=state)) == [uncertain.pk]
        assert rows(outbox(other_agent_client, state=state)) == []


@pytest.mark.parametrize("state", list(State))
def test_each_state_has_a_tab_with_its_count(agent_client: Client, write, state: State) -> None:
    mine, other = write("eu"), write("outro")
    Message.objects.filter(pk=mine.pk).update(state=state)
    Message.objects.filter(pk=other.pk).update(
        state=State.SENT if state != State.SENT else State.HELD
    )

    text = outbox(agent_client, state=state.value)

    assert rows(text) == [mine.pk]
    tab = text.split(f'href="/inbox/outbox/?state={state.value}"')[1].split("</a>")[0]
    assert 'aria-current="page"' in tab
    assert '<span class="tabs__count">1</span>' in tab


def test_each_tab_says_when_it_is_empty(agent_client: Client) -> None:
    sentences = {
        "": "Nothing needs your attention.",
        "all": "Nothing sent yet.",
        "held": "Nothing is held back.",
        "queued": "Nothing waits to be sent.",
        "sending": "Nothing is being sent at this moment.",
        "sent": "Nothing sent yet.",
        "rejected": "Nothing was refused.",
        "uncertain": "Nothing is uncertain.",
        "cancelled": "Nothing was cancelled.",
    }
    for state, sentence in sentences.items():
        assert sentence in outbox(agent_client, state=state)
    assert "Nothing found." in outbox(agent_client, search="x")
    assert "There is nothing older." in outbox(agent_client, before=1)


@pytest.mark.parametrize(
    "parameters",
    [
        {"state": "x"},
        {"person": "x"},
        {"person": "9" * 40},
        {"kind": "x"},
        {"period": "x"},
        {"period": "dates", "since": "x", "until": "9999-12-31"},
        {"period": "dates", "since": "0001-01-01"},
        {"before": "x"},
        {"before": "0"},
        {"before": "9" * 40},
        {"search": "x" * 200},
        {"search": "\0"},
        {"open": "x"},
    ],
)
def test_what_makes_no_sense_is_left_out(
    admin_client: Client, uncertain: Message, parameters: dict[str, str]
) -> None:
    assert rows(outbox(admin_client, **parameters)) == [uncertain.pk]


def test_it_filters_by_person_for_admins_only(
    agent_client: Client, admin_client: Client, write, agent: User, admin: User
) -> None:
    mine, other = write("eu"), write("chefe", author=admin)

    assert rows(outbox(admin_client, state="all", person=agent.pk)) == [mine.pk]
    assert rows(outbox(admin_client, state="all", person=admin.pk)) == [other.pk]
    assert rows(outbox(agent_client, state="all", person=admin.pk)) == []
    assert 'name="person"' not in outbox(agent_client)


def test_it_filters_by_kind(agent_client: Client, write) -> None:
    write("texto")
    place = write("aqui", content=Content(Kind.LOCATION, fields={"name": "Loja"}))

    assert rows(outbox(agent_client, state="all", kind="location")) == [place.pk]


@pytest.mark.parametrize(
    ("period", "ages"), [("today", [0]), ("7", [0, 6]), ("30", [0, 6, 29]), ("", [0, 6, 29, 30])]
)
def test_it_filters_by_time(agent_client: Client, write, period: str, ages: list[int]) -> None:
    written = {age: aged(write(f"há {age} dias"), days=age).pk for age in (30, 29, 6, 0)}

    found = rows(outbox(agent_client, state="all", period=period))

    assert found == [written[age] for age in ages]


def test_it_filters_from_a_day_to_a_day_in_the_readers_time(agent_client: Client, write) -> None:
    agent_client.cookies["tz"] = "Asia/Tokyo"
    message = write("à meia-noite")
    moment = datetime(2026, 3, 10, 0, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    Message.objects.update(created_at=moment)

    def found(since: str, until: str) -> list[int]:
        return rows(outbox(agent_client, state="all", period="dates", since=since, until=until))

    assert found("2026-03-10", "2026-03-10") == [message.pk]
    assert found("2026-03-09", "2026-03-09") == []
    assert found("", "2026-03-10") == [message.pk]
    assert found("2026-03-11", "") == []


def test_it_searches_numbers_texts_and_files(
    agent_client: Client, conversation: Conversation, write
) -> None:
    message = write("Promoção de VERÃO", content=Content(Kind.TEXT, "Promoção", label="oferta_01"))
    media = Media.objects.create(name="Contrato.pdf", size=1, content_type="x", sha256="x")
    Message.objects.filter(pk=message.pk).update(media=media)
    contact = conversation.contact
    number = formatted(contact.mobile_code, contact.mobile)

    for search in (number, contact.mobile[-6:], "promo", "OFERTA_01", "contrato.PDF"):
        assert rows(outbox(agent_client, state="all", search=search)) == [message.pk], search
    for search in ("%", "_", "outra coisa", "5500000000000"):
        assert rows(outbox(agent_client, state="cancelled", search=search)) == []


def test_pages_show_every_message_once(agent_client: Client, write, monkeypatch) -> None:
    monkeypatch.setattr(selectors, "OUTBOX_SHOWN", 3)
    written = [write(f"{number}").pk for number in range(8)]
    found: list[int] = []
    address = "/inbox/outbox/?state=all"
    while address:
        text = shown(agent_client.get(address))
        found += rows(text)
        older = re.search(r'href="(\S+)" rel="next"', text)
        address = older[1] if older else ""

    assert found == written[::-1]
    assert 'href="/inbox/outbox/?state=all" id="newest"' in text


@pytest.fixture
def impatient(monkeypatch) -> None:
    """A search looks through one message, and its time is up."""
    monkeypatch.setattr(selectors, "PORTION", 1)
    monkeypatch.setattr(selectors, "LOOKED_FOR", 0.0)


def test_a_search_that_takes_long_says_how_far_it_came_and_goes_on(
    agent_client: Client, write, impatient
) -> None:
    first, second = write("Oferta: um"), write("outra coisa")
    third = write("Oferta: três")

    text = outbox(agent_client, state="all", search="oferta")
    assert rows(text) == [third.pk]
    assert "What is older has not been looked through yet" in text
    assert 'hx-trigger="poll' not in text.split('id="outbox"')[1].split(">")[0]

    found, pages = [], 0
    address = "/inbox/outbox/?state=all&search=oferta"
    while address:
        text = shown(agent_client.get(address))
        found += rows(text)
        pages += 1
        further = re.search(r'href="(\S+)" rel="next"', text)
        address = further[1] if further else ""
    assert found == [third.pk, first.pk]
    assert pages == 3

    text = outbox(agent_client, state="all", search="oferta", before=third.pk)
    assert rows(text) == []
    assert second.pk not in rows(text)
    assert "Nothing found so far." in text


def test_a_whole_number_is_found_however_much_was_sent_since(
    agent_client: Client, conversation: Conversation, write, impatient
) -> None:
    message = write("Oi")
    others = replace(conversation.contact, mobile_code="55", mobile="11988887777")
    for text in ("um", "dois"):
        write(text, conversation=replace(conversation, contact=others))
    number = formatted(conversation.contact.mobile_code, conversation.contact.mobile)

    assert rows(outbox(agent_client, state="all", search=number)) == [message.pk]


def test_more_than_a_thousand_are_not_counted_out(agent: User, agent_client: Client, write) -> None:
    one = write("Oi")
    copies = [
        Message(send_id=uuid4(), author=agent, number=one.number, mobile=one.mobile, state="sent")
        for _ in range(selectors.COUNTED + 1)
    ]
    Message.objects.bulk_create(copies)

    text = outbox(agent_client, state="sent")

    counts = re.findall(r'tabs__count">(.*?)<', text)
    assert counts == ["0", "1,000+", "0", "1", "0", "1,000+", "0", "0", "0"]


def test_it_asks_the_database_a_fixed_number_of_times(admin_client: Client, deliver, write) -> None:
    deliver(write("um"))
    one = count_queries(admin_client, "/inbox/outbox/?state=all")
    for text in ("dois", "três", "quatro"):
        deliver(write(text))

    assert count_queries(admin_client, "/inbox/outbox/?state=all") == one
    # session, user, counts, which messages, these, attempts, people, broadcasts; signals
    assert one == 9


def test_a_poll_gets_nothing_until_something_changed(agent_client: Client, deliver, write) -> None:
    message = write("Oi")
    page = agent_client.get("/inbox/outbox/?state=all")
    poll = {**HTMX, "X-Version": page.context["outbox"]["version"]}
    assert agent_client.get("/inbox/outbox/?state=all", headers=poll).status_code == 204

    deliver(message)

    response = agent_client.get("/inbox/outbox/?state=all", headers=poll)
    assert response.status_code == 200
    assert "<html" not in shown(response)
    assert 'data-state="sent"' in shown(response)
    assert response["HX-Replace-Url"] == "/inbox/outbox/?state=all"


def test_a_poll_keeps_opened_rows_open(agent_client: Client, uncertain: Message) -> None:
    text = shown(agent_client.get("/inbox/outbox/", {"open": uncertain.pk}, headers=HTMX))

    assert f'name="open" value="{uncertain.pk}"' in text
    assert "RemoteDisconnected" in text


# --- The evidence -----------------------------------------------------------------------------


def test_a_row_opens_to_every_attempt(agent_client: Client, deliver, write, wazime) -> None:
    wazime.add_fault("rate_limited", endpoints=SEND, seconds=1, times=1)
    message = deliver(write("Oi"))
    wazime.add_fault("http_502", endpoints=SEND)
    Message.objects.update(not_before=None)
    deliver(message)

    alone = shown(agent_client.get(f"/inbox/outbox/{message.pk}/", headers=HTMX))
    for text in (alone, outbox(agent_client, open=message.pk)):
        assert "Attempt 1" in text
        assert "HTTP 429" in text
        assert "WaziMe asks for fewer calls." in text
        assert "Attempt 2" in text
        assert "HTTP 502" in text
        assert "Bad Gateway" in text


def test_of_many_attempts_the_last_are_shown(agent_client: Client, uncertain: Message) -> None:
    Attempt.objects.bulk_create(Attempt(message=uncertain, number=n) for n in range(2, 24))
    Message.objects.update(attempt_number=23)

    text = outbox(agent_client, open=uncertain.pk)

    assert text.count('class="attempt"') == 20
    assert "and 3 earlier attempts" in text


def test_only_an_opened_row_asks_wazime(agent_client: Client, uncertain: Message, wazime) -> None:
    wazime.add_fault("hang", endpoints=["inbox/conversation-details"], seconds=30)

    began = time.monotonic()
    outbox(agent_client)

    assert time.monotonic() - began < 20


def test_evidence_is_shown_as_text(agent_client: Client, uncertain: Message) -> None:
    nasty = '<script>alert(1)</script><img src=x onerror="alert(1)">\u202e'
    Attempt.objects.update(raw=nasty, said=nasty)
    Message.objects.update(text=nasty, label=nasty, state=State.REJECTED)

    body = agent_client.get(f"/inbox/outbox/{uncertain.pk}/", headers=HTMX).content.decode()

    assert "<script>alert" not in body
    assert "<img" not in body
    assert body.count("&lt;script&gt;alert(1)") >= 4


@pytest.mark.parametrize(
    ("left", "sentence"),
    [(True, "So it has probably arrived"), (False, "So it has probably not arrived.")],
)
def test_it_says_whether_the_conversation_moved(
    agent_client: Client, deliver, write, wazime: Sandbox, left: bool, sentence: str
) -> None:
    wazime.add_fault("drop", endpoints=SEND, times=1, left=left)
    message = deliver(write("Chegou?"))

    assert sentence in outbox(agent_client, open=message.pk)


def test_another_message_since_says_nothing(
    agent_client: Client, deliver, write, wazime: Sandbox
) -> None:
    wazime.add_fault("drop", endpoints=SEND, times=1, left=False)
    message = deliver(write("Chegou?"))
    deliver(write("Outra"))

    assert "this says nothing about this one" in outbox(agent_client, open=message.pk)


def test_it_says_when_wazime_cannot_tell(agent_client: Client, uncertain: Message, wazime) -> None:
    wazime.add_fault("http_502", endpoints=["inbox/conversation-details"])

    assert "WaziMe cannot tell at the moment" in outbox(agent_client, open=uncertain.pk)


def test_what_was_read_before_the_attempt_is_read_again(
    agent_client: Client, conversation: Conversation, deliver, write, wazime: Sandbox
) -> None:
    selectors.conversation(conversation.id)
    wazime.add_fault("drop", endpoints=SEND, times=1, left=True)
    message = deliver(write("Chegou?"))

    assert "So it has probably arrived" in outbox(agent_client, open=message.pk)


def test_a_row_has_a_page(agent_client: Client, uncertain: Message) -> None:
    page = agent_client.get(f"/inbox/outbox/{uncertain.pk}/", follow=True)

    assert f'name="open" value="{uncertain.pk}"' in shown(page)


def test_somebody_elses_row_is_not_there(
    other_agent_client: Client, admin_client: Client, uncertain: Message
) -> None:
    address = f"/inbox/outbox/{uncertain.pk}/"

    assert other_agent_client.get(address).status_code == 404
    assert admin_client.get(address, headers=HTMX).status_code == 200
    assert admin_client.get("/inbox/outbox/999999/").status_code == 404


@pytest.mark.parametrize(
    ("cause", "outcome", "sentence"),
    [
        ("validation", Outcome.REJECTED, "It did not leave."),
        ("rate_limit", Outcome.NOT_NOW, "then its time was up"),
        ("account", Outcome.STOPPED, "so it is not tried again"),
        ("file_gone", Outcome.REJECTED, "Send it again as a new message."),
    ],
)
def test_a_refusal_is_told_in_words(
    agent_client: Client, rejected: Message, cause: str, outcome: Outcome, sentence: str
) -> None:
    Attempt.objects.update(cause=cause, outcome=outcome)

    text = outbox(agent_client)

    assert str(explain_cause(Cause(cause)).cause) in text
    assert sentence in text
    assert ("Send again" in text) is (cause != "file_gone")


# --- Decisions --------------------------------------------------------------------------------


def test_sending_again_queues_it_and_shows_its_row(
    agent_client: Client, uncertain: Message, deliver, wazime
) -> None:
    text = shown(decide(agent_client, uncertain, "resend", **from_outbox(uncertain)))

    assert rows(text) == [uncertain.pk]
    assert 'data-state="queued"' in text
    assert f'name="open" value="{uncertain.pk}"' in text, "it stays open"
    assert deliver(uncertain).state == State.SENT


def test_marking_as_sent_names_who_decided(
    admin_client: Client, uncertain: Message, rejected: Message
) -> None:
    for message in (uncertain, rejected):
        text = shown(decide(admin_client, message, "mark-sent", **from_outbox(message)))

        assert 'data-state="sent"' in text
        assert "Marked as sent by Clara Reis" in text


def test_a_queued_message_is_cancelled(agent_client: Client, write) -> None:
    message = write("Espere")

    text = shown(decide(agent_client, message, "cancel", attempt=0, **from_outbox(message)))

    assert 'data-state="cancelled"' in text


def test_the_slower_of_two_is_told(
    agent_client: Client, admin_client: Client, uncertain: Message
) -> None:
    decide(agent_client, uncertain, "mark-sent", **from_outbox(uncertain))

    response = decide(admin_client, uncertain, "resend", **from_outbox(uncertain))

    assert response.status_code == 409
    assert "has moved on since you looked" in shown(response)
    assert "Marked as sent by Ana Souza" in shown(response)
    uncertain.refresh_from_db()
    assert uncertain.state == State.SENT


def test_another_agent_decides_nothing(other_agent_client: Client, uncertain: Message) -> None:
    for verb in ("resend", "mark-sent", "cancel"):
        response = decide(other_agent_client, uncertain, verb, **from_outbox(uncertain))
        assert response.status_code == 403


def test_without_javascript_a_decision_leads_back_to_the_outbox(
    agent_client: Client, admin_client: Client, uncertain: Message
) -> None:
    assert decide(agent_client, uncertain, "mark-sent").url == "/inbox/outbox/?state=all"
    late = decide(admin_client, uncertain, "resend")

    assert "has moved on since you looked" in shown(admin_client.get(late.url))


@pytest.mark.parametrize(
    "page", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "foo"]
)
def test_a_decision_leads_nowhere_else(agent_client: Client, uncertain: Message, page: str) -> None:
    address = f"/inbox/outbox/{uncertain.pk}/mark-sent/"

    response = agent_client.post(address, {"attempt": 1, "next": page})

    assert response.url == f"/inbox/{uncertain.conversation_id}/"


def test_a_message_to_a_number_is_decided_in_the_thread_that_shows_it(
    agent_client: Client, uncertain: Message, conversation: Conversation
) -> None:
    Message.objects.update(conversation_id=None)
    headers = {
        **HTMX,
        "HX-Target": "thread",
        "HX-Current-URL": f"http://testserver/inbox/{conversation.id}/",
    }

    text = shown(decide(agent_client, uncertain, "mark-sent", **headers))

    assert f'id="message-{uncertain.pk}" data-state="sent"' in text


# --- What every page tells: the count ---------------------------------------------------------


def badge(text: str) -> str:
    return re.search(r'id="attention"[^<]*<span aria-hidden="true">(.*?)</span>', text)[1]


def test_every_page_counts_what_needs_a_decision(
    agent_client: Client,
    other_agent_client: Client,
    admin_client: Client,
    uncertain: Message,
    rejected: Message,
) -> None:
    for page in ("/inbox/", "/contacts/", "/inbox/outbox/", "/accounts/password/change/"):
        assert badge(shown(agent_client.get(page))) == "2", page
        assert badge(shown(admin_client.get(page))) == "2", page
        assert 'id="attention" hidden' in shown(other_agent_client.get(page)), page


def test_more_than_99_are_not_counted_out(agent: User, agent_client: Client, write) -> None:
    one = write("Oi")
    copies = [
        Message(
            send_id=uuid4(), author=agent, number=one.number, mobile=one.mobile, state="rejected"
        )
        for _ in range(100)
    ]
    Message.objects.bulk_create(copies)

    assert badge(shown(agent_client.get("/inbox/"))) == "99+"


def test_a_decision_brings_the_new_count_along(
    agent_client: Client, uncertain: Message, rejected: Message
) -> None:
    text = shown(decide(agent_client, uncertain, "mark-sent", **from_outbox(uncertain)))

    assert 'id="attention" hx-swap-oob="true"' in text
    assert badge(text) == "1"


def test_the_list_brings_the_new_count_along(agent_client: Client, deliver, write, wazime) -> None:
    message = write("Oi")
    version = agent_client.get("/inbox/").context["listing"]["version"]
    poll = {**HTMX, "X-Version": version}
    assert agent_client.get("/inbox/", headers=poll).status_code == 204
    # session, user; whose they are, what is snoozed, what was seen; signals
    assert count_queries(agent_client, "/inbox/", **poll) == 6

    wazime.add_fault("exception", endpoints=SEND, times=1)
    deliver(message)

    assert badge(shown(agent_client.get("/inbox/", headers=poll))) == "1"


@pytest.mark.skipif(
    connection.vendor != "sqlite",
    reason="PostgreSQL plans by size: see broadcasts/test_plans.py, on a million rows",
)
@pytest.mark.parametrize("role", ["agent", "admin"])
def test_counts_and_pages_read_an_index(agent: User, admin: User, role: str) -> None:
    person = agent if role == "agent" else admin
    with CaptureQueriesContext(connection) as queries:
        Signals(person)
        selectors.outbox_counts(person)
        selectors.outbox(person, Wanted(states=(State.REJECTED,)))
        selectors.outbox(person, Wanted(states=(State.SENT,)), before=10)
    asked = [query["sql"] for query in queries if "inbox_message" in query["sql"]]
    assert len(asked) == 4
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = " ".join(row[3] for row in cursor.fetchall())
        assert "INDEX message_of_" in plan, plan
        assert "ledger_of_state" not in plan  # it holds all recipients in that state, too
        assert "TEMP B-TREE FOR ORDER" not in plan


# --- What every page tells: the gate ----------------------------------------------------------

STOPS = {
    "ip_not_whitelisted": "Add 203.0.113.7 to the IP whitelist",
    "invalid_credentials": "Compare WAZIME_CLIENT_ID",
    "subscription_required": "Renew the subscription",
    "not_available": "Choose a plan with API access",
    "user_error": "look at the account's state",
    "maintenance": "it goes on by itself when WaziMe is back",
}
PAGES = ["/inbox/", "/inbox/outbox/", "/contacts/", "/accounts/password/change/"]
STOPPED = "Sending has stopped for everybody."
TELL_AN_ADMIN = "Tell an admin, who sees here what to do."


@pytest.fixture
def closed(deliver, write, wazime: Sandbox) -> Message:
    """The gate closed by a message, and another that waits behind it."""
    wazime.add_fault("ip_not_whitelisted")
    message = deliver(write("Oi"))
    write("Depois")
    return message


@pytest.mark.parametrize(("fault", "cure"), STOPS.items())
def test_everybody_sees_why_sending_has_stopped_and_what_they_can_do(
    deliver, write, wazime, agent_client: Client, admin_client: Client, fault: str, cure: str
) -> None:
    wazime.add_fault(fault, endpoints=SEND)
    deliver(write("Oi"))

    agents_cure = cure if fault == "maintenance" else TELL_AN_ADMIN
    for client, words in ((agent_client, agents_cure), (admin_client, cure)):
        for page in PAGES:
            text = shown(client.get(page))
            assert STOPPED in text, page
            assert words in text, page
            assert "1 message waits" in text, page
            if words is TELL_AN_ADMIN:
                assert cure not in text, page


def test_nothing_is_told_while_the_gate_is_open(agent_client: Client) -> None:
    for page in PAGES:
        assert STOPPED not in shown(agent_client.get(page))


def test_the_login_and_the_error_pages_ask_for_nothing(client: Client, closed) -> None:
    for page in ("/accounts/login/", "/nowhere/"):
        with CaptureQueriesContext(connection) as queries:
            text = shown(client.get(page))
        assert STOPPED not in text
        assert not any("inbox_" in query["sql"] for query in queries)


def test_the_list_and_the_outbox_bring_the_banner(
    agent_client: Client, deliver, write, wazime
) -> None:
    message = write("Oi")
    for page, name in (("/inbox/", "listing"), ("/inbox/outbox/?state=sent", "outbox")):
        version = agent_client.get(page).context[name]["version"]
        wazime.add_fault("ip_not_whitelisted", endpoints=SEND, times=1)
        Gate.objects.update(closed_at=None)
        deliver(message)

        response = agent_client.get(page, headers={**HTMX, "X-Version": version})

        assert 'id="gate" hx-swap-oob="true"' in shown(response)
        assert STOPPED in shown(response)


def test_the_banner_asks_by_itself_while_it_stands(agent_client: Client, closed, wazime) -> None:
    text = shown(agent_client.get("/contacts/"))
    version = re.search(r'id="gate".*?"X-Version": "(.*?)"', text)[1]
    poll = {**HTMX, "X-Version": version}
    assert 'hx-get="/inbox/gate/"' in text
    assert agent_client.get("/inbox/gate/", headers=poll).status_code == 204

    wazime.clear_faults()
    gate.try_now()

    text = shown(agent_client.get("/inbox/gate/", headers=poll))
    assert "the next message goes out as a test" in text
    assert STOPPED not in text

    Gate.objects.update(closed_at=None, testing=False)
    text = shown(agent_client.get("/inbox/gate/", headers=poll))
    assert "hx-get" not in text
    assert "banner" not in text


def test_an_admin_tries_now_and_is_told_what_wazime_answers(
    admin_client: Client, closed: Message, deliver, wazime
) -> None:
    response = admin_client.post("/inbox/gate/try/", headers=HTMX)
    assert "Not yet. WaziMe does not accept calls from this server's address." in shown(response)
    assert STOPPED in shown(response)

    wazime.clear_faults()
    response = admin_client.post("/inbox/gate/try/", {"next": "/contacts/"})
    assert response.url == "/contacts/"
    assert "WaziMe answers again" in shown(admin_client.get("/contacts/"))

    assert deliver(closed).state == State.SENT
    assert STOPPED not in shown(admin_client.get("/contacts/"))
    assert "Sending goes on." in shown(admin_client.post("/inbox/gate/try/", headers=HTMX))


def test_another_reason_takes_the_place_of_the_first(
    admin_client: Client, closed: Message, wazime
) -> None:
    wazime.clear_faults()
    wazime.add_fault("subscription_required")

    text = shown(admin_client.post("/inbox/gate/try/", headers=HTMX))

    assert "Renew the subscription" in text
    assert "203.0.113.7" not in text


def test_only_admins_try(agent_client: Client, closed: Message) -> None:
    assert agent_client.post("/inbox/gate/try/").status_code == 403
    assert "Try now" not in shown(agent_client.get("/inbox/"))


@pytest.mark.parametrize("page", ["//evil.example/", "foo"])
def test_trying_leads_nowhere_else(admin_client: Client, page: str) -> None:
    assert admin_client.post("/inbox/gate/try/", {"next": page}).url == "/"


# --- Who and how ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/inbox/outbox/", "/inbox/outbox/1/", "/inbox/gate/"])
def test_an_outsider_is_sent_to_the_login(client: Client, path: str) -> None:
    assert client.get(path).url.startswith("/accounts/login/")


@pytest.mark.parametrize("path", ["/inbox/outbox/", "/inbox/outbox/1/", "/inbox/gate/"])
def test_looking_is_not_posted(agent_client: Client, path: str) -> None:
    assert agent_client.post(path).status_code == 405


def test_trying_is_not_looked_at(admin_client: Client) -> None:
    assert admin_client.get("/inbox/gate/try/").status_code == 405


def test_the_outbox_and_not_the_inbox_is_the_current_page(agent_client: Client) -> None:
    def current(page: str) -> list[str]:
        links = re.findall(r'rail__item" href="(\S+)" aria-current', shown(agent_client.get(page)))
        return list(links)

    assert current("/inbox/outbox/") == ["/inbox/outbox/"]
    assert current("/inbox/") == ["/inbox/"]
