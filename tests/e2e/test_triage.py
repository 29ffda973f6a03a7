"""Triage of several conversations, putting off, and going on to the next one."""

import re
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PASSWORD, LogIn, accepted, ask
from tests.e2e.test_inbox import new_list
from tests.e2e.test_keys import expect_open, heading, opened, press
from tests.e2e.test_main_job import bubble, open_pending
from tests.stack import Stack

CHANGE = ["inbox/change-conversation-status"]
PAGE = 20  # conversations


@pytest.fixture
def page(log_in: LogIn) -> Page:
    """An agent before a page of pending conversations."""
    page = log_in("agent")
    page.goto("/inbox/")
    page.evaluate(
        """async () => {
            for (const box of document.querySelectorAll("[data-pick]")) {
                const address = `/inbox/${box.value}/status/`;
                await htmx.ajax("POST", address, { values: { status: 2 }, swap: "none" });
            }
        }"""
    )
    page.goto("/inbox/?status=2")
    expect(boxes(page)).to_have_count(PAGE)
    return page


def boxes(page: Page) -> Locator:
    return page.locator("[data-pick]")


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Selected conversations")


def toast(page: Page) -> Locator:
    return page.locator("#undo-several")


def ids(page: Page) -> list[str]:
    return boxes(page).evaluate_all("boxes => boxes.map(({ value }) => value)")


def picked(page: Page) -> list[str]:
    return boxes(page).evaluate_all(
        "boxes => boxes.filter(({ checked }) => checked).map(({ value }) => value)"
    )


def count_keys(page: Page) -> None:
    page.evaluate("""() => {
        window.pressed = 0;
        addEventListener("keydown", () => window.pressed++, { capture: true });
    }""")


def row(page: Page, conversation: str) -> Locator:
    return page.locator(f".row:has(#pick-{conversation})")


def put_back(page: Page) -> None:
    toast(page).get_by_role("button", name="Undo").click()
    expect(toast(page)).to_contain_text("Put back")


# --- Several at once ------------------------------------------------------------------------------


def test_twenty_conversations_are_done_and_put_back_with_few_keys(page: Page) -> None:
    shown = ids(page)
    count_keys(page)

    press(page, "*")
    expect(bar(page)).to_contain_text(f"{PAGE} selected")
    press(page, "1")
    expect(toast(page)).to_contain_text(f"Done: {PAGE}.", timeout=120_000)
    assert page.evaluate("window.pressed") == 2
    expect(bar(page)).to_be_hidden()
    expect(page.locator(", ".join(f"#pick-{each}" for each in shown))).to_have_count(0)

    press(page, "u")
    expect(toast(page)).to_contain_text(f"Put back: {PAGE}.", timeout=120_000)
    expect(page.locator(", ".join(f"#pick-{each}" for each in shown))).to_have_count(PAGE)


def test_each_goes_back_to_its_own_status(page: Page) -> None:
    page.goto("/inbox/")
    first, second = ids(page)[:2]
    row(page, second).locator(".row__link").click()
    page.get_by_role("button", name="Important").click()
    expect(row(page, second).locator("[data-status='3']")).to_have_count(1)
    boxes(page).nth(0).check()
    boxes(page).nth(1).check()

    bar(page).get_by_role("button", name="Done").click()
    expect(toast(page)).to_contain_text("Done: 2.")
    expect(row(page, first).locator("[data-status='1']")).to_have_count(1)
    put_back(page)

    expect(row(page, first).locator("[data-status='2']")).to_have_count(1)
    expect(row(page, second).locator("[data-status='3']")).to_have_count(1)


def test_keys_select_one_a_range_and_none(page: Page) -> None:
    shown = ids(page)
    page.locator(".row__link").nth(1).focus()
    press(page, "x")
    assert picked(page) == shown[1:2]
    page.locator(".row__link").nth(4).focus()
    press(page, "Shift+X")
    assert picked(page) == shown[1:5]
    press(page, "x")
    assert picked(page) == shown[1:4]
    expect(page.locator("#bulk-said")).to_have_text("3 selected")
    press(page, "Escape")
    assert picked(page) == []
    expect(bar(page)).to_be_hidden()

    press(page, "j")
    expect(opened(page)).to_have_count(1)
    page.locator("body").evaluate("() => document.activeElement.blur()")
    press(page, "x")
    assert picked(page) == shown[:1]


def test_a_click_with_shift_selects_a_range_and_buttons_all_or_none(page: Page) -> None:
    shown = ids(page)
    boxes(page).nth(2).click()
    boxes(page).nth(6).click(modifiers=["Shift"])
    assert picked(page) == shown[2:7]

    bar(page).get_by_role("button", name="All on this page").click()
    assert picked(page) == shown
    bar(page).get_by_role("button", name="Select none").click()
    assert picked(page) == []


