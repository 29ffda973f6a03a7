"""A team at one inbox: whose a conversation is, notes among themselves, who else is answering."""

import html
import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from inbox.models import Message, State
from inbox.teamwork import presence, services
from inbox.teamwork.models import Assignment, Note
from tests.at_once import at_once
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime import client
from wazime_admin.wazime.types import Conversation

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
LOOKS = {**HTMX, "X-Looking": "yes"}
WRITES = {**LOOKS, "X-Writing": "yes"}


@pytest.fixture(autouse=True)
def _english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


def page_of(conversation: Conversation) -> str:
    return f"/inbox/{conversation.id}/"


def shown(response) -> str:
    return html.unescape(response.content.decode())


def listed(client_: Client, **query: object) -> list[int]:
    """The ids of the conversations that the list shows."""
    found = re.findall(r'id="row-(\d+)"', shown(client_.get("/inbox/", query)))
    return [int(number) for number in found]


def assign(client_: Client, conversation: Conversation, person: User | None, seen: object = ""):
    fields = {"person": person.pk if person else "", "seen": seen}
    return client_.post(f"{page_of(conversation)}assign/", fields, headers=HTMX)


def give(conversation: Conversation, person: User) -> None:
    services.assign(conversation_id=conversation.id, person=person, by=person, seen=None)


def assignee_of(conversation: Conversation) -> User | None:
    row = Assignment.objects.filter(conversation_id=conversation.id).first()
    return row.assignee if row else None


# --- Whose a conversation is ----------------------------------------------------------------------


def test_a_conversation_is_taken_given_to_somebody_and_given_back(
    agent_client: Client, agent: User, other_agent: User, conversation: Conversation
) -> None:
    response = assign(agent_client, conversation, agent)
    assert response.status_code == 200
    assert response["HX-Trigger"] == "conversation-changed"
    assert "Assigned to Ana Souza" in shown(response)
    assert "Assign to me" not in shown(response)

    assign(agent_client, conversation, other_agent, seen=agent.pk)
    assert "Assigned to Bruno Lima" in shown(agent_client.get(page_of(conversation)))

    assign(agent_client, conversation, None, seen=other_agent.pk)
    assert "Assigned to nobody" in shown(agent_client.get(page_of(conversation)))


def test_the_slower_of_two_is_told_and_changes_nothing(
    agent_client: Client,
    other_agent_client: Client,
    agent: User,
    other_agent: User,
    conversation: Conversation,
) -> None:
    assign(agent_client, conversation, agent)

    response = assign(other_agent_client, conversation, other_agent)

    assert response.status_code == 409
    assert "Ana Souza took this conversation meanwhile." in shown(response)
    assert assignee_of(conversation) == agent


def test_the_same_click_twice_is_one_change(
    agent_client: Client, agent: User, conversation: Conversation
) -> None:
    for _ in range(2):
        assert assign(agent_client, conversation, agent).status_code == 200


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Bruno Lima gave this conversation back meanwhile."),
        ("clara", "Bruno Lima assigned this conversation to Clara Reis meanwhile."),
    ],
)
def test_it_says_what_happened_meanwhile(
    agent_client: Client,
    other_agent_client: Client,
    agent: User,
    admin: User,
    conversation: Conversation,
    name: str,
    words: str,
) -> None:
    other = admin if name else None
    assign(agent_client, conversation, agent)
    assign(other_agent_client, conversation, other, seen=agent.pk)
    fourth = User.objects.create_user("dora", "dora@example.com", "x", role="agent")

    response = assign(agent_client, conversation, fourth, seen=agent.pk)

    assert response.status_code == 409
    assert words in shown(response)
    assert assignee_of(conversation) == other


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_takes_it(conversation: Conversation) -> None:
    people = [
        User.objects.create_user(f"person{n}", f"{n}@example.com", "x", role="agent")
        for n in range(6)
    ]

    def take(place: int) -> bool:
        person = people[place]
        try:
            services.assign(conversation_id=conversation.id, person=person, by=person, seen=None)
        except services.AssignedMeanwhile:
            return False
        return True

    taken = at_once(6, take)

    assert taken.count(True) == 1
    assert assignee_of(conversation) == people[taken.index(True)]


