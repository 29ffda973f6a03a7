"""What is new while one does something else: in the title, in the navigation, on the desktop."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.e2e.conftest import LogIn, ask
from tests.stack import Stack

# The desktop's own part, which a browser without a desktop does not have.
DESKTOP = """
    window.told = [];
    window.asked = 0;
    window.Notification = class {
        static get permission() { return localStorage.getItem("permission") ?? "default"; }
        static async requestPermission() {
            window.asked += 1;
            localStorage.setItem("permission", window.answer ?? "granted");
            return Notification.permission;
        }
        constructor(title, { body }) { this.text = `${title}: ${body}`; window.told.push(this); }
        close() {}
    };
    window.heard = 0;
    window.OscillatorNode = class extends OscillatorNode {
        start(when) { window.heard += 1; super.start(when); }
    };
"""


def rows(page: Page) -> Locator:
    """Those of people who can write back."""
    return page.locator(".row").filter(has_text=re.compile(r"\+55 \d\d \d"))


def says(dashboard: Stack, row: Locator) -> None:
    digits = re.sub(r"\D", "", row.locator(".row__text").inner_text())
    body = {"code": digits[:2], "mobile": digits[2:], "text": "Oi?"}
    ask(dashboard, "POST", "inbound", body)


def told(*pages: Page) -> list[str]:
    return [text for page in pages for text in page.evaluate("told.map(({ text }) => text)")]


def is_new_list(answer: Response) -> bool:
    return answer.status == 200 and urlsplit(answer.url).path == "/inbox/"


def until_told(page: Page) -> None:
    for _ in range(150):
        if told(page):
            return
        page.wait_for_timeout(200)


def look(page: Page) -> None:
    """Poll until the page knows of something new."""
    expect(page.locator("#news")).not_to_have_attribute("data-news", "[]")


@pytest.fixture
def page_of_agent(log_in: LogIn) -> Iterator[Page]:
    """The inbox of somebody who has seen everything."""
    page = log_in("agent")
    page.add_init_script(DESKTOP)
    page.goto("/inbox/")
    for _ in range(page.locator(".row__new").count()):
        page.locator(".row:has(.row__new) .row__link").first.click()
        expect(page.locator("#conversation h1").first).to_be_focused()
        page.goto("/inbox/")
    expect(page.locator(".row__new")).to_have_count(0)
    return page


def test_it_is_marked_in_the_list_and_in_the_title_until_it_is_opened(
    dashboard: Stack, page_of_agent: Page
) -> None:
    page = page_of_agent
    expect(page).to_have_title("Inbox · WaziMe Admin")
    row = rows(page).nth(2)
    name = row.locator(".row__link").inner_text()

    says(dashboard, row)

    marked = page.locator(".row:has(.row__new)")
    expect(marked.locator(".row__link")).to_have_text(name)
    expect(page).to_have_title("(1) Inbox · WaziMe Admin")
    expect(page.locator("#news")).to_contain_text("1 conversation has something new")

    marked.locator(".row__link").click()

    expect(page).to_have_title(f"{name} · WaziMe Admin")
    expect(marked).to_have_count(0)
    expect(page.locator("#news")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/inbox/\d+/$"))

    with page.expect_response(is_new_list):
        says(dashboard, page.locator(".row:has([aria-current=true])"))
    expect(marked).to_have_count(0)
    expect(page).to_have_title(f"{name} · WaziMe Admin")


def test_what_is_open_in_a_hidden_tab_is_new(dashboard: Stack, page_of_agent: Page) -> None:
    page = page_of_agent
    # Not one of the first: what comes right after a message of ours passes for it.
    rows(page).nth(8).locator(".row__link").click()
    expect(page.locator("#conversation h1").first).to_be_focused()
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, writable: true })")
    # Whoever asked while it was visible has seen what the answer brings.
    expect(page.locator(".htmx-request")).to_have_count(0)
    says(dashboard, page.locator(".row:has([aria-current=true])"))

    expect(page).to_have_title(re.compile(r"^\(1\) "), timeout=90_000)

    page.evaluate("document.hidden = false")
    expect(page).not_to_have_title(re.compile(r"^\("))


def test_other_pages_count_too(dashboard: Stack, page_of_agent: Page) -> None:
    page, row = page_of_agent, rows(page_of_agent).nth(3)
    says(dashboard, row)

    page.goto("/contacts/")

    expect(page).to_have_title("(1) Contacts · WaziMe Admin")
    expect(page.locator("#news")).to_be_visible()


def test_the_desktop_is_told_only_by_those_who_want_it(
    dashboard: Stack, page_of_agent: Page
) -> None:
    page = page_of_agent
    bell = page.get_by_role("button", name="Desktop notifications")
    expect(bell).to_have_attribute("aria-pressed", "false")
    says(dashboard, rows(page).nth(4))
    look(page)
    assert told(page) == []
    assert page.evaluate("asked") == 0

    bell.click()
    expect(bell).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(bell).to_have_attribute("aria-pressed", "true")
    assert told(page) == []  # what was there when it was switched on

    row = rows(page).nth(5)
    name = row.locator(".row__link").inner_text()
    says(dashboard, row)
    until_told(page)
    assert told(page) == [f"{name}: Something new"]

    page.evaluate("told[0].onclick()")
    expect(page.locator("#conversation h1")).to_have_text(name)

    bell.click()
    expect(bell).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(bell).to_have_attribute("aria-pressed", "false")


def test_a_sound_is_heard_only_by_those_who_want_it(dashboard: Stack, page_of_agent: Page) -> None:
    page = page_of_agent
    says(dashboard, rows(page).nth(4))
    look(page)
    assert page.evaluate("heard") == 0

    sound = page.get_by_role("button", name="Sound for what is new")
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("heard") == 2  # the two tones, so that they are known
    says(dashboard, rows(page).nth(9))
    for _ in range(300):
        if page.evaluate("heard") > 2:
            break
        page.wait_for_timeout(200)
    assert page.evaluate("heard") == 4

    page.reload()
    expect(sound).to_have_attribute("aria-pressed", "true")
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "false")


def test_a_browser_that_forbids_it_is_said(page_of_agent: Page) -> None:
    page_of_agent.evaluate("window.answer = 'denied'")

    page_of_agent.get_by_role("button", name="Desktop notifications").click()

    expect(page_of_agent.locator(".toast--error")).to_contain_text("does not allow notifications")
    expect(page_of_agent.get_by_role("button", name="Desktop notifications")).to_have_attribute(
        "aria-pressed", "false"
    )


def test_several_things_and_several_tabs_tell_once(dashboard: Stack, page_of_agent: Page) -> None:
    page = page_of_agent
    page.get_by_role("button", name="Desktop notifications").click()
    other = page.context.new_page()
    other.add_init_script(DESKTOP)
    other.goto("/contacts/")
    for tab in (page, other):
        tab.route(re.compile(r"/inbox/"), lambda route: route.fulfill(status=204))
    rest = [rows(page).nth(place) for place in (6, 7)]
    names = [row.locator(".row__link").inner_text() for row in rest]

    for row in rest:
        says(dashboard, row)
    page.wait_for_timeout(6_000)  # what was read for everybody before is no longer fresh
    for tab in (page, other):
        tab.unroute_all()

    for tab in (page, other):
        look(tab)
    page.wait_for_timeout(1_000)
    [text] = told(page, other)
    assert text.startswith("2 conversations have something new: ")
    assert all(name in text for name in names)
