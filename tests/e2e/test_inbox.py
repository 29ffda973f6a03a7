"""Moving about in the inbox: what stays where it is, and whose conversation is shown."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import LogIn, ask
from tests.e2e.test_main_job import open_pending, write
from tests.stack import Stack

DETAILS = ["inbox/conversation-details", "inbox/conversation-list"]


def rows(page: Page) -> Locator:
    return page.locator(".row:has(.row__text:not(:empty)) .row__link")


def poll(page: Page) -> None:
    """Look for news now, with an answer that shows the list anew."""
    page.evaluate(
        """() => {
            document.getElementById("conversations").setAttribute("hx-headers", "{}");
            document.body.dispatchEvent(new CustomEvent("conversation-changed"));
        }"""
    )


def new_list(page: Page) -> None:
    """Returns when a poll has swapped the list."""
    page.locator("#conversations").evaluate("list => list.dataset.old = 'yes'")
    poll(page)
    expect(page.locator("#conversations[data-old]")).to_have_count(0)


def test_a_slow_conversation_shows_its_name_at_once(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    before = open_pending(page)
    ask(dashboard, "POST", "faults", {"fault": "latency", "endpoints": DETAILS, "seconds": 7})
    row = rows(page).nth(2)
    name = row.inner_text()

    row.click()

    head = page.get_by_role("heading", level=1)
    expect(head).to_have_text(name, timeout=6000)
    expect(row).to_have_attribute("aria-current", "true")
    expect(page.get_by_label("Message", exact=True)).to_be_hidden()
    expect(page.get_by_label("Message", exact=True)).to_be_visible(timeout=15_000)
    expect(head).to_have_text(name)
    expect(head).to_be_focused()
    assert before != name


def test_a_conversation_that_comes_too_late_shows_itself(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/?status=2")
    fault = {"fault": "latency", "endpoints": DETAILS[:1], "seconds": 5}
    ask(dashboard, "POST", "faults", fault)
    row = rows(page).nth(4)
    name = row.inner_text()

    row.click()

    expect(page.get_by_text("WaziMe is slow to answer.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_label("Message", exact=True)).to_be_visible(timeout=30_000)
    expect(page.get_by_text("WaziMe is slow to answer.")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_conversation_that_cannot_be_opened_leaves_the_one_before(log_in: LogIn) -> None:
    page = log_in("agent")
    before = open_pending(page)
    page.get_by_label("Message", exact=True).fill("Ainda estou escrevendo")
    page.route(re.compile(r"/inbox/\d+/\?"), lambda route: route.abort())

    rows(page).nth(2).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(before)
    expect(page.locator(".row__link[aria-current]")).to_have_text(before)
    expect(page.get_by_label("Message", exact=True)).to_have_value("Ainda estou escrevendo")


def test_a_conversation_opens_although_the_list_is_replaced_meanwhile(log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/")
    held: list[Route] = []
    page.route(re.compile(r"/inbox/\d+/$"), lambda route: held.append(route))
    name = rows(page).nth(1).inner_text()

    rows(page).nth(1).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    new_list(page)
    held[0].continue_()

    expect(page.locator("#conversation h1")).to_have_text(name)
    expect(page.locator("#conversation h1")).to_be_focused()
    expect(page.locator(".conversation--opening")).to_have_count(0)


def test_the_last_of_two_clicks_opens(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/?status=2")
    name = rows(page).nth(3).inner_text()
    held = []
    page.route(re.compile(r"/inbox/\d+/\?"), lambda route: held.append(route))
    rows(page).nth(1).click()
    expect(page.locator(".conversation--opening")).to_be_visible()
    page.unroute_all()

    rows(page).nth(3).click()

    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator(".conversation--opening")).to_have_count(0)


def test_news_leave_the_list_and_the_focus_where_they_are(log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/")
    row = page.locator(".row__link").last
    name = row.inner_text()
    row.focus()
    top = page.locator(".pane--list .pane__body").evaluate("body => body.scrollTop")

    new_list(page)

    assert top > 0
    assert page.locator(".pane--list .pane__body").evaluate("body => body.scrollTop") == top
    expect(page.locator(":focus")).to_have_text(name)


def test_news_do_not_take_the_focus_from_the_composer(log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page)
    page.get_by_label("Message", exact=True).focus()

    new_list(page)

    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_what_is_being_written_outlives_polls_a_status_and_a_reload(log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/?status=2")
    page.locator(".row:has-text('+55') .row__link").first.click()
    text = page.get_by_role("textbox", name="Message")
    text.fill("Meia fra")

    with page.expect_response(re.compile("/thread/"), timeout=60_000):
        pass  # a poll
    text.press_sequentially("se")
    page.get_by_role("button", name="Important").click()
    expect(page.get_by_role("button", name="Important")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Status: Important.")).to_be_visible()
    expect(text).to_have_value("Meia frase")
    page.reload()

    expect(text).to_have_value("Meia frase")
    text.fill("")


def test_a_keyboard_keeps_its_place(log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/")
    tab = page.get_by_role("link", name=re.compile("^Pending"))
    tab.focus()
    tab.press("Enter")
    expect(page).to_have_url(re.compile(r"\?status=2$"))
    expect(tab).to_have_attribute("aria-current", "page")
    expect(tab).to_be_focused()

    for place in (1, 2):
        name = rows(page).nth(place).inner_text()
        rows(page).nth(place).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_role("heading", level=1)).to_be_focused()

    page.get_by_role("button", name="Important").press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_role("button", name="Important")).to_be_focused()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#status :focus")).to_have_count(1)


def test_what_has_just_come_works_at_once_and_keeps_the_focus(log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page)
    page.evaluate(
        """() => {
            window.isSamePage = true;
            new MutationObserver((changes, observer) => {
                const undo = document.getElementById("undo");
                if (!undo) return;
                observer.disconnect();
                undo.focus();
                undo.click();
            }).observe(document.body, { childList: true, subtree: true });
        }"""
    )

    page.get_by_role("button", name="Important").click()

    undone = page.get_by_role("status").filter(has_text="Status: Pending.")
    expect(undone).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    assert page.evaluate("window.isSamePage")


@pytest.mark.parametrize(("status", "focused"), [(2, "Pending"), (0, "Done")])
def test_the_focus_stays_with_the_status_when_somebody_else_sets_it(
    log_in: LogIn, status: int, focused: str
) -> None:
    """On the one that is set, or on the first where none is."""
    page, other = log_in("agent"), log_in("admin")
    open_pending(page, 4)
    page.get_by_role("button", name="Important").press("Enter")
    page.get_by_role("button", name="Undo").focus()
    path = page.url.partition("?")[0]

    other.evaluate(
        """([path, status]) =>
            htmx.ajax("POST", `${path}status/`, { values: { status }, swap: "none" })""",
        [path, status],
    )

    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(page.get_by_role("button", name=focused)).to_be_focused()
    if not status:
        page.get_by_role("button", name=focused).press("Enter")
        expect(page.get_by_role("button", name="Undo")).to_be_visible()


def test_the_way_back_goes_through_the_tabs(log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/")
    for name, address in (("Pending", r"/inbox/\?status=2$"), ("Done", r"/inbox/\?status=1$")):
        page.get_by_role("link", name=re.compile(f"^{name}")).click()
        expect(page).to_have_url(re.compile(address))
        expect(page.locator(".tabs [aria-current]")).to_contain_text(name)
    opened = rows(page).first.get_attribute("href").partition("?")[0]
    rows(page).first.click()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    page.get_by_role("link", name=re.compile("^Important")).click()
    expect(page).to_have_url(re.compile(rf"{opened}\?status=3$"))

    for address in (rf"{opened}\?status=1$", r"/inbox/\?status=1$", r"/inbox/\?status=2$"):
        page.go_back()
        expect(page).to_have_url(re.compile(address))
        chosen = {"1": "Done", "2": "Pending"}[page.url[-1]]
        expect(page.locator(".tabs [aria-current]")).to_contain_text(chosen)


def test_what_became_of_a_status_moves_nothing(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 1)
    places = """() => ["#thread", "#status .segmented", "#conversation h1"].map(
        (name) => JSON.stringify(document.querySelector(name).getBoundingClientRect()))"""
    before = page.evaluate(places)

    page.get_by_role("button", name="Unread").click()
    refused = page.locator(".triage__refused")
    expect(refused).to_be_visible()
    assert page.evaluate(places) == before
    page.get_by_role("button", name="Important").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(refused).to_have_count(0)
    assert page.evaluate(places) == before
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")


def test_a_refused_status_is_forgotten_with_the_next_message(log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 1)
    page.get_by_role("button", name="Unread").click()
    expect(page.locator(".triage__refused")).to_be_visible()

    write(page, "Vamos adiante")

    expect(page.locator(".triage__refused")).to_have_count(0)


def test_no_number_is_cut_in_the_list(log_in: LogIn) -> None:
    page = log_in("agent", viewport={"width": 1024, "height": 900})
    page.goto("/inbox/")
    cut = """numbers => numbers.filter((number) => {
        const { right } = number.getBoundingClientRect();
        const end = number.closest(".row").getBoundingClientRect().right;
        return number.scrollWidth > number.clientWidth || right > end;
    }).length"""

    assert page.locator(".row .status").count() > 0
    assert page.locator(".row__text:not(:empty)").count() > 0
    assert page.locator(".row__text").evaluate_all(cut) == 0


def test_a_tab_that_says_the_status_needs_no_pills(log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/?status=2")

    assert page.locator(".row").count() > 0
    expect(page.locator(".row .status")).to_have_count(0)


def test_toasts_are_not_over_the_account_nor_over_send(log_in: LogIn) -> None:
    page = log_in("agent", viewport={"width": 1024, "height": 800})
    open_pending(page)
    page.route(re.compile("/status/$"), lambda route: route.abort())

    page.get_by_role("button", name="Done").click()
    expect(page.locator(".toast--error")).to_be_visible()

    page.get_by_role("button", name="Send", exact=True).click(trial=True)
    page.locator(".rail__user summary").click(trial=True)


def test_the_status_follows_what_others_do(log_in: LogIn) -> None:
    page, other = log_in("agent"), log_in("admin")
    open_pending(page, 2)
    other.goto(page.url)

    other.get_by_role("button", name="Important").click()
    expect(other.get_by_role("button", name="Undo")).to_be_visible()

    important = page.get_by_role("button", name="Important")
    expect(important).to_have_attribute("aria-pressed", "true", timeout=15_000)
    other.wait_for_timeout(6_000)  # the own change comes back with a poll: Undo outlives it
    other.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Pending")).to_have_attribute(
        "aria-pressed", "true", timeout=15_000
    )


def test_the_head_and_a_screen_reader_learn_that_a_message_was_sent(log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 3)
    expect(page.locator("#last-message time")).not_to_have_text("now")

    write(page, "Já vou ver")

    expect(page.locator("#delivered")).to_have_text("Sent: Já vou ver")
    expect(page.locator("#last-message time")).to_have_text("now", timeout=15_000)


def test_a_search_says_how_much_it_found(log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/")

    page.get_by_label("Search conversations").press_sequentially("Mendes")

    expect(page.locator("#found")).to_have_text(re.compile(r"^\d+ conversations? found$"))
    assert page.locator("#found").inner_text().split()[0] == str(page.locator(".row").count())
