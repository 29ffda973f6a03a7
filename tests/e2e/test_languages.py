"""The words of each language fit their places, on a screen and on a phone."""

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.e2e.conftest import LogIn
from tests.stack import Stack

WINDOWS: list[ViewportSize] = [{"width": 1440, "height": 900}, {"width": 390, "height": 844}]
PLACES = ".rail__item, .tabs--fit a, .segmented > button, button, .badge, .status"
CUT = """places => [...document.querySelectorAll(places)]
  .filter(place => place.checkVisibility() && place.scrollWidth > place.clientWidth + 1)
  .map(place => place.innerText)"""


def speak(page: Page, dashboard: Stack, language: str) -> None:
    page.context.add_cookies([{"name": "django_language", "value": language, "url": dashboard.url}])


@pytest.mark.parametrize("language", ["pt-br", "en", "es"])
def test_no_word_is_cut_and_no_page_is_wider_than_the_window(
    log_in: LogIn, dashboard: Stack, language: str
) -> None:
    page = log_in("admin")
    opened = str(page.locator(".row__link").first.get_attribute("href"))
    speak(page, dashboard, language)

    for address in (
        "/inbox/",
        opened,
        "/inbox/new/",
        "/inbox/outbox/",
        "/inbox/replies/",
        "/inbox/replies/new/",
        "/contacts/",
        "/contacts/new/",
        "/contacts/opt-outs/",
        "/contacts/opt-outs/new/",
        "/broadcasts/",
        "/broadcasts/new/",
        "/broadcasts/audiences/",
        "/templates/",
        "/team/",
        "/team/invite/",
        "/audit/",
    ):
        page.goto(address)
        assert page.locator("html").get_attribute("lang") == language
        for window in WINDOWS:
            page.set_viewport_size(window)
            assert page.evaluate(CUT, PLACES) == []
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
