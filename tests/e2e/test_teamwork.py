"""Two people at one inbox, each in a browser of their own."""

import re
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import LogIn, accepted
from tests.stack import Stack

# Polls come every 5 seconds: each knows so soon what the other does.
PROMISED = 10_000  # milliseconds
# For what no time is promised; a machine may be busy.
SOON = 30_000  # milliseconds


class Two(NamedTuple):
    agent: Page
    admin: Page


@pytest.fixture
def two(log_in: LogIn) -> Two:
    """Both in one conversation that nobody has, and which can be answered."""
    pages = Two(log_in("agent"), log_in("admin"))
    pages.agent.goto("/inbox/?status=2&assigned=none")
    for link in pages.agent.locator(".row__link").all():
        link.click()
        expect(pages.agent.locator("#conversation h1")).to_have_text(link.inner_text())
        if pages.agent.get_by_label("Message", exact=True).is_visible():
            break
    pages.admin.goto(re.sub(r"\?.*", "?status=2&assigned=none", pages.agent.url))
    return pages


def name_of(page: Page) -> str:
    page.locator(".rail__user summary").click()
    name = page.locator(".rail__who strong").inner_text()
    page.keyboard.press("Escape")
    return name


def message(page: Page) -> Locator:
    return page.get_by_label("Message", exact=True)


def test_whoever_takes_a_conversation_has_it_in_the_others_list_too(two: Two) -> None:
    agent, admin = two
    row = admin.locator(".row:has([aria-current=true])")
    name = name_of(agent)

    agent.keyboard.press("a")

    expect(agent.locator("#assignment summary")).to_contain_text(f"Assigned to {name}")
    expect(agent.locator("#assign-me")).to_have_count(0)
    expect(admin.locator("#assignment summary")).to_contain_text(name, timeout=PROMISED)
    expect(row).to_have_count(0, timeout=PROMISED)  # it is no longer nobody's
    admin.locator("#whose-all").click()
    expect(row.locator(".row__assignee")).to_have_attribute("title", f"Assigned to {name}")

    agent.get_by_role("link", name="Mine").click()
    expect(agent.locator(".row:has([aria-current=true])")).to_have_count(1)
    expect(agent).to_have_url(re.compile("assigned=me"))
    agent.locator("#assignment summary").click()
    agent.get_by_role("button", name="Unassign").click()
    expect(agent.locator("#assignment summary")).to_contain_text("Assigned to nobody")
    expect(agent.locator("#assignment summary")).to_be_focused()


def test_two_who_take_it_at_once(two: Two) -> None:
    agent, admin = two
    name = name_of(agent)
    admin.route(re.compile("/thread/"), lambda route: route.fulfill(status=204))
    agent.locator("#assign-me").click()
    expect(agent.locator("#assignment summary")).to_contain_text(name)

    admin.locator("#assign-me").click()

    expect(admin.locator("#assignment")).to_contain_text(f"{name} took this conversation meanwhile")
    expect(admin.locator("#assignment summary")).to_contain_text(name)
    agent.locator("#assignment summary").click()
    agent.get_by_role("button", name="Unassign").click()
    expect(agent.locator("#assign-me")).to_be_visible()


def test_the_palette_assigns_and_filters(two: Two) -> None:
    page = two.agent
    page.keyboard.press("Control+k")
    page.keyboard.type("assign to me")
    page.keyboard.press("Enter")
    expect(page.locator("#assign-me")).to_have_count(0)

    page.keyboard.press("Control+k")
    page.keyboard.type("assigned to me")
    page.keyboard.press("Enter")

    expect(page.locator("#whose-me")).to_have_attribute("aria-current", "page")
    page.locator("#assignment summary").click()
    page.get_by_role("button", name="Unassign").click()
    expect(page.locator("#assign-me")).to_be_visible()


