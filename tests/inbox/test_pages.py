"""The inbox as people and scripts meet it, over the real API."""

import html
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.numbers import formatted
from inbox import services
from inbox.models import Message, State
from tests.locks import held_ledger, wait_only_briefly
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime import client
from wazime_admin.wazime.types import Conversation

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
# Each way in which WaziMe may not answer, and words of the cause that people read.
TROUBLES = {
    "ip_not_whitelisted": "203.0.113.7",
    "invalid_credentials": "credentials",
    "subscription_required": "subscription",
    "not_available": "plan",
    "maintenance": "maintenance",
    "rate_limited": "fewer calls",
    "http_502": "fault",
    "garbage": "makes no sense",
    "php_warning": "makes no sense",
    "drop": "broke",
}


@pytest.fixture(autouse=True)
def english(settings) -> None:
    settings.LANGUAGE_CODE = "en"


def page_of(conversation: Conversation) -> str:
    return reverse("inbox:conversation", args=[conversation.id])


def shown(response) -> str:
    """The page's text as people read it, entities decoded."""
    return html.unescape(response.content.decode())


def names_in(text: str, rows: tuple[Conversation, ...]) -> list[str]:
    return [row.contact.name for row in rows if row.contact and row.contact.name in text]


# --- The list ---------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["documented", "observed"])
def test_it_shows_the_newest_conversations(agent_client, wazime, behaviour: str) -> None:
    wazime.settings(behaviour=behaviour)
    rows = client().conversations().rows

    text = shown(agent_client.get("/inbox/"))

    assert len(names_in(text, rows)) == len([row for row in rows if row.contact])


def test_each_reader_sees_the_list_in_a_language_and_a_time_zone_of_their_own(
    agent_client, wazime
) -> None:
    first = client().conversations().rows[0]
    assert first.last_message_at

    def title(language: str, zone: str) -> str:
        agent_client.cookies["tz"] = zone
        text = shown(agent_client.get("/inbox/", headers={"Accept-Language": language}))
        # Without how long ago that was: a minute may pass between two looks.
        return text.partition('<span class="row__time">')[2].partition(" data-relative>")[0]

    english = title("en", "UTC")
    assert first.last_message_at.isoformat(timespec="seconds") in english
    assert title("en", "America/Sao_Paulo") != english
    assert title("pt-br", "UTC") != english
    assert title("en", "UTC") == english


def test_the_list_marks_the_conversation_that_is_open(agent_client, wazime) -> None:
    first, second = client().conversations().rows[:2]

    for opened in (first, second, first):
        text = shown(agent_client.get(page_of(opened)))
        row = text.partition(f'id="row-{opened.id}"')[2].partition("</a>")[0]
        assert 'aria-current="true"' in row
        assert text.count('aria-current="true"') == 2  # the row, and the language in the menu


@pytest.mark.usefixtures("fresh")
def test_a_list_that_is_fresh_costs_one_look_at_redis(
    agent_client, wazime: Sandbox, redis_server: RedisServer
) -> None:
    agent_client.get("/inbox/")
    redis_server.client.config_resetstat()
    agent_client.get("/inbox/", headers=HTMX)
    commands = redis_server.client.info("commandstats")

    assert {name: found["calls"] for name, found in commands.items()} == {
        "cmdstat_mget": 1,
        "cmdstat_config|resetstat": 1,
    }


def test_it_tells_the_root_page_where_the_inbox_is(agent_client) -> None:
    assert agent_client.get("/").url == "/inbox/"


def test_tabs_show_only_their_status_and_all_counts(agent_client, wazime) -> None:
    pending = client().conversations(status=2, per_page=100)

    text = shown(agent_client.get("/inbox/?status=2"))

    assert names_in(text, pending.rows[:20])
    assert f'<span class="tabs__count">{pending.total}</span>' in text
    assert "status--3" not in text


def test_unread_says_that_a_server_may_list_none(agent_client, wazime: Sandbox) -> None:
    assert "lists no unread" in shown(agent_client.get("/inbox/?status=4"))

    wazime.settings(behaviour="documented")

    text = shown(agent_client.get("/inbox/?status=4"))
    assert "lists no unread" not in text
    assert "row--unread" in text


def test_it_searches(agent_client, conversation: Conversation) -> None:
    text = shown(agent_client.get("/inbox/", {"search": conversation.contact.mobile}))

    assert conversation.contact.name in text
    assert text.count('class="row__link"') == 1


