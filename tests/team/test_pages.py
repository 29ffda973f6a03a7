"""What every page has in common."""

import gzip
from html.parser import HTMLParser

import pytest
from django.test import Client
from pytest_django import Settings

from tests.sandbox_server import Sandbox

PAGES = ["/accounts/login/", "/accounts/logout/", "/accounts/password/change/", "/nowhere/"]


class Inline(HTMLParser):
    """Collects what a Content-Security-Policy of 'self' forbids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [
            name for name in names if name == "style" or name.startswith(("on", "hx-on"))
        ]
        self.found += [v for _, v in attrs if v and v.startswith(("javascript:", "http:", "//"))]


@pytest.mark.parametrize("address", PAGES)
def test_it_needs_nothing_that_its_own_policy_forbids(
    client: Client, agent_client: Client, settings: Settings, address: str
) -> None:
    settings.DEMO, settings.DEMO_ACCOUNTS = False, []
    visitor = client if "login" in address else agent_client
    response = visitor.get(address)

    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert Inline(response.content.decode()).found == []


def test_it_finds_what_is_inline() -> None:
    page = '<p style="x"></p><script>1</script><a href="javascript:1" onclick="1">x</a>'

    assert sorted(Inline(page).found) == ["javascript:1", "onclick", "script", "style"]


def test_it_speaks_the_language_that_was_chosen(client: Client, db: None) -> None:
    response = client.post("/language/", {"language": "es", "next": "/accounts/login/?next=/x/"})
    page = client.get(response["Location"])

    assert response["Location"] == "/accounts/login/?next=/x/"
    assert client.cookies["django_language"]["max-age"] == 31_536_000
    assert '<html lang="es"' in page.content.decode()


def test_it_goes_nowhere_else_when_the_language_is_chosen(client: Client, db: None) -> None:
    response = client.post("/language/", {"language": "en", "next": "https://evil.example/"})

    assert response["Location"] == "/"


def test_it_shows_who_one_is(agent_client: Client) -> None:
    page = agent_client.get("/accounts/password/change/").content.decode()

    assert "Ana Souza" in page
    assert 'action="/accounts/logout/"' in page


def test_it_marks_the_demo(agent_client: Client, settings: Settings) -> None:
    demo = agent_client.get("/accounts/password/change/").content.decode()
    settings.DEMO = False
    live = agent_client.get("/accounts/password/change/").content.decode()

    link = f'href="{settings.WAZIME_ORIGIN}/"'
    assert link in demo
    assert link not in live


def test_it_keeps_private_pages_out_of_shared_caches(client: Client, agent_client: Client) -> None:
    page = agent_client.get("/accounts/password/change/")

    assert page["Cache-Control"] == "private, no-cache"
    assert "no-store" in agent_client.get("/healthz")["Cache-Control"]
    assert "private, no-cache" not in client.get("/accounts/login/").get("Cache-Control", "")


def test_it_does_without_the_address_of_the_page_when_it_is_none(
    agent_client: Client, wazime: Sandbox
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://["}

    assert agent_client.get("/inbox/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/inbox/",
        "/inbox/new/",
        "/inbox/outbox/",
        "/contacts/",
        "/templates/",
        "/settings/connection/",
    ],
)
def test_it_answers_head_as_get_without_the_page(
    admin_client: Client, wazime: Sandbox, address: str
) -> None:
    response = admin_client.head(address)

    assert response.status_code == 200
    assert response.content == b""


def test_pages_are_compressed_for_browsers_that_take_it(agent_client: Client) -> None:
    page = "/accounts/password/change/"
    plain = agent_client.get(page)
    compressed = agent_client.get(page, headers={"Accept-Encoding": "gzip, br"})

    assert plain.get("Content-Encoding") is None
    assert compressed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain["Vary"]
    assert b"</html>" in gzip.decompress(compressed.content)
    assert len(compressed.content) < len(plain.content) / 2


def test_a_compressed_page_has_another_length_each_time(agent_client: Client) -> None:
    """What an attacker measures must not tell what he guessed (BREACH)."""
    asked = {"path": "/accounts/password/change/", "headers": {"Accept-Encoding": "gzip"}}

    assert len({len(agent_client.get(**asked).content) for _ in range(10)}) > 3
