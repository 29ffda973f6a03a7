"""Saved replies in a real browser: from the slash in the composer to the customer's phone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import LogIn, accepted
from tests.e2e.test_main_job import bubble, open_pending
from tests.stack import Stack

TEXT = "Seu pedido <b>chega</b> hoje.\nAté já!"


@pytest.fixture
def page(log_in: LogIn) -> Iterator[Page]:
    """An agent who has a reply /shop of their own beside those of the demo."""
    page = log_in("agent")
    save_reply(page, "shop", TEXT)
    yield page
    page.goto("/inbox/replies/?search=shop")
    page.get_by_label("Delete /shop").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("/shop was deleted.")).to_be_visible()


def save_reply(page: Page, shortcut: str, text: str) -> None:
    page.goto("/inbox/replies/")
    page.get_by_role("link", name="New reply").first.click()
    page.get_by_label("Shortcut").fill(shortcut)
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Create reply").click()
    expect(page.get_by_text(f"/{shortcut} was saved.")).to_be_visible()


def message(page: Page) -> Locator:
    return page.locator("#id_message")


def options(page: Page) -> Locator:
    return page.locator("#picker-list [role=option]:visible")


def type_slash(page: Page, word: str) -> None:
    message(page).focus()
    page.keyboard.type(f"/{word}")
    expect(options(page).first).to_be_visible()


def test_a_pending_conversation_is_answered_and_done_with_few_keys(
    dashboard: Stack, page: Page
) -> None:
    open_pending(page, 7)
    page.evaluate("""() => {
        window.pressed = 0;
        addEventListener("keydown", () => window.pressed++, { capture: true });
    }""")

    type_slash(page, "sho")
    with page.expect_response("**/used/") as counted:
        page.keyboard.press("Enter")
    assert counted.value.status == 204
    expect(message(page)).to_have_value(TEXT)
    expect(page.locator("#picker")).to_be_hidden()
    expect(bubble(page, "Seu pedido")).to_have_count(0)
    page.keyboard.press("Enter")

    expect(bubble(page, "Seu pedido <b>chega</b> hoje.")).to_have_attribute("data-state", "sent")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Done")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.pressed") == len("/sho") + 2
    assert accepted(dashboard, TEXT) == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")


def test_enter_before_the_list_is_there_sends_no_shortcut(dashboard: Stack, page: Page) -> None:
    held: list[Route] = []
    page.route("**/replies/options/**", lambda route: held.append(route))
    open_pending(page, 7)
    message(page).focus()
    page.keyboard.type("/sho")
    page.keyboard.press("Enter")
    expect(message(page)).to_have_value("/sho")
    held[0].continue_()

    expect(message(page)).to_have_value(TEXT)
    assert accepted(dashboard, "/sho") == 0


def test_the_text_takes_the_place_of_the_word_and_can_be_undone(page: Page) -> None:
    open_pending(page, 7)
    message(page).fill("Olá! \nAté")
    message(page).evaluate("field => field.setSelectionRange(5, 5)")
    page.keyboard.type("/SHÓ")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("Tab")

    expect(message(page)).to_have_value(f"Olá! {TEXT}\nAté")
    expect(message(page)).to_be_focused()
    caret = message(page).evaluate("field => [field.selectionStart, field.selectionEnd]")
    assert caret == [5 + len(TEXT)] * 2
    page.reload()
    expect(message(page)).to_have_value(f"Olá! {TEXT}\nAté")

    message(page).fill("")
    type_slash(page, "sho")
    page.keyboard.press("Enter")
    expect(message(page)).to_have_value(TEXT)
    page.keyboard.press("Control+z")
    expect(message(page)).to_have_value("/sho")
    message(page).fill("")


def test_the_message_suggests_while_the_list_is_open(page: Page) -> None:
    """As WAI-ARIA's textbox does. A combobox has one line."""
    open_pending(page, 7)
    expect(message(page)).not_to_have_attribute("aria-autocomplete", "list")
    type_slash(page, "")
    field = message(page)
    expect(field).to_have_attribute("aria-autocomplete", "list")
    expect(field).to_have_attribute("aria-haspopup", "listbox")
    expect(field).to_have_attribute("aria-controls", "picker-list")
    expect(page.locator("#picker-said")).to_have_text(re.compile(r"^\d+ saved replies$"))

    def active() -> int:
        shown = field.get_attribute("aria-activedescendant")
        ids = options(page).evaluate_all("all => all.map(({ id }) => id)")
        selected = options(page).locator("xpath=self::*[@aria-selected='true']")
        expect(selected).to_have_count(1)
        return ids.index(shown)

    assert active() == 0
    page.keyboard.press("ArrowDown")
    assert active() == 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert active() == options(page).count() - 1

    page.keyboard.press("Escape")
    expect(page.locator("#picker")).to_be_hidden()
    for name in ("aria-autocomplete", "aria-haspopup", "aria-controls", "aria-activedescendant"):
        assert field.get_attribute(name) is None, name
    page.keyboard.type("sho")
    expect(page.locator("#picker")).to_be_hidden()
    expect(field).to_have_value("/sho")
    field.evaluate("field => { field.value = ''; }")  # as when it was sent
    type_slash(page, "sho")
    field.fill("")