def test_whoever_has_left_has_no_conversations(
    agent_client: Client, other_agent: User, conversation: Conversation
) -> None:
    give(conversation, other_agent)
    User.objects.filter(pk=other_agent.pk).update(is_active=False)

    page = shown(agent_client.get(page_of(conversation)))
    assert "Assigned to nobody" in page
    assert "Bruno" not in page
    assert conversation.id in listed(agent_client, assigned="none", status=2)

    User.objects.filter(pk=other_agent.pk).update(is_active=True)
    assert "Assigned to Bruno Lima" in shown(agent_client.get(page_of(conversation)))


def test_what_was_somebodys_who_has_left_can_be_taken(
    agent_client: Client, agent: User, other_agent: User, conversation: Conversation
) -> None:
    give(conversation, other_agent)
    User.objects.filter(pk=other_agent.pk).update(is_active=False)

    assert assign(agent_client, conversation, agent).status_code == 200
    assert assignee_of(conversation) == agent


@pytest.mark.parametrize("person", ["closed", "0", "x", "9" * 30])
def test_nobody_is_given_a_conversation_who_is_not_there(
    agent_client: Client, other_agent: User, conversation: Conversation, person: str
) -> None:
    User.objects.filter(pk=other_agent.pk).update(is_active=False)
    given = other_agent.pk if person == "closed" else person

    response = agent_client.post(f"{page_of(conversation)}assign/", {"person": given})

    assert response.status_code == 404
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("path", ["assign/", "notes/"])
def test_a_number_that_no_conversation_can_have_is_404(agent_client: Client, path: str) -> None:
    fields = {"person": "", "text": "x"}
    assert agent_client.post(f"/inbox/{2**63}/{path}", fields).status_code == 404


def test_without_javascript_it_leads_back_to_the_conversation(
    agent_client: Client, other_agent_client: Client, agent: User, conversation: Conversation
) -> None:
    fields = {"person": agent.pk, "seen": ""}
    path = f"{page_of(conversation)}assign/"
    assert agent_client.post(path, fields).url == page_of(conversation)

    other = other_agent_client.post(path, {"person": "", "seen": 999}, follow=True)

    assert "Ana Souza took this conversation meanwhile." in shown(other)


def test_others_learn_of_it_by_their_polls(
    agent_client: Client, other_agent_client: Client, agent: User, conversation: Conversation
) -> None:
    listing = other_agent_client.get("/inbox/?status=2").context["listing"]
    polls = {
        "/inbox/?status=2": listing["version"],
        f"{page_of(conversation)}thread/": other_agent_client.get(page_of(conversation)).context[
            "version"
        ],
    }
    for path, version in polls.items():
        headers = {**LOOKS, "X-Version": version}
        assert other_agent_client.get(path, headers=headers).status_code == 204

    assign(agent_client, conversation, agent)

    for path, version in polls.items():
        answer = other_agent_client.get(path, headers={**LOOKS, "X-Version": version})
        assert "Assigned to Ana Souza" in shown(answer)


# --- The list -------------------------------------------------------------------------------------


def test_the_list_shows_whose_each_is(
    agent_client: Client, other_agent: User, conversation: Conversation
) -> None:
    assert "Assigned to Bruno" not in shown(agent_client.get("/inbox/?status=2"))

    give(conversation, other_agent)

    assert 'title="Assigned to Bruno Lima"' in shown(agent_client.get("/inbox/?status=2"))


def test_mine_are_those_that_are_assigned_to_me_newest_first(
    agent_client: Client, agent: User, other_agent: User, wazime: Sandbox
) -> None:
    rows = client().conversations(per_page=100).rows
    mine = [rows[2], rows[25], rows[45]]
    for row in reversed(mine):
        give(row, agent)
    give(rows[3], other_agent)

    assert listed(agent_client, assigned="me") == [row.id for row in mine]
    assert listed(agent_client, assigned=agent.pk) == [row.id for row in mine]
    assert listed(agent_client, assigned=other_agent.pk) == [rows[3].id]
    assert ">Bruno Lima</a>" in shown(agent_client.get(f"/inbox/?assigned={other_agent.pk}"))


def test_unassigned_are_all_others_in_pages(
    agent_client: Client, agent: User, wazime: Sandbox
) -> None:
    rows = client().conversations(per_page=100).rows
    for row in rows[:5]:
        give(row, agent)

    found = [
        number for page in (1, 2, 3) for number in listed(agent_client, assigned="none", page=page)
    ]

    assert found == [row.id for row in rows[5:]]
    assert "There is no such page." in shown(agent_client.get("/inbox/?assigned=none&page=99"))