def test_it_finds_what_the_screen_shows(agent_client, conversation: Conversation) -> None:
    contact = conversation.contact
    shown_number = formatted(contact.mobile_code, contact.mobile)
    national = shown_number.removeprefix("+55 ")

    for search in (
        contact.name,
        contact.name.upper(),
        shown_number,
        f"({national[:2]}){national[2:]}",
    ):
        text = shown(agent_client.get("/inbox/", {"search": search}))
        assert contact.name in text, search


def test_a_search_without_a_result_says_so(agent_client, wazime) -> None:
    assert "Nothing found for “zzz<b>”" in shown(agent_client.get("/inbox/?search=zzz<b>"))


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1e3", "²", "9" * 400])
def test_a_page_number_that_is_none_is_no_error(agent_client, wazime, page: str) -> None:
    assert agent_client.get("/inbox/", {"page": page}).status_code == 200


def test_a_page_past_the_end_offers_the_last(agent_client, wazime) -> None:
    text = shown(agent_client.get("/inbox/?page=999999"))

    assert "There is no such page." in text
    assert "/inbox/?page=3" in text


@pytest.mark.parametrize("status", ["9", "x", "-1", "²"])
def test_a_status_that_is_none_shows_all(agent_client, wazime, status: str) -> None:
    assert "No conversations" not in shown(agent_client.get("/inbox/", {"status": status}))


def test_htmx_gets_the_list_alone(agent_client, wazime) -> None:
    response = agent_client.get("/inbox/", headers=HTMX)

    assert "<html" not in shown(response)
    assert response["HX-Push-Url"] == "/inbox/"


@pytest.mark.parametrize("by_itself", ["conversations", "search"])
def test_polls_and_typing_are_no_steps_to_go_back(agent_client, wazime, by_itself: str) -> None:
    response = agent_client.get("/inbox/", headers={**HTMX, "HX-Trigger": by_itself})

    assert "HX-Push-Url" not in response
    assert response["HX-Replace-Url"] == "/inbox/"


def test_a_poll_gets_nothing_while_nothing_changed(agent_client, conversation, wazime) -> None:
    version = agent_client.get("/inbox/").context["listing"]["version"]
    poll = {**HTMX, "X-Version": version}
    assert agent_client.get("/inbox/", headers=poll).status_code == 204

    wazime.inbound(conversation.contact.mobile_code, conversation.contact.mobile, "Olá?")

    assert agent_client.get("/inbox/", headers=poll).status_code == 200


def test_names_and_notes_are_shown_as_text(agent_client, wazime) -> None:
    wazime.settings(behaviour="documented")
    for number in (1, 2, 3):
        body = agent_client.get(f"/inbox/?page={number}").content.decode()
        assert "<script>alert" not in body
        assert "<b>" not in body
    for row in client().conversations(per_page=100).rows:
        if any("<" in note.text for note in row.notes):
            note = next(note.text for note in row.notes if "<" in note.text)
            body = agent_client.get(page_of(row)).content.decode()
            assert note not in body
            assert html.escape(note) in body
            break
    else:
        pytest.fail("the data set has no note with markup")


@pytest.mark.parametrize(("fault", "words"), TROUBLES.items())
def test_each_page_says_why_wazime_does_not_answer(
    agent_client, conversation, wazime: Sandbox, fault: str, words: str
) -> None:
    wazime.add_fault(fault)

    for path in ("/inbox/", page_of(conversation)):
        response = agent_client.get(path)
        assert response.status_code == 200
        assert words in shown(response)


def test_a_server_that_is_not_there_is_said(agent_client, settings) -> None:
    settings.WAZIME_BASE_URL = "http://127.0.0.1:9/external-api"

    assert "does not take connections" in shown(agent_client.get("/inbox/"))


def test_the_vendors_misspelled_path_is_named_to_admins(
    agent_client, admin_client, wazime, settings
) -> None:
    settings.WAZIME_BASE_URL = f"{wazime.url}/extern-api"

    assert "extern-api" in shown(admin_client.get("/inbox/"))
    assert "Tell an admin" in shown(agent_client.get("/inbox/"))


# --- One conversation -------------------------------------------------------------------------


def test_it_shows_contact_tags_lists_and_notes(agent_client, wazime) -> None:
    rows = [client().conversation(n) for n in range(1, 61)]
    rich = next(r for r in rows if r.contact and r.contact.tags and r.contact.lists and r.notes)

    text = shown(agent_client.get(page_of(rich)))

    for words in (rich.contact.name, rich.contact.tags[0].name, rich.contact.lists[0].name):
        assert words in text
    assert rich.notes[0].text in text


