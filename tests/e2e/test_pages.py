"""Every page and state of the list in pages.py: for everybody, on every screen, by keys alone."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLResolver, get_resolver, resolve, reverse
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import PAGES, PHONE, Shown, Tour
from tests.stack import Stack

# A tablet's, a phone's, and 1280 at a zoom of 400 % (WCAG 1.4.10).
NARROW = (768, 390, 320)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its own: it ends with a closed gate."""
    with Stack(tmp_path_factory.mktemp("pages") / "data") as stack:
        yield stack


@pytest.fixture(scope="module")
def tour(browser: Browser, dashboard: Stack) -> Tour:
    return Tour(browser, dashboard)


@pytest.mark.parametrize("shown", PAGES, ids=attrgetter("name"))
def test_everybody_can_use_it_on_every_screen(tour: Tour, shown: Shown) -> None:
    page = tour.open(shown)

    found = violations(page)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    found += violations(page)
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": PHONE["height"]})
        found += sticking_out(page)

    assert found == []
    assert tour.broken == []


def violations(page: Page) -> list[tuple[str, list[tuple[str, str]]]]:
    """What axe finds: WCAG 2.2 AA and its own good practice."""
    rules = {"target-size": {"enabled": True}}
    answer = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules}).response
    return [
        (violation["id"], [(it["html"][:200], it["failureSummary"]) for it in violation["nodes"]])
        for violation in answer["violations"]
    ]


def sticking_out(page: Page) -> list[str]:
    """What makes the page wider than its screen."""
    return page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            const wide = [...document.querySelectorAll("body *")].filter(
                (element) => element.getBoundingClientRect().right > width + 1);
            return wide.slice(0, 5).map((it) => `${width}: ${it.outerHTML.slice(0, 100)}`);
        }"""
    )


# --- The list is whole ------------------------------------------------------------------------

# Addresses that answer neither a page nor anything else here.
ABSENT = {
    "metrics": "there is none without a METRICS_TOKEN",
    "inbox:older": "there is nothing older where WaziMe keeps no history",
}


def test_every_page_is_in_the_list(tour: Tour) -> None:
    """Whatever address answers a whole page. One that only takes forms (405), leads elsewhere or
    answers a fragment or a file is no page."""
    listed = {
        resolve(shown.address.format(**tour.places).split("?")[0]).view_name
        for shown in PAGES
        if not shown.name.startswith("not-found")
    }
    forgotten, unknown = [], []
    for name, ids in addresses(get_resolver().url_patterns):
        address = reverse(name, kwargs={each: tour.places.get(each, 1) for each in ids})
        answer = tour.pages["admin"].request.get(address, max_redirects=0)
        if answer.status == 404 and name not in ABSENT:
            unknown.append(address)
        elif answer.status == 200 and answer.text().lstrip().startswith("<!doctype html>"):
            forgotten += {name} - listed
    assert unknown == [], "furnish() must make an example of it"
    assert forgotten == [], "PAGES must show it"


def addresses(patterns: list[Any], space: str = "") -> Iterator[tuple[str, list[str]]]:
    """The name of each, and what stands in it."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{space}{pattern.name}", list(pattern.pattern.converters)


# --- By keys alone ----------------------------------------------------------------------------

CONTROLS = """a[href], button:enabled, summary, textarea:enabled, select:enabled,
    input:enabled:not([type=hidden])"""


def test_every_control_is_reached_by_tab_and_shows_it(tour: Tour) -> None:
    for shown in PAGES:
        if shown.name in {"inbox", "conversation", "contacts", "broadcast-new", "team-colleague"}:
            page = tour.open(shown)
            stops = list(tabbed_through(page))
            missed = set(controls(page)) - {label for label, _is_seen in stops}
            # In a date's field the focus stops at each of its parts, which show it themselves.
            unseen = {label for label, _is_seen in stops} - {label for label, it in stops if it}
            assert (missed, unseen) == (set(), set()), shown.name


def controls(page: Page) -> list[str]:
    """What each control that can be seen says."""
    return page.evaluate(
        """([controls]) => [...document.querySelectorAll(controls)]
            .filter((it) => it.checkVisibility({ visibilityProperty: true }) && it.tabIndex >= 0)
            .filter((it) => it.getClientRects().length)
            .filter((it) => it.type !== "radio" || it.checked)
            .map((it) => window.labelOf(it))""",
        [CONTROLS],
    )


def tabbed_through(page: Page) -> Iterator[tuple[str, bool]]:
    """What has the focus after each Tab, once round the page, and whether one sees that."""
    page.evaluate(HELPERS)
    for _press in range(400):
        page.keyboard.press("Tab")
        label, is_seen = page.evaluate("window.focused()")
        if not label:
            return
        yield label, is_seen
    raise AssertionError("the focus never leaves the page")


# The look of what has the focus, and of what lies around it, with the focus and without. Nothing
# is asked meanwhile: a row that moves up would be passed over.
HELPERS = """() => {
    document.addEventListener("htmx:beforeRequest", (event) => event.preventDefault());
    window.labelOf = (it) =>
        [it.tagName, it.id, it.href, it.ariaLabel, it.name, it.textContent.trim()].join(" ");
    const look = (it) => {
        const around = [];
        for (let each = it; each && around.length < 60; each = each.parentElement) {
            for (const part of [null, "::before", "::after"]) {
                const { outline, boxShadow, borderColor, translate } = getComputedStyle(each, part);
                around.push(outline, boxShadow, borderColor, translate);
            }
        }
        return around.join();
    };
    window.focused = () => {
        const it = document.activeElement;
        if (!it || it === document.body) return ["", true];
        const shown = look(it);
        it.blur();
        return [window.labelOf(it), look(it) !== shown];
    };
}"""


def test_a_message_is_sent_and_its_status_set_in_the_lower_half_of_a_phone(tour: Tour) -> None:
    page = tour.open(next(shown for shown in PAGES if shown.name == "conversation"))
    page.set_viewport_size(PHONE)

    for name in ("Send", "Done", "Pending", "Important"):
        button = page.get_by_role("button", name=name, exact=True)
        expect(button).to_be_in_viewport(ratio=1)
        box = button.bounding_box()
        assert box is not None
        assert box["y"] > PHONE["height"] / 2, name