def test_status_and_search_hold_among_mine(
    agent_client: Client, agent: User, wazime: Sandbox
) -> None:
    rows = client().conversations(per_page=100).rows
    pending = next(row for row in rows if row.status == 2 and row.contact)
    done = next(row for row in rows if row.status == 1 and row.contact)
    for row in (pending, done):
        give(row, agent)

    listing = agent_client.get("/inbox/?assigned=me&status=2").context["listing"]
    assert [row.id for row in listing["page"].rows] == [pending.id]
    assert [tab.count for tab in listing["tabs"]] == [2, None, 1, 0, 1]
    for search in (done.contact.firstname.upper(), done.contact.name, done.contact.number):
        fields = {"assigned": "me", "search": search}
        found = agent_client.get("/inbox/", fields).context["listing"]["page"].rows
        assert [row.id for row in found] == [done.id]
    assert "Nothing found for" in shown(agent_client.get("/inbox/?assigned=me&search=zzz"))


def test_the_filter_stays_in_every_address(
    agent_client: Client, agent: User, conversation: Conversation
) -> None:
    give(conversation, agent)
    text = shown(agent_client.get(f"/inbox/{conversation.id}/?assigned=me&status=2"))

    assert f'href="/inbox/{conversation.id}/?status=2&assigned=me"' in text
    assert 'href="/inbox/?status=3&assigned=me"' in text
    assert 'href="/inbox/?status=2&assigned=none"' in text
    assert '<input type="hidden" name="assigned" value="me" form="search">' in text


@pytest.mark.parametrize("assigned", ["", "x", "-1", "²", "0", "999999", "9" * 400])
def test_an_assignee_that_is_none_shows_everyones(
    agent_client: Client, wazime: Sandbox, assigned: str
) -> None:
    assert listed(agent_client, assigned=assigned) == listed(agent_client)


def test_it_says_when_it_did_not_look_at_all(
    agent_client: Client, wazime: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Looked through" not in shown(agent_client.get("/inbox/?assigned=me"))
    monkeypatch.setattr("inbox.teamwork.assigned.ROWS", 10)
    monkeypatch.setattr("inbox.teamwork.assigned.MOST_PAGES", 2)

    text = shown(agent_client.get("/inbox/?assigned=me"))

    assert "Looked through the newest 20 conversations only." in text
    assert "No conversation here is assigned to you." in text


@pytest.mark.usefixtures("fresh")
def test_however_many_look_at_theirs_wazime_is_asked_once(
    agent_client: Client,
    other_agent_client: Client,
    admin_client: Client,
    wazime: Sandbox,
    redis_server: RedisServer,
) -> None:
    before = wazime.calls().get("inbox/conversation-list", 0)
    for each in (agent_client, other_agent_client, admin_client):
        for query in ("assigned=me", "assigned=none", "assigned=none&status=2&search=a"):
            assert each.get(f"/inbox/?{query}", headers=HTMX).status_code == 200

    assert wazime.calls()["inbox/conversation-list"] == before + 1


def test_whose_they_are_takes_as_many_queries_for_one_as_for_many(
    agent_client: Client, agent: User, wazime: Sandbox
) -> None:
    first, *others = client().conversations(per_page=100).rows
    give(first, agent)
    agent_client.get("/inbox/")
    with CaptureQueriesContext(connection) as before:
        agent_client.get("/inbox/")
    for row in others:
        give(row, agent)
    with CaptureQueriesContext(connection) as after:
        agent_client.get("/inbox/")

    assert len(after) == len(before)


# --- Notes ----------------------------------------------------------------------------------------


def note(client_: Client, conversation: Conversation, text: str):
    return client_.post(f"{page_of(conversation)}notes/", {"text": text}, headers=HTMX)


def test_a_note_is_for_the_team_and_never_goes_to_wazime(
    agent_client: Client, other_agent_client: Client, conversation: Conversation, wazime: Sandbox
) -> None:
    response = note(agent_client, conversation, "Prefere ser chamada à tarde")

    assert response.status_code == 200
    assert f"note-{conversation.id}" in response["HX-Trigger"]
    text = shown(other_agent_client.get(page_of(conversation)))
    assert "Prefere ser chamada à tarde" in text
    assert "Only your team sees this." in text
    assert "Prefere" not in str(client().conversation(conversation.id))
    assert wazime.accepted() == []


def test_a_note_is_shown_as_text(agent_client: Client, conversation: Conversation) -> None:
    body = note(agent_client, conversation, "<b>x</b> https://example.com\nzweite").content.decode()

    assert "&lt;b&gt;x&lt;/b&gt; https://example.com\nzweite" in body
    assert "example.com</a>" not in body


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" \r\n\u200b", "Write something first."),
        ("x" * 2001, "A note has up to 2000 characters; this has 2001."),
    ],
)
def test_a_note_that_is_none_is_refused(
    agent_client: Client, conversation: Conversation, text: str, words: str
) -> None:
    response = note(agent_client, conversation, text)

    assert response.status_code == 422
    assert words in shown(response)
    assert "HX-Trigger" not in response
    assert not Note.objects.exists()