def test_a_conversation_that_is_not_there_is_404(agent_client, wazime) -> None:
    response = agent_client.get("/inbox/999999/")

    assert response.status_code == 404
    assert "This conversation is not there." in shown(response)


@pytest.mark.parametrize("number", [2**63, 10**30, "9" * 5000])
@pytest.mark.parametrize(
    "address", ["inbox/{}/", "contacts/{}/edit/", "contacts/opt-outs/{}/remove/"]
)
def test_no_address_leads_to_an_id_that_nothing_can_have(
    admin_client, wazime, address: str, number: object
) -> None:
    calls = wazime.calls()

    response = admin_client.post("/" + address.format(number))

    assert response.status_code == 404
    assert "This page does not exist" in shown(response)
    assert wazime.calls() == calls


def test_without_a_contact_it_opens_and_says_why_nobody_can_answer(agent_client, orphan) -> None:
    text = shown(agent_client.get(page_of(orphan)))

    assert "no longer has a contact" in text
    assert 'id="composer"' not in text
    assert 'name="status"' in text


def test_it_says_what_wazime_does_not_give_and_where_to_read_it(
    agent_client, conversation, settings
) -> None:
    settings.WAZIME_PANEL_URL = "https://panel.example/c/{conversation_id}?n={mobile}"
    number = conversation.contact.mobile_code + conversation.contact.mobile

    text = shown(agent_client.get(page_of(conversation)))

    assert "does not pass on what customers write" in text
    assert f"https://panel.example/c/{conversation.id}?n={number}" in text


def test_without_a_number_there_is_no_link_that_goes_by_it(agent_client, orphan, settings) -> None:
    settings.WAZIME_PANEL_URL = "https://panel.example/phones/{mobile}/"
    assert "panel.example" not in shown(agent_client.get(page_of(orphan)))

    settings.WAZIME_PANEL_URL = "https://panel.example/c/{conversation_id}"
    assert f"https://panel.example/c/{orphan.id}" in shown(agent_client.get(page_of(orphan)))


def test_an_agent_is_not_offered_to_edit_the_contact(
    agent_client, admin_client, conversation
) -> None:
    assert "Edit contact" not in shown(agent_client.get(page_of(conversation)))
    assert "Edit contact" in shown(admin_client.get(page_of(conversation)))


# --- Status -----------------------------------------------------------------------------------


def set_status(client_: Client, conversation: Conversation, **fields: object):
    return client_.post(f"{page_of(conversation)}status/", fields, headers=HTMX)


def status_of(conversation: Conversation) -> int | None:
    return client().conversation(conversation.id).status


def test_a_status_is_set_and_can_be_undone(agent_client, conversation) -> None:
    response = set_status(agent_client, conversation, status=1, seen=2)

    assert response.status_code == 200
    assert status_of(conversation) == 1
    assert "Undo" in shown(response)
    assert response["HX-Trigger"] == "conversation-changed"
    set_status(agent_client, conversation, status=2, seen=1)
    assert status_of(conversation) == 2


def test_an_undo_after_somebody_elses_change_does_nothing(
    agent_client, other_agent_client, conversation
) -> None:
    set_status(agent_client, conversation, status=1, seen=2)
    set_status(other_agent_client, conversation, status=3, seen=1)

    response = set_status(agent_client, conversation, status=2, seen=1)

    assert response.status_code == 409
    assert "it is now Important" in shown(response)
    assert status_of(conversation) == 3


def test_a_refused_status_shows_the_old_one_with_the_reason(agent_client, conversation) -> None:
    response = set_status(agent_client, conversation, status=4, seen=2)

    assert response.status_code == 422
    text = shown(response)
    assert 'value="2" aria-pressed="true"' in text
    assert "does not let conversations be set to Unread" in text
    assert "Undo" not in text


def test_a_status_while_wazime_is_down_says_so(agent_client, conversation, wazime) -> None:
    wazime.add_fault("http_502")

    response = set_status(agent_client, conversation, status=1, seen=2)

    assert response.status_code == 502
    assert "WaziMe's server has a fault." in shown(response)


def test_the_status_can_be_cleared(agent_client, conversation) -> None:
    set_status(agent_client, conversation, status=0, seen=2)

    assert status_of(conversation) == 0


