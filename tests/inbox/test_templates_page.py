"""The page of WhatsApp templates, over the real API."""

import html
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.template import Context, Template
from django.test import Client
from pytest_django.fixtures import Settings

from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from tests.wazime.peer import Peer, Server
from wazime_admin.wazime import reading

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
EVERYTHING = [
    "pesquisa_satisfacao",
    "aniversario",
    "ganhe_dinheiro",
    "promocao_inverno",
    "aviso_horario",
    "lembrete_pagamento",
    "pedido_enviado",
    "boas_vindas",
]


@pytest.fixture(autouse=True)
def _english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture(params=["documented", "observed"])
def behaviour(request: pytest.FixtureRequest, wazime: Sandbox) -> str:
    wazime.settings(behaviour=request.param)
    name: str = request.param
    return name


def get(client: Client, query: str = "", **more: Any) -> HttpResponse:
    return client.get(f"/templates/{query}", **more)


def words(response: HttpResponse) -> str:
    """The page's text as people read it."""
    return html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))


def names(response: HttpResponse) -> list[str]:
    return re.findall(r'<h2 class="template__name"[^>]*>([^<]*)</h2>', response.content.decode())


# --- What it shows --------------------------------------------------------------------------------


def test_it_shows_every_template(admin_client: Client, behaviour: str) -> None:
    assert names(get(admin_client)) == EVERYTHING


def test_it_shows_all_pages(
    admin_client: Client, wazime: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.templates.PER_PAGE", 3)

    assert names(get(admin_client)) == EVERYTHING


def test_it_shows_what_a_customer_would_see(admin_client: Client, behaviour: str) -> None:
    text = " ".join(words(get(admin_client, "?search=pedido_enviado")).split())

    assert "pedido_enviado Approved Pedido {{1}} a caminho Oi {{1}} !" in text
    assert "chega até {{2}} . Não responda a esta mensagem Acompanhar" in text


def test_it_marks_what_is_filled_in(admin_client: Client, behaviour: str) -> None:
    page = get(admin_client, "?search=lembrete").content.decode()

    marked = re.findall(r'<mark class="variable">([^<]*)</mark>', page)
    assert marked == ["{{1}}", "{{2}}", "{{3}}"]


def test_it_says_why_a_template_was_rejected(admin_client: Client, behaviour: str) -> None:
    text = words(get(admin_client, "?status=rejected"))

    assert "Why it was rejected" in text
    assert "INVALID_FORMAT: o texto não segue as políticas do WhatsApp Business" in text


def test_it_shows_a_place_for_a_picture(admin_client: Client, behaviour: str) -> None:
    assert "Picture" in words(get(admin_client, "?search=promocao_inverno"))


def test_it_shows_markup_as_text(admin_client: Client, wazime: Sandbox) -> None:
    page = get(admin_client).content.decode()

    assert "&lt;b&gt;Casa Aurora&lt;/b&gt;" in page
    assert "<b>Casa" not in page


HOSTILE = '<script>alert(1)</script>{{1}}"><img src=x onerror=alert(1)>'


def test_it_shows_markup_in_every_field_as_text(admin_client: Client, settings: Settings) -> None:
    body = (
        '{"status": "success", "data": {"templates": {"data": [{"id": 1, "status": 2, "name": %s,'
        ' "header": %s, "body": {"text": %s}, "footer": %s, "buttons": [{"text": %s}],'
        ' "rejected_reason": %s}]}}}'
    )
    text = HOSTILE.replace('"', '\\"')
    answer = (body % tuple([f'"{text}"'] * 6)).encode()

    def play(peer: Peer) -> None:
        while peer.read_request():
            peer.answer(answer)

    with Server(play) as server:
        settings.WAZIME_BASE_URL, settings.REDIS_URL = server.url, "redis://127.0.0.1:9/0"
        response = get(admin_client, headers=HTMX)

    page = response.content.decode()
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 6
    assert "<script>alert" not in page
    assert "<img" not in page


@pytest.mark.parametrize("quirk", ["plain_lists", "missing_keys", "null_keys", "string_numbers"])
def test_it_shows_every_template_of_a_server_with_surprises(
    admin_client: Client, wazime: Sandbox, quirk: str
) -> None:
    wazime.settings(quirks={quirk: True})

    assert names(get(admin_client)) == EVERYTHING


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("{{1}}", '<mark class="variable">{{1}}</mark>'),
        ("{{ name }}!", '<mark class="variable">{{ name }}</mark>!'),
        ("{{1}}{{2}}", '<mark class="variable">{{1}}</mark><mark class="variable">{{2}}</mark>'),
        ("{1} {{}} {{<b>}}", "{1} {{}} {{&lt;b&gt;}}"),
        ("", ""),
    ],
)
def test_it_marks_variables(text: str, marked: str) -> None:
    template = Template("{% load whatsapp %}{{ text|variables }}")

    assert template.render(Context({"text": text})) == marked