def test_2000_characters_with_line_ends_fit(
    agent_client: Client, conversation: Conversation
) -> None:
    assert note(agent_client, conversation, "\r\n" + "x" * 1998 + "\r\n").status_code == 200


@pytest.mark.parametrize(
    ("who", "verb", "code"),
    [
        ("agent_client", "", 200),
        ("agent_client", "delete/", 200),
        ("other_agent_client", "", 403),
        ("other_agent_client", "delete/", 403),
        ("admin_client", "", 403),
        ("admin_client", "delete/", 200),
    ],
)
def test_the_author_changes_a_note_and_admins_may_delete_it(
    request: pytest.FixtureRequest,
    agent: User,
    conversation: Conversation,
    who: str,
    verb: str,
    code: int,
) -> None:
    services.add_note(conversation_id=conversation.id, author=agent, text="Antes")
    written = Note.objects.get()
    client_: Client = request.getfixturevalue(who)
    page = shown(client_.get(page_of(conversation)))

    response = client_.post(f"/inbox/notes/{written.pk}/{verb}", {"text": "Depois"}, headers=HTMX)

    assert response.status_code == code
    assert (f'"/inbox/notes/{written.pk}/{verb}"' in page) is (code == 200)
    left = [text for (text,) in Note.objects.values_list("text")]
    assert left == (["Antes"] if code == 403 else [] if verb else ["Depois"])


def test_an_edited_note_says_so(
    agent_client: Client, agent: User, conversation: Conversation
) -> None:
    services.add_note(conversation_id=conversation.id, author=agent, text="Antes")
    path = f"/inbox/notes/{Note.objects.get().pk}/"

    assert "edited" not in shown(agent_client.get(page_of(conversation)))
    assert "edited" in shown(agent_client.post(path, {"text": "Depois"}, headers=HTMX))
    assert agent_client.post(path, {"text": "Mais"}).url == page_of(conversation)
    assert agent_client.post("/inbox/notes/999999/", {"text": "x"}).status_code == 404
    assert agent_client.post(f"/inbox/notes/{2**63}/", {"text": "x"}).status_code == 404


def test_others_learn_of_each_change_of_a_note_by_their_polls(
    agent_client: Client, other_agent_client: Client, agent: User, conversation: Conversation
) -> None:
    thread = f"{page_of(conversation)}thread/"

    def poll(version: str):
        return other_agent_client.get(thread, headers={**LOOKS, "X-Version": version})

    def version() -> str:
        return other_agent_client.get(page_of(conversation)).context["version"]

    steps: list[tuple[Callable[[Note | None], None], str]] = [
        (lambda _: note(agent_client, conversation, "Primeira"), "Primeira"),
        (lambda old: services.edit_note(note=old, person=agent, text="Segunda"), "Segunda"),
        (lambda old: services.delete_note(note=old, person=agent), 'data-version=""'),
    ]
    for change, words in steps:
        before = version()
        assert poll(before).status_code == 204
        change(Note.objects.first())
        assert words in shown(poll(before))


# --- Who else is here -----------------------------------------------------------------------------


@pytest.fixture
def redis(conversation: Conversation, redis_server: RedisServer) -> RedisServer:
    """Comes after `wazime`, which is without one."""
    return redis_server


