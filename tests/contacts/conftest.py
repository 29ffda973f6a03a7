"""The contacts' pages, speaking HTTP to the sandbox."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.conftest import PASSWORD
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime.client import WaziMeClient, client
from wazime_admin.wazime.types import Contact

ENDPOINTS = ["contact/list", "contact/store", "contact/update", "contact/delete"]
ANA = {
    "firstname": "Ana Paula",
    "lastname": "Ferraz",
    "mobile_code": "55",
    "mobile": "11955554444",
    "city": "Campinas",
    "state": "SP",
    "post_code": "13000-000",
    "address": "Rua das Flores, 10\nFundos",
}


@pytest.fixture(autouse=True)
def _in_english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def api(wazime: Sandbox) -> WaziMeClient:
    """The way past the pages to what the server has."""
    return client()


@pytest.fixture(params=["documented", "observed"])
def behaviour(request: pytest.FixtureRequest, wazime: Sandbox) -> str:
    """The test runs against a server as documented and against one as observed."""
    wazime.settings(behaviour=request.param)
    return request.param


@pytest.fixture
def ana(api: WaziMeClient) -> Contact:
    """A contact with every field, made past the pages."""
    api.create_contact(ANA)
    return by_mobile(api, ANA["mobile"])


def by_mobile(api: WaziMeClient, mobile: str) -> Contact:
    [contact] = api.contacts(search=mobile).rows
    return contact


@pytest.fixture
def calls(wazime: Sandbox) -> Callable[[], dict[str, int]]:
    """How often each endpoint of the contacts was called since the last look."""
    faults = [{"fault": "latency", "seconds": 0, "endpoints": [name]} for name in ENDPOINTS]
    ids = [rule["id"] for rule in wazime.add_faults(faults)]
    seen = dict.fromkeys(ids, 0)

    def look() -> dict[str, int]:
        struck = {rule["id"]: rule["struck"] for rule in wazime.faults()["rules"]}
        new = {name: struck[n] - seen[n] for name, n in zip(ENDPOINTS, ids, strict=True)}
        seen.update(struck)
        return {name: count for name, count in new.items() if count}

    return look


@pytest.fixture
def shared_cache(wazime: Sandbox, redis_server: RedisServer) -> None:
    """A real server for the shared reads."""


@pytest.fixture
def browser_context_args() -> dict[str, str]:
    return {"locale": "en-US"}


@pytest.fixture
def admin_page(page: Page, live_server: LiveServer, wazime: Sandbox, admin: User) -> Page:
    page.goto(f"{live_server.url}/accounts/login/?next=/contacts/")
    log_in(page)
    page.wait_for_url("**/contacts/")
    return page


def log_in(page: Page) -> None:
    page.locator("#id_login").fill("clara")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