# --- Finding one ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=approved", ["boas_vindas", "pedido_enviado", "lembrete_pagamento"]),
        ("?status=pending", ["promocao_inverno"]),
        ("?status=rejected", ["ganhe_dinheiro"]),
        ("?status=disabled", ["aniversario"]),
        ("?search=PEDIDO", ["pedido_enviado"]),
        ("?search=coleção", ["promocao_inverno"]),
        ("?status=rejected&search=pedido", []),
        ("?status=nonsense&search=aniversario", ["aniversario"]),
    ],
)
def test_it_finds_templates(
    admin_client: Client, wazime: Sandbox, query: str, found: list[str]
) -> None:
    assert set(found) <= set(names(get(admin_client, query)))
    if "approved" not in query:
        assert names(get(admin_client, query)) == found


def test_it_counts_what_each_tab_has(admin_client: Client, wazime: Sandbox) -> None:
    page = get(admin_client).content.decode()

    assert re.findall(r'tabs__count">(\d+)<', page) == ["8", "5", "1", "1", "1"]
    filtered = get(admin_client, "?search=pedido&status=approved").content.decode()
    assert re.findall(r'tabs__count">(\d+)<', filtered) == ["1", "1", "0", "0", "0"]


def test_it_searches_in_the_tab_that_is_open(admin_client: Client, wazime: Sandbox) -> None:
    page = get(admin_client, "?status=approved").content.decode()

    assert 'name="status" value="approved" form="templates-search"' in page
    assert '<form class="search" id="templates-search"' in page


def test_it_says_when_nothing_is_found(admin_client: Client, wazime: Sandbox) -> None:
    text = words(get(admin_client, "?search=<b>nothing"))

    assert "Nothing found for “<b>nothing”." in text
    assert "Show all templates" in text


def test_it_answers_htmx_with_the_fragment_alone(admin_client: Client, wazime: Sandbox) -> None:
    page = get(admin_client, "?search=pedido", headers=HTMX).content.decode()

    assert "<html" not in page
    assert page.lstrip().startswith('<div class="templates" id="templates"')
    assert "1 template found" in page


# --- When there is nothing to show ----------------------------------------------------------------

TROUBLES = {
    "ip_not_whitelisted": "Add 203.0.113.7 to the IP whitelist",
    "invalid_credentials": "does not accept the credentials",
    "subscription_required": "subscription has ended",
    "not_available": "plan does not include the API",
    "maintenance": "under maintenance",
    "rate_limited": "asks for fewer calls",
    "http_502": "has a fault",
    "garbage": "makes no sense",
    "php_warning": "makes no sense",
    "drop": "broke before an answer came",
}


@pytest.mark.parametrize(("fault", "said"), TROUBLES.items())
def test_it_says_why_wazime_cannot_be_asked(
    admin_client: Client, wazime: Sandbox, fault: str, said: str
) -> None:
    wazime.add_fault(fault)
    response = get(admin_client)

    assert response.status_code == 200
    assert said in words(response)
    assert names(response) == []


@pytest.mark.parametrize(("fault", "said"), TROUBLES.items())
def test_it_shows_the_last_templates_and_why_they_are_old(
    admin_client: Client,
    wazime: Sandbox,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    said: str,
) -> None:
    get(admin_client)
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)
    wazime.add_fault(fault)
    response = get(admin_client)

    assert names(response) == EVERYTHING
    assert "These templates may be out of date." in words(response)
    assert said in words(response)


def test_it_says_that_there_are_no_templates(admin_client: Client, settings: Settings) -> None:
    def play(peer: Peer) -> None:
        while peer.read_request():
            peer.answer(b'{"status": "success", "data": {"templates": {"data": []}}}')

    with Server(play) as server:
        settings.WAZIME_BASE_URL, settings.REDIS_URL = server.url, "redis://127.0.0.1:9/0"
        text = words(get(admin_client))

    assert "No templates yet." in text


# --- Who may --------------------------------------------------------------------------------------


def test_it_is_for_admins(agent_client: Client, wazime: Sandbox) -> None:
    assert get(agent_client).status_code == 403


def test_it_asks_for_a_login(client: Client) -> None:
    response = get(client)

    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/templates/"


def test_it_only_reads(admin_client: Client) -> None:
    assert admin_client.post("/templates/").status_code == 405