def poll(client_: Client, conversation: Conversation, **headers: str):
    return client_.get(f"{page_of(conversation)}thread/", headers={**HTMX, **headers})


def test_each_sees_who_else_looks_and_who_writes(
    agent_client: Client,
    other_agent_client: Client,
    conversation: Conversation,
    redis: RedisServer,
) -> None:
    page = agent_client.get(page_of(conversation))
    assert "is looking" not in shown(page), "nobody is told of themselves"

    assert "Ana Souza is looking at this." in shown(other_agent_client.get(page_of(conversation)))
    poll(other_agent_client, conversation, **WRITES)

    answer = shown(poll(agent_client, conversation, **LOOKS))
    assert "Bruno Lima is writing an answer." in answer
    assert "Bruno Lima is writing an answer: the customer may get two." in answer
    poll(other_agent_client, conversation, **LOOKS)
    answer = shown(poll(agent_client, conversation, **LOOKS))
    assert "Bruno Lima is looking at this." in answer
    assert "writing" not in answer.partition('id="presence"')[2].partition("</p>")[0]


def test_several_are_named_together(
    agent_client: Client,
    other_agent_client: Client,
    admin_client: Client,
    conversation: Conversation,
    redis: RedisServer,
) -> None:
    for each in (agent_client, other_agent_client):
        poll(each, conversation, **LOOKS)

    text = shown(poll(admin_client, conversation, **LOOKS))

    assert "Ana Souza and Bruno Lima are looking at this." in text


def test_who_writes_in_one_tab_may_look_at_another(
    agent_client: Client,
    other_agent_client: Client,
    conversation: Conversation,
    redis: RedisServer,
) -> None:
    poll(agent_client, conversation, **WRITES)
    poll(agent_client, conversation, **{**LOOKS, "X-Looking": "another"})

    text = shown(poll(other_agent_client, conversation, **LOOKS))

    assert "Ana Souza is writing an answer." in text
    assert "Ana Souza is looking" not in text


def test_a_hidden_tab_does_not_look(
    agent_client: Client,
    other_agent_client: Client,
    conversation: Conversation,
    redis: RedisServer,
) -> None:
    poll(agent_client, conversation)

    assert "is looking" not in shown(poll(other_agent_client, conversation, **LOOKS))


