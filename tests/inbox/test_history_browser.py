"""What only a browser shows of WaziMe's history."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from inbox import recorded, threads
from inbox.models import Message
from tests.conftest import PASSWORD
from tests.inbox.conftest import Deliver
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime.types import Conversation

# A poll asks every 5 seconds, and gets what the one before it has asked for.
PATIENCE = 60_000


@pytest.fixture
def browser_context_args() -> dict[str, str]:
    return {"locale": "en-US"}


@pytest.fixture
def opened(
    page: Page,
    live_server: LiveServer,
    wazime: Sandbox,
    redis_server: RedisServer,
    conversation: Conversation,
    agent: User,
    settings: Settings,
) -> Page:
    settings.LANGUAGE_CODE = "en"
    wazime.settings(history=True)
    page.goto(f"{live_server.url}/accounts/login/?next=/inbox/{conversation.id}/")
    page.locator("#id_login").fill(agent.username)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(f"**/inbox/{conversation.id}/")  # and until its scripts have run
    expect(page.get_by_label("Message", exact=True)).to_be_visible(timeout=PATIENCE)
    return page


def customer_writes(page: Page, wazime: Sandbox, conversation: Conversation, text: str) -> None:
    """On the page that plays the customers' phones."""
    contact = conversation.contact
    assert contact
    phone = page.context.new_page()
    phone.goto(f"{wazime.url}/phones/{contact.mobile_code}{contact.mobile}/")
    phone.get_by_label("Escrever como o cliente").fill(text)
    phone.get_by_label("Escrever como o cliente").press("Enter")
    expect(phone.locator(".chat").get_by_text(text)).to_be_visible(timeout=PATIENCE)
    phone.close()


def bubble(page: Page, text: str) -> Locator:
    return page.locator("#thread .bubble").filter(has_text=text)


def test_question_and_answer_stand_in_the_thread(
    opened: Page, wazime: Sandbox, conversation: Conversation, deliver: Deliver
) -> None:
    customer_writes(opened, wazime, conversation, "Meu pedido chegou?")
    expect(bubble(opened, "Meu pedido chegou?")).to_have_class(
        re.compile("bubble--in"), timeout=PATIENCE
    )

    opened.get_by_label("Message", exact=True).fill("Sai hoje à tarde.")
    opened.get_by_role("button", name="Send", exact=True).click()
    expect(bubble(opened, "Sai hoje à tarde.")).to_be_visible(timeout=PATIENCE)
    deliver(Message.objects.get(text="Sai hoje à tarde."))

    expect(bubble(opened, "Sai hoje à tarde.")).to_contain_text("Delivered", timeout=PATIENCE)
    expect(bubble(opened, "Sai hoje à tarde.")).to_have_count(1)
    assert [message["text"] for message in wazime.accepted()] == ["Sai hoje à tarde."]


def test_everybody_can_read_it_on_every_screen(
    opened: Page, wazime: Sandbox, conversation: Conversation, deliver: Deliver
) -> None:
    contact = conversation.contact
    assert contact
    wazime.inbound(contact.mobile_code, contact.mobile, "Meu pedido chegou? " * 20)
    opened.get_by_label("Message", exact=True).fill("Sai hoje à tarde.")
    opened.get_by_role("button", name="Send", exact=True).click()
    expect(bubble(opened, "Sai hoje à tarde.")).to_be_visible(timeout=PATIENCE)
    deliver(Message.objects.get(text="Sai hoje à tarde."))
    expect(bubble(opened, "Sai hoje à tarde.")).to_contain_text("Delivered", timeout=PATIENCE)
    expect(bubble(opened, "Meu pedido chegou?")).to_be_visible(timeout=PATIENCE)

    opened.emulate_media(color_scheme="dark", reduced_motion="reduce")
    for width in (1440, 390, 320):
        opened.set_viewport_size({"width": width, "height": 844})
        found = Axe().run(opened)
        assert found.violations_count == 0, found.generate_report()
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_was_read_stays_where_it_is_when_older_messages_come(
    opened: Page, wazime: Sandbox, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "PER_PAGE", 30)
    monkeypatch.setattr(threads, "SHOWN", 20)
    contact = conversation.contact
    assert contact
    for number in range(60):
        wazime.inbound(contact.mobile_code, contact.mobile, f"Linha {number:02}")
    expect(bubble(opened, "Linha 59")).to_be_visible(timeout=PATIENCE)
    opened.reload()
    first = bubble(opened, "Linha 40")
    expect(first).to_be_attached(timeout=PATIENCE)
    assert opened.locator("#older .bubble").count() == 0

    link = opened.get_by_role("link", name="Older messages")
    link.scroll_into_view_if_needed()
    expect(opened.locator("#older .bubble").filter(has_text="Linha 39")).to_be_attached(
        timeout=PATIENCE
    )

    expect(first).to_be_in_viewport()
    opened.locator("#older .bubble").first.scroll_into_view_if_needed()
    expect(opened.locator("#older .bubble").filter(has_text="Linha 00")).to_be_attached(
        timeout=PATIENCE
    )
    numbers = opened.locator(".bubble .verbatim").filter(has_text="Linha").all_inner_texts()
    assert numbers == [f"Linha {number:02}" for number in range(60)]
