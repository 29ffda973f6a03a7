"""Saved replies: what they say to a customer, who may do what, and what the composer is offered."""

import re
import time

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from inbox.replies import services
from inbox.replies.demo import REPLIES, seed_demo_replies
from inbox.replies.models import SavedReply
from inbox.replies.variables import fill, values
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime.types import Contact, Conversation

LIST, NEW, OPTIONS, PREVIEW = (
    f"/inbox/replies/{path}" for path in ("", "new/", "options/", "preview/")
)
HTMX = {"HX-Request": "true"}
KNOWN = {"first_name": "Ana", "name": "Ana Lima", "agent": "Bruno"}
UNKNOWN = {"first_name": "", "name": "", "agent": "Bruno"}


@pytest.fixture(autouse=True)
def _english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


def saved(
    shortcut: str, text: str = "Text", owner: User | None = None, uses: int = 0
) -> SavedReply:
    return SavedReply.objects.create(shortcut=shortcut, text=text, owner=owner, uses=uses)


def shortcuts(response) -> list[str]:
    return re.findall(r"<(?:strong|bdi)[^>]*>/([^<]+)<", response.content.decode())


# --- Variables ------------------------------------------------------------------------------------


def test_variables_are_filled() -> None:
    text = "Olá, {first_name} ({name})! Aqui é {agent}."
    assert fill(text, KNOWN) == "Olá, Ana (Ana Lima)! Aqui é Bruno."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Olá, {first_name}! Tudo bem?", "Olá! Tudo bem?"),
        ("Olá {first_name}, tudo bem?", "Olá, tudo bem?"),
        ("Oi , {first_name}.", "Oi."),
        ("Obrigado, {first_name}, pela espera.", "Obrigado, pela espera."),
        ("O pedido de {first_name} chegou", "O pedido de chegou"),
        ("{first_name}, seu pedido saiu.", "Seu pedido saiu."),
        ("Bom dia! {first_name}, tudo bem?", "Bom dia! Tudo bem?"),
        ("Bom dia! {first_name} 😊", "Bom dia! 😊"),
        ("Olá!\n{first_name}, é hoje.", "Olá!\nÉ hoje."),
        ("¡Hola, {first_name}!", "¡Hola!"),
        ("¿{first_name}, cómo está?", "¿Cómo está?"),
        ("Olá, *{first_name}*!", "Olá!"),
        ("*{first_name}*, é hoje.", "É hoje."),
        ("*{first_name}, é hoje.*", "*É hoje.*"),
        ("Olá, ***{first_name}***!", "Olá!"),
        ("Aqui é {agent}, {name}.", "Aqui é Bruno."),
        ("{first_name}, {name}, tudo bem?", "Tudo bem?"),
        ("{first_name}", ""),
    ],
)
def test_a_text_reads_well_without_a_name(text: str, said: str) -> None:
    assert fill(text, UNKNOWN) == said


@pytest.mark.parametrize("known", [KNOWN, UNKNOWN])
@pytest.mark.parametrize(
    "text", ["{pedido}", "{ first_name }", "{First_Name}", "{}", "a {b", "{{1}}"]
)
def test_braces_around_anything_else_stay(text: str, known: dict[str, str]) -> None:
    assert fill(text, known) == text


def test_nobody_waits_for_a_text_of_nothing_but_marks() -> None:
    begun = time.process_time()

    fill("*" * 30_000 + "{name}" * 40, UNKNOWN)

    assert time.process_time() - begun < 10


def test_a_name_is_no_variable() -> None:
    assert fill("Oi, {first_name}", {**KNOWN, "first_name": "{agent}"}) == "Oi, {agent}"