def test_whoever_is_gone_is_soon_forgotten(
    agent_client: Client,
    other_agent_client: Client,
    conversation: Conversation,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poll(agent_client, conversation, **LOOKS)
    assert 0 < redis.client.ttl(f"wazime:presence:{conversation.id}") <= presence.HERE
    monkeypatch.setattr(presence, "HERE", 0)

    assert "is looking" not in shown(poll(other_agent_client, conversation))


def test_looking_is_not_something_new_again_and_again(
    agent_client: Client,
    other_agent_client: Client,
    conversation: Conversation,
    redis: RedisServer,
) -> None:
    poll(agent_client, conversation, **WRITES)
    version = poll(other_agent_client, conversation, **LOOKS).context["version"]

    poll(agent_client, conversation, **WRITES)

    answer = poll(other_agent_client, conversation, **LOOKS, **{"X-Version": version})
    assert answer.status_code == 204


@pytest.mark.usefixtures("fresh")
def test_it_costs_a_poll_one_look_at_redis(
    agent_client: Client, conversation: Conversation, redis: RedisServer
) -> None:
    version = poll(agent_client, conversation, **LOOKS).context["version"]
    redis.client.config_resetstat()

    assert poll(agent_client, conversation, **LOOKS, **{"X-Version": version}).status_code == 204

    stats = redis.client.info("commandstats")
    scripts = {name for name in stats if name.startswith("cmdstat_eval")}
    assert sum(stats[name]["calls"] for name in scripts) == 1
    assert stats["cmdstat_mget"]["calls"] == 1


def test_without_redis_nobody_is_shown_and_all_else_works(
    agent_client: Client, other_agent_client: Client, conversation: Conversation
) -> None:
    poll(agent_client, conversation, **WRITES)

    response = poll(other_agent_client, conversation, **LOOKS)

    assert response.status_code == 200
    assert "Ana Souza" not in shown(response).partition('id="presence"')[2].partition("</p>")[0]


# --- Two answers at once --------------------------------------------------------------------------


def seen_by(client_: Client, conversation: Conversation) -> str:
    """What a page that is loaded now sends along."""
    text = client_.get(page_of(conversation)).content.decode()
    found = re.search(r'name="seen_message" value="(\d+)" form="composer-form"', text)
    assert found
    return found[1]


def send(client_: Client, conversation: Conversation, text: str, **fields: object):
    data = {"message": text, "send_id": uuid4(), **fields}
    return client_.post(f"{page_of(conversation)}messages/", data, headers=HTMX)


def texts() -> list[str]:
    return [text for (text,) in Message.objects.order_by("pk").values_list("text")]


def test_whoever_has_not_seen_anothers_answer_is_asked_once(
    agent_client: Client, other_agent_client: Client, conversation: Conversation
) -> None:
    seen, send_id = seen_by(agent_client, conversation), uuid4()
    send(other_agent_client, conversation, "De Bruno", seen_message=0)

    response = send(agent_client, conversation, "De Ana", seen_message=seen, send_id=send_id)

    assert response.status_code == 409
    assert response["HX-Retarget"] == "#composer"
    text = shown(response)
    assert re.search(r"Bruno Lima answered (now|.* ago)\. Send yours too\?", text)
    assert "De Ana</textarea>" in text, "nothing typed is lost"
    assert "De Bruno" in text, "and the answer is shown"
    assert texts() == ["De Bruno"]

    again = re.search(r'name="seen_message" value="(\d+)"', text)
    assert again
    send(agent_client, conversation, "De Ana", seen_message=again[1], send_id=send_id)
    assert texts() == ["De Bruno", "De Ana"]


def test_without_javascript_the_page_asks(
    agent_client: Client, other_agent_client: Client, conversation: Conversation
) -> None:
    seen = seen_by(agent_client, conversation)
    send(other_agent_client, conversation, "De Bruno")
    fields = {"message": "De Ana", "send_id": uuid4(), "seen_message": seen}

    response = agent_client.post(f"{page_of(conversation)}messages/", fields)

    assert response.status_code == 409
    text = shown(response)
    assert "Send yours too?" in text
    assert "De Ana</textarea>" in text
    fields["seen_message"] = re.search(r'name="seen_message" value="(\d+)"', text)[1]
    assert agent_client.post(f"{page_of(conversation)}messages/", fields).status_code == 302
    assert texts() == ["De Bruno", "De Ana"]


def test_nobody_is_asked_about_what_they_saw_or_wrote_themselves(
    agent_client: Client, other_agent_client: Client, conversation: Conversation
) -> None:
    before = seen_by(agent_client, conversation)
    send(agent_client, conversation, "Eu")
    assert send(agent_client, conversation, "Eu de novo", seen_message=before).status_code == 200

    send(other_agent_client, conversation, "De Bruno")
    seen = seen_by(agent_client, conversation)
    assert send(agent_client, conversation, "Também", seen_message=seen).status_code == 200


@pytest.mark.parametrize("state", [State.CANCELLED, State.REJECTED])
def test_what_never_left_is_no_answer(
    agent_client: Client, other_agent_client: Client, conversation: Conversation, state: State
) -> None:
    send(other_agent_client, conversation, "De Bruno")
    Message.objects.update(state=state)

    assert send(agent_client, conversation, "De Ana", seen_message=0).status_code == 200


def test_a_script_that_says_nothing_is_not_asked(
    agent_client: Client, other_agent_client: Client, conversation: Conversation
) -> None:
    send(other_agent_client, conversation, "De Bruno")

    assert send(agent_client, conversation, "De Ana").status_code == 200


def test_a_click_repeated_after_anothers_answer_is_still_one_message(
    agent_client: Client, other_agent_client: Client, conversation: Conversation
) -> None:
    send_id = uuid4()
    send(agent_client, conversation, "De Ana", seen_message=0, send_id=send_id)
    send(other_agent_client, conversation, "De Bruno")

    again = send(agent_client, conversation, "De Ana", seen_message=0, send_id=send_id)

    assert again.status_code == 200
    assert texts() == ["De Ana", "De Bruno"]


@pytest.mark.parametrize("seen", ["-1", "x", "9" * 30])
def test_a_message_that_cannot_be_seen_is_refused(
    agent_client: Client, conversation: Conversation, seen: str
) -> None:
    assert send(agent_client, conversation, "Oi", seen_message=seen).status_code == 422