@pytest.mark.parametrize("status", ["", "5", "-1", "x", "²"])
def test_a_status_that_is_none_is_refused(agent_client, conversation, status: str) -> None:
    assert set_status(agent_client, conversation, status=status).status_code == 422
    assert status_of(conversation) == 2


def test_a_script_can_set_a_status_without_saying_what_it_saw(agent_client, conversation) -> None:
    response = agent_client.post(f"{page_of(conversation)}status/", {"status": 3})

    assert response.url == page_of(conversation)
    assert status_of(conversation) == 3


def test_a_conversation_without_a_contact_can_be_triaged(agent_client, orphan) -> None:
    set_status(agent_client, orphan, status=3)

    assert status_of(orphan) == 3


# --- Writing ----------------------------------------------------------------------------------


def send(client_: Client, conversation: Conversation, text: str, **changes: object):
    fields = {"message": text, "send_id": uuid4(), **changes}
    return client_.post(f"{page_of(conversation)}messages/", fields, headers=HTMX)


def test_a_text_is_queued_and_shown_in_the_thread(agent_client, agent, conversation) -> None:
    response = send(agent_client, conversation, "Bom dia")

    message = Message.objects.get()
    assert (message.text, message.author, message.state) == ("Bom dia", agent, State.QUEUED)
    text = shown(response)
    assert 'data-state="queued"' in text
    assert "every 1s" in text, "it asks again until the state is final"
    assert "draft-sent" in response["HX-Trigger"]


def test_the_thread_stops_asking_when_the_state_is_final(
    deliver, agent_client, conversation
) -> None:
    send(agent_client, conversation, "Oi")
    deliver(Message.objects.get())

    text = shown(agent_client.get(f"{page_of(conversation)}thread/", headers=HTMX))

    assert 'data-state="sent"' in text
    assert "every 1s" not in text


def test_the_thread_answers_nothing_while_nothing_changed(agent_client, conversation) -> None:
    send(agent_client, conversation, "Oi")
    version = agent_client.get(page_of(conversation)).context["version"]
    poll = {**HTMX, "X-Version": version}

    assert agent_client.get(f"{page_of(conversation)}thread/", headers=poll).status_code == 204


def test_a_second_click_on_send_makes_one_message(agent_client, conversation) -> None:
    send_id = uuid4()

    for _ in range(2):
        assert send(agent_client, conversation, "Oi", send_id=send_id).status_code == 200

    assert Message.objects.count() == 1


def test_another_text_under_the_same_id_comes_back_to_be_sent(agent_client, conversation) -> None:
    send_id = uuid4()
    send(agent_client, conversation, "Oi", send_id=send_id)

    response = send(agent_client, conversation, "Tchau", send_id=send_id)

    assert response.status_code == 409
    assert response["HX-Retarget"] == "#composer"
    text = shown(response)
    assert "Tchau" in text
    assert str(send_id) not in text
    assert Message.objects.get().text == "Oi"


def test_4096_characters_with_line_ends_fit_and_one_more_does_not(
    agent_client, conversation
) -> None:
    text = "é👍🏽שלום\r\n" * 500
    longest = text + "x" * (4096 - len(text.replace("\r\n", "\n")))
    assert send(agent_client, conversation, longest).status_code == 200
    assert len(Message.objects.get().text) == 4096

    response = send(agent_client, conversation, longest + "x")

    assert response.status_code == 422
    assert "up to 4096 characters; this has 4097" in shown(response)
    assert "é👍🏽שלום" in shown(response), "nothing typed is lost"


def test_an_empty_text_is_refused(agent_client, conversation) -> None:
    response = send(agent_client, conversation, "  \r\n ")

    assert response.status_code == 422
    assert "Write something first." in shown(response)


@pytest.mark.parametrize("text", ["\u200b", "\u00a0\u2060 \ufeff", "\u202e"])
def test_a_text_that_nobody_can_see_is_refused(agent_client, conversation, text: str) -> None:
    assert send(agent_client, conversation, text).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_a_text_is_kept_while_the_database_is_busy(agent_client, conversation) -> None:
    wait_only_briefly()
    with held_ledger():
        response = send(agent_client, conversation, "Não me perca")

    assert response.status_code == 503
    assert "Não me perca" in shown(response)
    assert "database is busy" in shown(response)


@pytest.mark.parametrize("send_id", ["", "x", "1234"])
def test_a_send_without_an_id_is_refused(agent_client, conversation, send_id: str) -> None:
    assert send(agent_client, conversation, "Oi", send_id=send_id).status_code == 422
    assert not Message.objects.exists()


