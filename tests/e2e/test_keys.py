"""Work without the mouse."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import LogIn, accepted
from tests.stack import Stack


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def row_names(page: Page) -> list[str]:
    return page.locator(".row__link").all_inner_texts()


def opened(page: Page) -> Locator:
    return page.locator('.row__link[aria-current="true"]')


def expect_open(page: Page, name: str) -> None:
    """All of it is there."""
    expect(page.locator(".conversation--opening")).to_have_count(0, timeout=30_000)
    expect(heading(page)).to_have_text(name)


def to_writable(page: Page) -> None:
    """Go on with j to a conversation that has a composer."""
    for name in row_names(page):
        press(page, "j")
        expect_open(page, name)
        if page.get_by_label("Message", exact=True).is_visible():
            return


def test_j_and_k_open_the_next_and_the_previous_conversation(log_in: LogIn) -> None:
    page = log_in("agent")
    first, second = row_names(page)[:2]

    for key, name in (("j", first), ("j", second), ("k", first), ("k", first)):
        press(page, key)
        expect(opened(page)).to_have_text(name)
        expect_open(page, name)


def test_a_conversation_is_answered_and_done_by_keys_alone(log_in: LogIn, dashboard: Stack) -> None:
    page = log_in("agent")
    page.goto("/inbox/?status=2")
    to_writable(page)
    name = heading(page).inner_text()

    press(page, "r")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.type("Seu pedido saiu hoje: 1, 2, j e k")
    press(page, "Enter")
    expect(page.locator(".bubble").last).to_contain_text("Seu pedido saiu hoje: 1, 2, j e k")
    press(page, "Escape", "1")

    expect(page.get_by_role("button", name="Done", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    press(page, "u")
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")
    expect(heading(page)).to_have_text(name)
    expect(page.locator(".bubble").last).to_have_attribute("data-state", "sent")
    assert accepted(dashboard, "Seu pedido saiu hoje: 1, 2, j e k") == 1


def test_keys_lead_to_pages_and_to_the_search(log_in: LogIn) -> None:
    page = log_in("admin")
    for second, address in (("c", "/contacts/"), ("b", "/broadcasts/"), ("i", "/inbox/")):
        press(page, "g", second)
        page.wait_for_url(re.compile(f"{address}$"))  # and until its scripts have run
    press(page, "/")
    expect(page.get_by_label("Search conversations")).to_be_focused()
    expect(page.get_by_label("Search conversations")).to_have_value("")


def test_the_sheet_lists_the_keys_and_switches_single_ones_off(log_in: LogIn) -> None:
    page = log_in("agent")
    press(page, "?")
    sheet = page.get_by_role("dialog", name="Keyboard")
    expect(sheet).to_contain_text("Next or previous conversation")

    sheet.get_by_label("Single keys work").uncheck()
    press(page, "Escape")
    expect(sheet).to_be_hidden()
    page.reload()
    press(page, "j", "?")
    expect(sheet).to_be_hidden()
    expect(opened(page)).to_have_count(0)

    press(page, "Control+k")
    expect(page.get_by_role("dialog", name="Commands")).to_be_visible()
    page.keyboard.type("keyboard")
    press(page, "Enter")
    sheet.get_by_label("Single keys work").check()
    press(page, "Escape", "j")
    expect(opened(page)).to_have_count(1)


def test_the_palette_finds_pages_actions_and_people(log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/?status=2")  # not every WaziMe takes it back to Unread
    name = row_names(page)[2]

    press(page, "Control+k")
    page.keyboard.type(name)
    expect(page.get_by_role("option", name=name).first).to_be_visible()
    expect(page.locator(".palette__item[aria-selected=true]")).to_contain_text(name)
    press(page, "Enter")
    page.wait_for_url(re.compile(r"/inbox/\d+/$"))
    expect(heading(page)).to_have_text(name)

    press(page, "Control+k")
    page.keyboard.type("important")
    press(page, "Enter")
    expect(page.get_by_role("button", name="Important")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    press(page, "u")
    expect(page.get_by_role("button", name="Important")).to_have_attribute("aria-pressed", "false")

    press(page, "Control+k")
    page.keyboard.type("contac")
    press(page, "ArrowDown", "ArrowUp", "Enter")
    expect(page).to_have_url(re.compile("/contacts/$"))


def test_an_agents_palette_offers_no_admins_pages(log_in: LogIn) -> None:
    page = log_in("agent")
    press(page, "Control+k")
    page.keyboard.type("broadcasts")

    expect(page.get_by_text("Nothing by this name.")).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(0)