def test_a_selection_outlives_news_and_ends_with_the_list(page: Page) -> None:
    shown = ids(page)
    boxes(page).nth(1).focus()
    press(page, "Space")
    new_list(page)
    assert picked(page) == shown[1:2]
    expect(page.locator(f"#pick-{shown[1]}")).to_be_focused()
    name = page.locator(".row__link").nth(3).inner_text()
    page.locator(".row__link").nth(3).click()
    expect_open(page, name)
    new_list(page)
    assert picked(page) == shown[1:2]

    page.get_by_role("link", name=re.compile("^Done")).click()
    expect(page).to_have_url(re.compile("status=1"))
    expect(bar(page)).to_be_hidden()
    page.get_by_role("link", name=re.compile("^Pending")).click()
    expect(page.locator(f"#pick-{shown[1]}")).to_be_visible()
    assert picked(page) == []


def test_what_fails_stays_selected_with_the_reason_beside_it(
    page: Page, log_in: LogIn, dashboard: Stack
) -> None:
    shown = ids(page)[:4]
    page.route("**/inbox/?*", lambda route: route.abort())  # the list stays as it is
    other = log_in("admin")
    other.evaluate(
        "address => htmx.ajax('POST', address, { values: { status: 3 }, swap: 'none' })",
        f"/inbox/{shown[0]}/status/",
    )
    ask(dashboard, "POST", "faults", {"fault": "http_502", "endpoints": CHANGE, "times": 1})
    for each in shown:
        page.locator(f"#pick-{each}").check()

    press(page, "1")

    expect(toast(page)).to_contain_text("Done: 2.")
    expect(toast(page)).to_contain_text("Not changed: 2.")
    expect(bar(page)).to_contain_text("2 selected")
    expect(row(page, shown[0])).to_contain_text("it is now Important")
    expect(page.locator(".row__problem", has_text="WaziMe's server has a fault.")).to_have_count(1)
    failed = picked(page)
    assert len(failed) == 2
    assert shown[0] in failed
    page.unroute_all()
    new_list(page)
    expect(bar(page).locator("[data-problems]")).to_contain_text("it is now Important")
    put_back(page)


def test_where_wazime_does_not_answer_it_stops_by_itself(page: Page, dashboard: Stack) -> None:
    ask(dashboard, "POST", "faults", {"fault": "http_502", "endpoints": CHANGE})
    press(page, "*", "1")

    expect(toast(page)).to_contain_text("WaziMe does not answer")
    assert len(picked(page)) == PAGE
    assert page.locator(".row__problem").count() < PAGE / 2


def test_it_can_be_stopped(page: Page, dashboard: Stack) -> None:
    fault = {"fault": "latency", "endpoints": CHANGE, "seconds": 1.5}
    ask(dashboard, "POST", "faults", fault)
    press(page, "*", "1")
    expect(bar(page)).to_contain_text(re.compile(r"[1-9]\d* of 20"))

    press(page, "1")  # does nothing more
    bar(page).get_by_role("button", name="Stop").click()

    expect(toast(page)).to_contain_text("The rest stays selected.")
    ask(dashboard, "DELETE", "faults")
    done = int(re.search(r"Done: (\d+)", toast(page).inner_text())[1])
    assert 0 < done < PAGE
    expect(bar(page)).to_contain_text(f"{PAGE - done} selected")
    put_back(page)


def test_an_expired_session_in_the_middle_loses_nothing(page: Page, dashboard: Stack) -> None:
    shown = ids(page)
    ask(dashboard, "POST", "faults", {"fault": "latency", "endpoints": CHANGE, "seconds": 1})
    # It is the run that learns of it, not a poll.
    page.evaluate("document.addEventListener('htmx:beforeRequest', (e) => e.preventDefault())")
    press(page, "*", "1")
    expect(bar(page)).to_contain_text(re.compile(r"[2-9] of 20"))
    page.context.clear_cookies(name="sessionid")

    expect(page).to_have_url(re.compile("/accounts/login/"))
    ask(dashboard, "DELETE", "faults")
    page.locator("#id_login").fill("agent")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")

    expect(page).to_have_url(re.compile(r"/inbox/\?status=2$"))
    expect(toast(page)).to_contain_text("The rest is still selected.")
    rest = picked(page)
    assert 0 < len(rest) < PAGE
    assert set(rest) < set(shown)
    assert set(shown) - set(rest) == set(shown) - set(ids(page))
    put_back(page)