def test_markup_in_a_message_is_shown_as_text(agent_client, conversation) -> None:
    response = send(agent_client, conversation, "<script>alert(1)</script>")

    assert "<script>alert(1)" not in response.content.decode()
    assert "<script>alert(1)</script>" in shown(response)


def test_a_text_is_kept_while_wazime_is_down(agent_client, conversation, wazime) -> None:
    wazime.add_fault("maintenance")

    with_htmx = send(agent_client, conversation, "Não me perca")
    fields = {"message": "Nem a mim", "send_id": uuid4()}
    without = agent_client.post(f"{page_of(conversation)}messages/", fields)

    assert (with_htmx.status_code, without.status_code) == (502, 502)
    assert "Não me perca" in shown(with_htmx)
    assert "Nem a mim" in shown(without)


def test_nobody_writes_to_a_conversation_without_a_contact(agent_client, orphan) -> None:
    response = send(agent_client, orphan, "Oi")

    assert response.status_code == 422
    assert not Message.objects.exists()


def test_nobody_writes_to_a_blocked_contact(agent_client, wazime) -> None:
    contact = next(row for row in client().contacts(per_page=200).rows if row.is_blocked)
    wazime.inbound(contact.mobile_code, contact.mobile, "Me deixem em paz")
    blocked = client().conversations(search=contact.mobile).rows[0]

    response = send(agent_client, blocked, "Oi")

    assert response.status_code == 422
    assert "blocked" in shown(response)


def test_without_javascript_a_text_leads_back_to_the_conversation(
    agent_client, conversation
) -> None:
    fields = {"message": "Oi", "send_id": uuid4()}

    response = agent_client.post(f"{page_of(conversation)}messages/", fields)

    assert response.url == page_of(conversation)
    assert "Oi" in shown(agent_client.get(response.url))


# --- Deciding ---------------------------------------------------------------------------------


@pytest.fixture
def uncertain(deliver, write, wazime: Sandbox) -> Message:
    message = write("Talvez")
    wazime.add_fault("drop", endpoints=["inbox/send-message"], times=1)
    return deliver(message)


def decide(client_: Client, message: Message, verb: str, attempt: int = 1):
    return client_.post(f"/inbox/outbox/{message.pk}/{verb}/", {"attempt": attempt}, headers=HTMX)


def test_an_uncertain_message_shows_why_and_both_ways_out(
    agent_client, uncertain, conversation
) -> None:
    text = shown(agent_client.get(page_of(conversation)))

    assert "broke before an answer came" in text
    assert "mark as sent" in text
    assert "Send again" in text


def test_its_author_can_decide(agent_client, uncertain) -> None:
    assert 'data-state="sent"' in shown(decide(agent_client, uncertain, "mark-sent"))


def test_the_slower_person_is_told(agent_client, admin_client, uncertain) -> None:
    decide(agent_client, uncertain, "mark-sent")

    response = decide(admin_client, uncertain, "resend")

    assert response.status_code == 409
    assert "has moved on since you looked" in shown(response)


def test_another_agent_is_not_offered_and_not_let(
    other_agent_client, uncertain, conversation
) -> None:
    assert "Send again" not in shown(other_agent_client.get(page_of(conversation)))
    for verb in ("resend", "mark-sent", "cancel"):
        assert decide(other_agent_client, uncertain, verb).status_code == 403


def test_a_queued_message_can_be_taken_back(agent_client, write) -> None:
    message = write("Espere")

    assert 'data-state="cancelled"' in shown(decide(agent_client, message, "cancel", attempt=0))


@pytest.mark.parametrize("path", ["/inbox/outbox/999/resend/", "/inbox/outbox/999/cancel/"])
def test_a_message_that_is_not_there_is_404(agent_client, path: str) -> None:
    assert agent_client.post(path, {"attempt": 1}).status_code == 404


def test_a_closed_gate_is_shown_with_cause_and_cure(
    deliver, admin_client, write, conversation, wazime
) -> None:
    wazime.add_fault("ip_not_whitelisted", endpoints=["inbox/send-message"])
    deliver(write("Oi"))

    text = shown(admin_client.get(page_of(conversation)))

    assert "Sending has stopped for everybody." in text
    assert "Add 203.0.113.7 to the IP whitelist" in text


# --- Who and how ------------------------------------------------------------------------------

READ = ["/inbox/", "/inbox/1/", "/inbox/1/thread/"]
WRITE = ["/inbox/1/status/", "/inbox/1/messages/", "/inbox/outbox/1/resend/"]


