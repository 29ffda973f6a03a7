"""The whole dashboard as `make run` starts it, and a real browser in front of it."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.stack import Stack

PASSWORD = "wazime-demo"

# A machine that runs the whole stack and a browser beside it may be slow.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("dashboard") / "data") as stack:
        yield stack


@pytest.fixture(autouse=True)
def fresh_sandbox(dashboard: Stack) -> None:
    """No fault of an earlier test is left."""
    ask(dashboard, "DELETE", "faults")


def ask(dashboard: Stack, method: str, path: str, body: Any = None) -> Any:
    """The sandbox's control: `accepted`, `faults`, `inbound`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{dashboard.sandbox_url}/_sandbox/{path}", data=data, method=method
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def accepted(dashboard: Stack, text: str) -> int:
    """How many times customers got this text."""
    got = ask(dashboard, "GET", "accepted")["accepted"]
    return sum(message["text"] == text for message in got)


LogIn = Callable[..., Page]


@pytest.fixture
def log_in(browser: Browser, dashboard: Stack) -> Iterator[LogIn]:
    """`log_in("agent")`: a page in a browser of their own, in English; its errors fail the test."""
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    def open_page(username: str, **options: Any) -> Page:
        context = browser.new_context(base_url=dashboard.url, locale="en-US", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto("/")
        page.get_by_label("Username or email").or_(page.locator("#id_login")).first.fill(username)
        page.locator("#id_password").fill(PASSWORD)
        page.locator("#id_password").press("Enter")
        page.wait_for_url(re.compile("/inbox/"))  # and until its scripts have run
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert broken == []