@given(
    st.text(alphabet="ab ,.!*\n{}", max_size=60), st.sampled_from(["first_name", "name", "agent"])
)
def test_nothing_but_the_variable_changes_where_it_is_known(around: str, name: str) -> None:
    text = f"a{around}{{{name}}}{around}b"
    assert fill(text, KNOWN) == text.replace(f"{{{name}}}", KNOWN[name])


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        ("Ana", "Lima", ("Ana", "Ana Lima")),
        ("Ana", "", ("Ana", "Ana")),
        ("", "Lima", ("", "Lima")),
        (" Ana\nMaria ", "Lima", ("Ana Maria", "Ana Maria Lima")),
        ("+55 11 91234-5678", "WhatsApp", ("", "")),
        ("🌸", "", ("", "")),
        ("", "", ("", "")),
    ],
)
def test_a_contact_called_by_its_number_has_no_name(
    first: str, last: str, names: tuple[str, str]
) -> None:
    found = values(Contact(1, firstname=first, lastname=last), User(username="bruno"))
    assert (found["first_name"], found["name"], found["agent"]) == (*names, "bruno")


# --- Keeping them ---------------------------------------------------------------------------------


def test_an_agent_saves_a_reply_for_themselves(agent: User, agent_client: Client) -> None:
    form = {"shortcut": "/Bom-Dia", "text": "Bom dia!\r\nTudo bem?", "shared": "on"}
    assert agent_client.post(NEW, form).status_code == 302
    reply = SavedReply.objects.get()
    assert (reply.shortcut, reply.text, reply.owner) == ("bom-dia", "Bom dia!\nTudo bem?", agent)


def test_an_admin_saves_one_for_everybody_or_for_themselves(
    admin: User, admin_client: Client
) -> None:
    admin_client.post(NEW, {"shortcut": "ours", "text": "A", "shared": "on"})
    admin_client.post(NEW, {"shortcut": "mine", "text": "B"})
    assert dict(SavedReply.objects.values_list("shortcut", "owner")) == {
        "ours": None,
        "mine": admin.pk,
    }


@pytest.mark.parametrize(
    "shortcut", ["", "two words", "semi;colon", "under_score", "a/b", "x" * 33, "/"]
)
def test_a_shortcut_is_one_word(agent_client: Client, shortcut: str) -> None:
    response = agent_client.post(NEW, {"shortcut": shortcut, "text": "Kept text"})
    assert response.status_code == 422
    assert "Kept text" in response.content.decode()
    assert not SavedReply.objects.exists()


def test_a_shortcut_may_have_accents(agent_client: Client) -> None:
    agent_client.post(NEW, {"shortcut": "SAUDAÇÃO-2", "text": "Oi"})
    assert SavedReply.objects.get().shortcut == "saudação-2"


@pytest.mark.parametrize("text", ["", " \n\u200b", "x" * 4097])
def test_a_text_can_be_seen_and_sent(agent_client: Client, text: str) -> None:
    assert agent_client.post(NEW, {"shortcut": "a", "text": text}).status_code == 422
    assert not SavedReply.objects.exists()


def test_a_shortcut_is_taken_once_by_each_owner(
    agent: User, agent_client: Client, admin_client: Client
) -> None:
    for client, shared in ((agent_client, ""), (admin_client, ""), (admin_client, "on")):
        form = (
            {"shortcut": "oi", "text": "Kept text", "shared": shared}
            if shared
            else {"shortcut": "oi", "text": "Kept text"}
        )
        assert client.post(NEW, form).status_code == 302
        response = client.post(NEW, {**form, "shortcut": "OI"})
        assert response.status_code == 422
        assert "already" in response.content.decode()
        assert "Kept text" in response.content.decode()
    assert SavedReply.objects.count() == 3