def test_a_phone_selects_with_a_thumb(log_in: LogIn) -> None:
    phone = log_in("agent", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone.goto("/inbox/?status=2")

    boxes(phone).nth(0).tap()

    size = boxes(phone).nth(0).bounding_box()
    assert min(size["width"], size["height"]) >= 44
    for button in bar(phone).get_by_role("button").all():
        assert button.bounding_box()["height"] >= 44
    place = bar(phone).bounding_box()
    assert place["y"] > 844 / 2
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(heading(phone)).to_have_text("Inbox")  # nothing was opened


def test_without_javascript_nothing_can_be_selected(log_in: LogIn) -> None:
    page = log_in("agent", java_script_enabled=False)
    page.goto("/inbox/?status=2")

    assert boxes(page).count() > 0
    for box in boxes(page).all():
        expect(box).to_be_hidden()
    expect(page.locator("#bulk")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_pending(page)
    boxes(page).nth(0).check()
    page.locator("#snooze > summary").click()
    expect(page.locator("#snooze .menu__panel")).to_be_visible()

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()


# --- The next one -------------------------------------------------------------------------------


def test_a_conversation_is_answered_done_and_left_for_the_next_with_six_keys(
    page: Page, dashboard: Stack
) -> None:
    press(page, "?")
    page.get_by_label("After Done the next conversation opens").check()
    press(page, "Escape")
    writable = page.locator(".row:has(.row__text:not(:empty)) .row__link")
    name, after = writable.nth(0).inner_text(), page.locator(".row__link").nth(1).inner_text()
    assert page.locator(".row__link").nth(0).inner_text() == name
    count_keys(page)

    press(page, "j")
    expect_open(page, name)
    press(page, "s")
    expect(page.locator("#picker-list [role=option]").first).to_be_visible()
    page.keyboard.type("horario")
    expect(page.locator("#picker-list [role=option]")).to_have_count(1)
    press(page, "Enter")
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile("Nosso horário"))
    press(page, "Enter")
    expect(bubble(page, "Nosso horário")).to_have_attribute("data-state", "sent")
    press(page, "Escape", "1")

    expect_open(page, after)
    expect(heading(page)).to_be_focused()
    assert page.evaluate("window.pressed") == len("horario") + 6
    expect(toast(page)).to_contain_text(f"{name}: Status: Done.")
    expect(page.locator(".row__link", has_text=name)).to_have_count(0)
    press(page, "u")
    expect(toast(page)).to_contain_text("Put back: 1.")
    expect(page.locator(".row__link", has_text=name)).to_have_count(1)
    expect_open(page, after)
    assert (
        accepted(
            dashboard,
            "Nosso horário:\nSegunda a sexta, das 9h às 18h\n"
            "Sábado, das 9h às 13h\nFora dele, respondemos na próxima manhã.",
        )
        == 1
    )


def test_who_does_not_want_it_stays_where_they_are(page: Page) -> None:
    name = open_pending(page)

    page.get_by_role("button", name="Done").click()
    undo = page.locator("#undo")
    expect(undo).to_be_visible()

    expect(heading(page)).to_have_text(name)
    undo.click()
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")


# --- Putting off --------------------------------------------------------------------------------


def test_a_conversation_is_put_off_by_keys_and_woken(page: Page) -> None:
    name = open_pending(page)
    conversation = re.search(r"/inbox/(\d+)/", page.url)[1]

    press(page, "z")
    expect(page.locator("#snooze button").first).to_be_focused()
    page.get_by_role("button", name="Tomorrow morning").press("Enter")
    expect(page.locator("#status .snooze__until")).to_contain_text("Snoozed until")
    expect(page.locator("#undo")).to_be_visible()
    expect(row(page, conversation)).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Done")).click()
    expect(row(page, conversation)).to_contain_text("Snoozed until")
    expect(row(page, conversation)).to_contain_text("9:00")

    page.locator("#snooze > summary").click()
    page.get_by_role("button", name="Wake it now").click()
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#status .snooze__until")).to_have_count(0)
    expect(heading(page)).to_have_text(name)


def test_undo_puts_it_off_again(page: Page) -> None:
    open_pending(page)
    conversation = re.search(r"/inbox/(\d+)/", page.url)[1]
    press(page, "z")
    page.get_by_role("button", name="Tomorrow morning").press("Enter")
    until = page.locator("#status .snooze__until")
    expect(until).to_contain_text("Snoozed until")

    page.get_by_role("button", name="Important", exact=True).first.click()
    expect(until).to_have_count(0)
    page.locator("#undo").click()
    expect(until).to_contain_text("Snoozed until")

    page.get_by_role("link", name=re.compile("^Done")).click()
    page.locator(f"#pick-{conversation}").check()
    bar(page).get_by_role("button", name="Pending").click()
    expect(toast(page)).to_contain_text("Pending: 1.")
    expect(row(page, conversation)).to_have_count(0)
    put_back(page)
    expect(row(page, conversation)).to_contain_text("Snoozed until")


def test_a_time_that_is_past_is_told_beside_the_field(page: Page) -> None:
    open_pending(page)
    press(page, "z")
    page.get_by_label("Until").fill("2020-02-20T09:00")
    page.locator("#snooze-own").click()

    expect(page.locator("#snooze .errorlist")).to_have_text(
        "This time is past: choose a later one."
    )
    expect(page.get_by_label("Until")).to_have_value("2020-02-20T09:00")
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")


def test_it_comes_back_by_itself_at_its_time(page: Page) -> None:
    open_pending(page)
    conversation = re.search(r"/inbox/(\d+)/", page.url)[1]
    press(page, "z")
    until = datetime.now() + timedelta(seconds=75)
    page.get_by_label("Until").fill(until.strftime("%Y-%m-%dT%H:%M"))
    page.locator("#snooze-own").click()
    expect(page.locator("#undo")).to_be_visible()
    expect(row(page, conversation)).to_have_count(0)

    expect(row(page, conversation)).to_have_count(1, timeout=180_000)
    expect(page.get_by_role("button", name="Pending")).to_have_attribute(
        "aria-pressed", "true", timeout=30_000
    )