@pytest.mark.parametrize("path", READ + WRITE)
def test_an_outsider_is_sent_to_the_login(db, client: Client, path: str) -> None:
    method = client.get if path in READ else client.post

    assert method(path).url.startswith("/accounts/login/")


def test_an_expired_session_sends_an_htmx_request_to_the_login_and_back(db, client: Client) -> None:
    headers = {**HTMX, "HX-Current-URL": "http://testserver/inbox/7/?status=2"}

    response = client.post("/inbox/7/messages/", {"message": "Oi"}, headers=headers)

    assert response.status_code == 401
    assert response["HX-Redirect"].endswith("?next=%2Finbox%2F7%2F%3Fstatus%3D2&ended=1")


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/inbox/7/?status=2", "%2Finbox%2F7%2F%3Fstatus%3D2"),
        ("https://evil.example//evil.example/", "%2F"),
        ("http://[", "%2F"),
        ("", "%2F"),
    ],
)
def test_a_form_sent_after_the_session_expired_leads_back_to_its_page(
    db, client: Client, referer: str, back: str
) -> None:
    headers = {"Referer": referer}

    response = client.post("/inbox/7/messages/", {"message": "Oi"}, headers=headers)

    assert response.url == f"/accounts/login/?next={back}"


@pytest.mark.parametrize("path", WRITE)
def test_nothing_is_changed_by_looking(agent_client, path: str) -> None:
    assert agent_client.get(path).status_code == 405


def test_a_page_asks_the_database_a_fixed_number_of_times(
    deliver, agent_client, write, conversation, wazime, django_assert_num_queries
) -> None:
    for text in ("um", "dois", "três"):
        deliver(write(text))
    agent_client.get("/inbox/")

    # session, user; messages with authors, attempts, deciders (none yet); the team with whose it
    # is, its notes; what was seen; whose those in the list are, what is snoozed of them; signals
    with django_assert_num_queries(10):
        agent_client.get(page_of(conversation))


def test_a_decision_by_url_is_recorded_with_the_person(agent_client, agent, uncertain) -> None:
    decide(agent_client, uncertain, "resend")

    assert uncertain.attempts.get().decided_by == agent
    with pytest.raises(services.Conflict):
        services.resend(message=uncertain, person=agent, seen_attempt=1)


def test_agents_and_admins_both_work_in_the_inbox(agent_client, admin_client, wazime) -> None:
    for somebody in (agent_client, admin_client):
        assert somebody.get("/inbox/").status_code == 200


def test_the_author_is_named_in_the_thread(agent_client, write, admin: User, conversation) -> None:
    admin.first_name, admin.last_name = "Chefe", "Maior"
    admin.save()
    write("Oi", author=admin)

    assert "Chefe Maior" in shown(agent_client.get(page_of(conversation)))


def test_while_wazime_is_down_our_own_messages_are_shown(
    agent_client, conversation, write, wazime: Sandbox
) -> None:
    write("Isto está no nosso livro")
    wazime.add_fault("maintenance")

    text = shown(agent_client.get(page_of(conversation)))

    assert "Isto está no nosso livro" in text
    assert "maintenance" in text
    assert 'name="status" value="2"' not in text
    assert f"Conversation {conversation.id}</bdi></h1>" in text


def test_the_list_knows_who_a_conversation_is_with_that_cannot_be_read(
    agent_client, conversation, wazime: Sandbox
) -> None:
    wazime.add_fault("maintenance", endpoints=["inbox/conversation-details"])

    text = shown(agent_client.get(page_of(conversation)))
    assert f"{conversation.contact.name}</bdi></h1>" in text


def test_a_number_without_a_conversation_can_be_written_to(agent_client, wazime) -> None:
    text = shown(agent_client.get("/inbox/?search=%2B55 11 98888-7001"))

    assert "No conversation with this number yet." in text
    assert 'href="/inbox/new/?mobile_code=55&mobile=11988887001"' in text
    in_a_tab = shown(agent_client.get("/inbox/?status=2&search=%2B55 11 98888-7001"))
    assert "No conversation with this number yet." not in in_a_tab


def test_a_day_that_is_near_has_a_name(agent_client, conversation, write) -> None:
    write("De ontem")
    yesterday = timezone.now() - timedelta(days=1)
    Message.objects.update(created_at=yesterday)
    write("De hoje")

    text = shown(agent_client.get(page_of(conversation)))

    assert text.index("Yesterday</li>") < text.index("De ontem") < text.index("Today</li>")