@pytest.mark.parametrize("is_shared", [False, True])
def test_the_database_takes_a_shortcut_once(agent: User, is_shared: bool) -> None:
    owner = None if is_shared else agent
    saved("oi", owner=owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        saved("oi", owner=owner)


def test_a_reply_that_was_deleted_meanwhile_is_made_again(agent: User) -> None:
    reply = saved("oi", owner=agent)
    SavedReply.objects.all().delete()
    services.save_reply(reply=reply, shortcut="oi", text="New", owner=agent)
    assert SavedReply.objects.get().text == "New"


@pytest.mark.django_db
def test_the_demo_has_replies_and_keeps_what_somebody_changed() -> None:
    seed_demo_replies()
    SavedReply.objects.filter(shortcut="pix").update(text="Mine")
    SavedReply.objects.filter(shortcut="troca").delete()
    seed_demo_replies()
    assert SavedReply.objects.filter(owner=None).count() == len(REPLIES)
    assert SavedReply.objects.get(shortcut="pix").text == "Mine"


# --- Who may do what --------------------------------------------------------------------------


def test_people_see_everybodys_and_their_own(
    agent: User, other_agent: User, agent_client: Client, admin_client: Client
) -> None:
    saved("ours")
    saved("mine", owner=agent)
    saved("theirs", owner=other_agent)
    assert shortcuts(agent_client.get(LIST)) == ["mine", "ours"]
    assert shortcuts(agent_client.get(OPTIONS)) == ["mine", "ours"]
    assert shortcuts(admin_client.get(LIST)) == ["ours"]


def test_only_admins_change_what_is_everybodys(agent_client: Client, admin_client: Client) -> None:
    reply = saved("ours", text="Before")
    form = {"shortcut": "ours", "text": "After", "shared": "on"}
    edit, delete = f"{LIST}{reply.pk}/edit/", f"{LIST}{reply.pk}/delete/"
    assert edit not in agent_client.get(LIST).content.decode()
    assert agent_client.get(edit).status_code == 403
    assert agent_client.post(edit, form).status_code == 403
    assert agent_client.post(delete).status_code == 403
    assert SavedReply.objects.get().text == "Before"

    assert edit in admin_client.get(LIST).content.decode()
    assert admin_client.post(edit, form).status_code == 302
    assert SavedReply.objects.get().text == "After"
    assert admin_client.post(delete).status_code == 302
    assert not SavedReply.objects.exists()


def test_nobody_else_comes_to_a_personal_reply(
    agent: User, agent_client: Client, other_agent_client: Client, admin_client: Client
) -> None:
    reply = saved("mine", owner=agent)
    for client in (other_agent_client, admin_client):
        assert client.get(f"{LIST}{reply.pk}/edit/").status_code == 404
        assert (
            client.post(f"{LIST}{reply.pk}/edit/", {"shortcut": "x", "text": "x"}).status_code
            == 404
        )
        assert client.post(f"{LIST}{reply.pk}/delete/").status_code == 404
        client.post(f"{LIST}{reply.pk}/used/")
    reply.refresh_from_db()
    assert (reply.shortcut, reply.uses) == ("mine", 0)
    assert agent_client.post(f"{LIST}{reply.pk}/delete/").status_code == 302


@pytest.mark.parametrize("path", ["1/delete/", "1/used/", "preview/"])
def test_looking_changes_nothing(agent_client: Client, path: str) -> None:
    assert agent_client.get(f"{LIST}{path}").status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "new/", "options/", "1/edit/"])
def test_everything_asks_for_a_login(client: Client, path: str) -> None:
    assert "/accounts/login/" in client.get(f"{LIST}{path}")["Location"]


# --- The page ---------------------------------------------------------------------------------


def test_the_search_looks_at_shortcut_and_text_whatever_their_case_and_accents(
    agent_client: Client,
) -> None:
    saved("saudacao", text="Olá!")
    saved("pix", text="A nossa CHAVE é")
    for search, found in {
        "SAUDAÇ": ["saudacao"],
        "/pi": ["pix"],
        "ola": ["saudacao"],
        "chave": ["pix"],
        "": ["pix", "saudacao"],
        "nada": [],
    }.items():
        assert shortcuts(agent_client.get(LIST, {"search": search}, headers=HTMX)) == found, search


def test_the_page_says_when_nothing_is_there_or_found(agent_client: Client) -> None:
    assert "No saved replies yet." in agent_client.get(LIST).content.decode()
    saved("oi")
    nothing = agent_client.get(LIST, {"search": "<b>"}).content.decode()
    assert "Nothing found for “&lt;b&gt;”." in nothing