def test_two_who_answer_one_customer_warn_each_other(two: Two) -> None:
    agent, admin = two
    names = {page: name_of(page) for page in two}

    for page, other in ((agent, admin), (admin, agent)):
        expect(page.locator("#presence")).to_contain_text(
            f"{names[other]} is looking at this.", timeout=PROMISED
        )
    message(agent).press_sequentially("Seu pedido")

    expect(admin.locator("#presence")).to_contain_text(
        f"{names[agent]} is writing an answer.", timeout=PROMISED
    )
    expect(admin.locator("#others-writing")).to_contain_text(names[agent])
    expect(agent.locator("#others-writing")).to_be_hidden()
    message(admin).press_sequentially("Já")
    expect(agent.locator("#others-writing")).to_contain_text(names[admin], timeout=PROMISED)


def test_a_hidden_tab_looks_at_nothing(two: Two) -> None:
    agent, admin = two
    name = name_of(agent)
    expect(admin.locator("#presence")).to_contain_text(name, timeout=SOON)

    agent.evaluate("Object.defineProperty(document, 'hidden', { value: true, writable: true })")

    expect(admin.locator("#presence")).to_have_text("", timeout=60_000)


def test_whoever_did_not_see_the_others_answer_is_asked_once(two: Two, dashboard: Stack) -> None:
    agent, admin = two
    name = name_of(admin)
    admin.reload()
    message(agent).fill("Resposta de quem não viu")
    agent.route(re.compile("/thread/"), lambda route: route.fulfill(status=204))
    message(admin).fill("Resposta que veio antes")
    message(admin).press("Enter")
    expect(admin.locator(".bubble").last).to_contain_text("Resposta que veio antes")

    message(agent).press("Enter")

    asked = agent.locator("#composer-errors")
    expect(asked).to_contain_text(f"{name} answered")
    expect(asked).to_contain_text("Send yours too?")
    expect(message(agent)).to_have_value("Resposta de quem não viu")
    expect(agent.locator(".bubble").last).to_contain_text("Resposta que veio antes")
    agent.unroute_all()

    agent.get_by_role("button", name="Send", exact=True).click()

    last = agent.locator(".bubble").last
    expect(last).to_contain_text("Resposta de quem não viu")
    expect(last).to_have_attribute("data-state", "sent", timeout=30_000)
    expect(message(agent)).to_have_value("")
    expect(asked).to_be_empty()
    for text in ("Resposta que veio antes", "Resposta de quem não viu"):
        assert accepted(dashboard, text) == 1


def test_a_note_appears_for_the_others_and_disturbs_nobody_who_writes(two: Two) -> None:
    agent, admin = two
    field = agent.get_by_label("Note for your team", exact=True).last
    other_field = admin.get_by_label("Note for your team", exact=True).last
    other_field.fill("Meu rascunho")
    field.fill("Prefere e-mail")
    agent.get_by_role("button", name="Add the note").click()

    expect(agent.locator(".team-note")).to_contain_text("Prefere e-mail")
    expect(field).to_have_value("")
    expect(admin.locator(".team-note")).to_contain_text("Prefere e-mail", timeout=SOON)
    expect(other_field).to_have_value("Meu rascunho")
    admin.reload()
    expect(other_field).to_have_value("Meu rascunho")

    agent.locator(".team-note summary").click()
    edited = agent.locator(".team-note textarea")
    edited.fill("Prefere e-mail, mas")
    other_field.fill("Nota do admin")
    admin.get_by_role("button", name="Add the note").click()
    expect(agent.locator(".team-note")).to_have_count(2, timeout=SOON)
    expect(edited).to_have_value("Prefere e-mail, mas")
    expect(edited).to_be_visible()

    agent.get_by_role("button", name="Save", exact=True).click()
    expect(edited).to_be_hidden()
    expect(agent.locator(".team-note").last).to_contain_text("Prefere e-mail, mas")
    admin.on("dialog", lambda dialog: dialog.accept())
    for left in (1, 0):
        admin.get_by_role("button", name="Delete").last.click()
        expect(admin.locator(".team-note")).to_have_count(left)
    expect(agent.locator(".team-note")).to_have_count(0, timeout=SOON)
