"""The team's pages in a browser: what an admin copies, and who comes by it."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.conftest import PASSWORD
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User

STRONG = "corn-bridge-lantern-41"


@pytest.fixture(autouse=True)
def _in_english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def admin_page(page: Page, live_server: LiveServer, wazime: Sandbox, admin: User) -> Page:
    page.goto(f"{live_server.url}/accounts/login/?next=/team/")
    page.locator("#id_login").fill("clara")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url("**/team/")
    return page


def test_an_admin_copies_a_link_by_which_somebody_joins_without_a_script(
    admin_page: Page, browser: Browser, live_server: LiveServer
) -> None:
    admin_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin_page.get_by_role("link", name="Invite", exact=True).click()
    admin_page.get_by_label("Name").fill("Marina Alves")
    admin_page.get_by_role("button", name="Make the link").click()
    admin_page.get_by_role("button", name="Copy").click()
    expect(admin_page.get_by_role("button", name="Copied")).to_be_visible()
    link = admin_page.evaluate("navigator.clipboard.readText()")

    guest = browser.new_context(java_script_enabled=False, locale="en").new_page()
    guest.goto(link)
    assert guest.url == f"{live_server.url}/join/"
    guest.get_by_label("User name").fill("marina")
    guest.get_by_label("Password", exact=True).fill(STRONG)
    guest.get_by_label("Password, once more").fill(STRONG)
    guest.get_by_role("button", name="Join the team").click()
    guest.wait_for_url("**/inbox/")
    guest.context.close()

    admin_page.get_by_role("link", name="Done").click()
    expect(admin_page.get_by_role("link", name="Marina Alves")).to_be_visible()
    expect(admin_page.get_by_text("Invited, not here yet")).to_have_count(0)


def test_a_tab_that_polls_goes_to_the_login_when_its_account_is_closed(
    admin_page: Page, browser: Browser, live_server: LiveServer, agent: User
) -> None:
    tab = browser.new_context(locale="en").new_page()
    tab.goto(f"{live_server.url}/accounts/login/?next=/inbox/")
    tab.locator("#id_login").fill("ana")
    tab.locator("#id_password").fill(PASSWORD)
    tab.locator("#id_password").press("Enter")
    tab.wait_for_url("**/inbox/")

    admin_page.goto(f"{live_server.url}/team/{agent.pk}/")
    admin_page.get_by_text("Close the account…").click()
    admin_page.get_by_role("button", name="Close the account", exact=True).click()
    expect(admin_page.get_by_text("This account is closed")).to_be_visible()

    tab.wait_for_url("**/accounts/login/**", timeout=60_000)
    tab.context.close()