def test_the_page_goes_back_to_the_conversation_one_came_from(agent_client: Client) -> None:
    assert 'href="/inbox/7/"' in agent_client.get(LIST, {"next": "/inbox/7/"}).content.decode()
    outside = agent_client.get(LIST, {"next": "https://evil.example/"}).content.decode()
    assert 'evil.example/"' not in outside


def test_the_preview_shows_both_kinds_of_customers(agent_client: Client) -> None:
    shown = agent_client.post(PREVIEW, {"text": "Oi, {first_name}! Sou {agent}."}).content.decode()
    assert "Oi, Maria! Sou Ana Souza." in shown
    assert "Oi! Sou Ana Souza." in shown
    same = agent_client.post(PREVIEW, {"text": "<i>Oi!</i>"}).content.decode()
    assert same.count("&lt;i&gt;Oi!&lt;/i&gt;") == 1


# --- What the composer is offered -----------------------------------------------------------------


def test_the_composer_gets_the_texts_for_its_customer(
    agent_client: Client, conversation: Conversation
) -> None:
    saved("oi", text="Oi, {first_name}! Sou {agent}.")
    shown = agent_client.get(OPTIONS, {"for": conversation.id}).content.decode()
    assert f"Oi, {conversation.contact.firstname}! Sou Ana Souza." in shown


@pytest.mark.parametrize("asked", ["", "0", "9" * 30, "x", "999999999"])
def test_without_a_customer_the_texts_name_nobody(
    agent_client: Client, wazime: Sandbox, asked: str
) -> None:
    saved("oi", text="Oi, {first_name}!")
    assert ">Oi!<" in agent_client.get(OPTIONS, {"for": asked}).content.decode()


def test_while_wazime_is_down_the_texts_name_nobody(
    agent_client: Client, wazime: Sandbox, conversation: Conversation
) -> None:
    saved("oi", text="Oi, {first_name}!")
    wazime.add_fault("http_500")
    assert ">Oi!<" in agent_client.get(OPTIONS, {"for": conversation.id}).content.decode()


def test_what_has_not_changed_is_not_sent_again(agent_client: Client) -> None:
    saved("oi")
    first = agent_client.get(OPTIONS)
    tag = {"If-None-Match": first["ETag"]}
    again = agent_client.get(OPTIONS, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    saved("tchau")
    assert agent_client.get(OPTIONS, headers=tag).status_code == 200


def test_the_most_used_comes_first_and_ones_own_before_everybodys(
    agent: User, agent_client: Client
) -> None:
    saved("b", uses=1)
    saved("a")
    ours, mine = saved("c"), saved("c", owner=agent)
    shown = agent_client.get(OPTIONS).content.decode()
    assert shortcuts(agent_client.get(OPTIONS)) == ["b", "a", "c", "c"]
    assert shown.index(f'"reply-{mine.pk}"') < shown.index(f'"reply-{ours.pk}"')

    for _ in range(2):
        assert agent_client.post(f"{LIST}{ours.pk}/used/").status_code == 204
    assert shortcuts(agent_client.get(OPTIONS)) == ["c", "b", "a", "c"]


def test_a_hostile_reply_is_text(agent_client: Client, conversation: Conversation) -> None:
    saved("x", text="<img src=x onerror=alert(1)>{first_name}</li>")
    shown = agent_client.get(OPTIONS, {"for": conversation.id}).content.decode()
    assert "<img" not in shown
    assert shown.count("</li>") == 1


def test_a_conversation_offers_them_without_asking_for_them(
    agent_client: Client, conversation: Conversation
) -> None:
    saved("only-when-needed")
    page = agent_client.get(f"/inbox/{conversation.id}/").content.decode()
    assert f"{OPTIONS}?for={conversation.id}" in page
    assert "only-when-needed" not in page