@pytest.mark.parametrize("text", ["e/ou", "https://a.example/sho", "/nothing-like-this", "/ sho"])
def test_no_list_opens_inside_of_a_word_or_for_nothing(page: Page, text: str) -> None:
    open_pending(page, 7)
    with page.expect_response("**/replies/options/**"):
        type_slash(page, "")
    message(page).fill("")
    page.keyboard.type(text)
    expect(page.locator("#picker")).to_be_hidden()
    message(page).fill("")


def test_it_is_chosen_by_touch_on_a_phone(log_in: LogIn) -> None:
    page = log_in("agent", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_pending(page, 7)
    page.get_by_role("button", name="Saved replies").tap()
    expect(options(page).first).to_be_visible()
    heights = options(page).evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert min(heights) >= 48
    box = page.locator("#picker").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 390

    page.get_by_label("Search the saved replies").fill("chave")
    expect(options(page)).to_have_count(1)
    options(page).first.tap()
    expect(message(page)).to_have_value(re.compile("Pix"))
    expect(page.locator("#picker")).to_be_hidden()
    message(page).fill("")


def test_the_list_says_when_it_cannot_be_loaded_and_tries_again(page: Page) -> None:
    open_pending(page, 7)
    page.route("**/replies/options/**", lambda route: route.fulfill(status=500, body="no"))
    page.get_by_role("button", name="Saved replies").click()
    words = "The saved replies could not be loaded."
    expect(page.locator("#picker").get_by_text(words)).to_be_visible()
    expect(page.locator("#picker-said")).to_have_text(words)
    page.unroute("**/replies/options/**")
    page.get_by_role("button", name="Try again").click()
    expect(options(page).first).to_be_visible()

    page.get_by_label("Search the saved replies").fill("nothing-like-this")
    expect(page.locator("#picker").get_by_text("Nothing found.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Saved replies")).to_be_focused()


def test_a_reply_that_is_too_long_for_a_caption_is_not_cut(page: Page) -> None:
    save_reply(page, "long", "x" * 1500)
    open_pending(page, 7)
    page.get_by_label("Send something else").click()
    page.locator("#composer .menu__panel").get_by_text("Link button", exact=True).click()
    type_slash(page, "long")
    page.keyboard.press("Enter")
    assert len(message(page).input_value()) == 1500
    expect(page.locator("#counter")).to_have_text("1,500 / 1,024")
    message(page).fill("")
    page.goto("/inbox/replies/?search=long")
    page.get_by_label("Delete /long").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("/long was deleted.")).to_be_visible()


def test_without_javascript_they_can_be_looked_after_and_copied(log_in: LogIn) -> None:
    page = log_in("agent", java_script_enabled=False)
    open_pending(page, 6)
    conversation = page.url.split("?")[0]
    expect(page.locator("[data-picker]")).to_be_hidden()
    page.locator("#composer").get_by_role("link", name="Saved replies").click()
    expect(page.get_by_text("Olá, {first_name}! Aqui é {agent}.")).to_be_visible()
    page.get_by_role("link", name="To the inbox").click()
    expect(page).to_have_url(conversation)

    save_reply(page, "plain", "Sem JavaScript")
    page.get_by_label("Edit /plain").click()
    page.get_by_label("Text").fill("Sem nada")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Sem nada")).to_be_visible()
    page.get_by_label("Delete /plain").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("/plain was deleted.")).to_be_visible()
