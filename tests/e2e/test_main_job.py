"""The main job in a real browser, against the real processes."""

import re
import signal
import time

from playwright.sync_api import Page, expect

from tests.e2e.conftest import LogIn, accepted, ask
from tests.stack import Stack

SENT = "[data-state=sent]"


def open_pending(page: Page, place: int = 0) -> str:
    """Open a pending conversation that can be answered; its customer's name."""
    page.goto("/inbox/?status=2")
    row = page.locator(".row:has(.row__text:not(:empty)) .row__link").nth(place)
    name = row.inner_text()
    row.click()
    expect(page.locator("#conversation h1").first).to_have_text(name)
    return name


def write(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def bubble(page: Page, text: str):
    return page.locator(".bubble", has_text=text)


def test_the_main_job(dashboard: Stack, log_in: LogIn) -> None:
    agent = log_in("agent")
    name = open_pending(agent)

    text = "Bom dia! Seu pedido saiu para entrega 🚚"
    write(agent, text)
    expect(bubble(agent, text)).to_have_attribute("data-state", "sent")
    expect(agent.get_by_label("Message", exact=True)).to_have_value("")

    phone = agent.context.new_page()
    phone.goto(agent.get_by_role("link", name="Read the conversation").get_attribute("href"))
    expect(phone.get_by_text(text)).to_have_count(1)
    assert accepted(dashboard, text) == 1
    phone.close()

    agent.get_by_role("button", name="Done").click()
    expect(agent.get_by_role("button", name="Done")).to_have_attribute("aria-pressed", "true")
    expect(agent.locator(".pane--list").get_by_text(name, exact=True)).to_have_count(0)
    agent.get_by_role("button", name="Undo").click()
    expect(agent.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")
    expect(agent.locator(".pane--list").get_by_text(name, exact=True)).to_have_count(1)

    admin = log_in("admin")
    admin.goto("/contacts/")
    admin.get_by_role("link", name=re.compile("New contact", re.IGNORECASE)).first.click()
    for field, value in {
        "First name": "Zuleica",
        "Last name": "Prado",
        "Country code": "55",
        "Phone": "11 98877-6655",
        "City": "Campinas",
    }.items():
        admin.get_by_label(field).first.fill(value)
    admin.get_by_role("button", name="Create contact").click()
    find_contact(admin, "Zuleica Prado")

    admin.get_by_role("link", name="Edit").first.click()
    admin.get_by_label("Last name").fill("Prado Lima")
    admin.get_by_role("button", name="Save").click()
    find_contact(admin, "Zuleica Prado Lima")
    expect(admin.get_by_text("Campinas")).to_be_visible()

    admin.get_by_role("link", name="Edit").first.click()
    admin.get_by_text("Delete contact…").click()
    admin.get_by_role("button", name="Delete contact").click()
    expect(admin).to_have_url(re.compile(r"/contacts/(\?.*)?$"))
    admin.goto("/contacts/?search=Zuleica")
    expect(admin.get_by_text("Zuleica Prado Lima")).to_have_count(0)


def find_contact(page: Page, name: str) -> None:
    expect(page).to_have_url(re.compile(r"/contacts/(\?.*)?$"))
    page.goto("/contacts/?search=Zuleica")
    expect(page.get_by_text(name)).to_be_visible()


def test_a_status_that_is_refused_goes_back_with_the_reason(log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 1)

    page.get_by_role("button", name="Unread").click()

    expect(page.locator(".triage__refused")).to_contain_text("does not let")
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Unread")).to_have_attribute("aria-pressed", "false")


def test_a_slow_status_shows_at_once(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 1)
    endpoint = ["inbox/change-conversation-status"]
    ask(dashboard, "POST", "faults", {"fault": "latency", "endpoints": endpoint, "seconds": 8})

    page.get_by_role("button", name="Important").click()

    expect(page.get_by_role("button", name="Important")).to_have_attribute(
        "aria-pressed", "true", timeout=7000
    )
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Pending")).to_have_attribute("aria-pressed", "true")


def test_a_double_click_on_send_sends_once(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 2)

    page.get_by_label("Message", exact=True).fill("Só uma vez, por favor")
    page.get_by_role("button", name="Send", exact=True).dblclick()

    expect(bubble(page, "Só uma vez")).to_have_attribute("data-state", "sent")
    expect(bubble(page, "Só uma vez")).to_have_count(1)
    time.sleep(2)
    assert accepted(dashboard, "Só uma vez, por favor") == 1


def test_an_expired_session_keeps_the_text(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 2)
    address = page.url
    page.get_by_label("Message", exact=True).fill("Isto levou tempo para escrever")
    page.context.clear_cookies(name="sessionid")

    page.get_by_role("button", name="Send", exact=True).click()

    expect(page).to_have_url(re.compile("/accounts/login/"))
    expect(page.get_by_text("What you were writing is still there")).to_be_visible()
    page.locator("#id_login").fill("agent")
    page.locator("#id_password").fill("wazime-demo")
    page.locator("#id_password").press("Enter")
    expect(page).to_have_url(address)
    expect(page.get_by_label("Message", exact=True)).to_have_value("Isto levou tempo para escrever")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(bubble(page, "Isto levou tempo")).to_have_attribute("data-state", "sent")


def test_a_customer_who_writes_moves_up(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/")
    last = page.locator(".row__link").last
    name = last.inner_text()
    last.click()
    href = page.get_by_role("link", name="Read the conversation").get_attribute("href")
    number = re.search(r"/phones/(\d+)/", href).group(1)

    code = "55" if number.startswith("55") else number[:2]
    body = {"code": code, "mobile": number[len(code) :], "text": "Oi?"}
    ask(dashboard, "POST", "inbound", body)

    expect(page.locator(".row__link").first).to_have_text(name, timeout=15_000)


def test_an_uncertain_message_is_decided_by_a_person(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 3)
    send = ["inbox/send-message"]
    ask(dashboard, "POST", "faults", {"fault": "drop", "endpoints": send, "times": 1, "left": True})

    write(page, "Chegou ou não?")
    expect(bubble(page, "Chegou ou não?")).to_have_attribute("data-state", "uncertain")
    page.get_by_role("button", name="mark as sent").click()

    expect(bubble(page, "Chegou ou não?")).to_have_attribute("data-state", "sent")
    expect(bubble(page, "Chegou ou não?")).to_contain_text("Marked as sent by")
    assert accepted(dashboard, "Chegou ou não?") == 1


def test_a_text_written_while_no_worker_runs_goes_out_later(
    dashboard: Stack, log_in: LogIn
) -> None:
    page = log_in("agent")
    open_pending(page, 4)
    dashboard.kill("worker", signal.SIGSTOP)

    write(page, "Assim que der")
    expect(bubble(page, "Assim que der")).to_have_attribute("data-state", "queued")
    dashboard.kill("worker", signal.SIGCONT)

    expect(bubble(page, "Assim que der")).to_have_attribute("data-state", "sent", timeout=30_000)
    assert accepted(dashboard, "Assim que der") == 1


def test_a_text_written_while_redis_is_down_goes_out_later(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 5)
    dashboard.kill("redis", signal.SIGKILL)

    write(page, "Sem Redis também")
    expect(bubble(page, "Sem Redis também")).to_be_visible(timeout=10_000)

    expect(bubble(page, "Sem Redis também")).to_have_attribute("data-state", "sent", timeout=60_000)
    assert accepted(dashboard, "Sem Redis também") == 1


def test_everything_is_reachable_on_a_phone(log_in: LogIn) -> None:
    page = log_in("agent", viewport={"width": 390, "height": 844})
    name = open_pending(page, 1)
    expect(page.locator(".pane--list")).to_be_hidden()
    for path in (page.url, "/inbox/", "/contacts/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.goto("/inbox/?status=2")
    page.get_by_text(name, exact=True).first.click()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".pane--list")).to_be_visible()


def test_without_javascript_one_can_read_triage_and_write(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent", java_script_enabled=False)
    open_pending(page, 6)
    page.get_by_role("button", name="Important").click()
    expect(page.get_by_role("button", name="Important")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Pending").click()

    write(page, "Sem JavaScript")
    expect(bubble(page, "Sem JavaScript")).to_be_visible()
    for _ in range(300):
        if accepted(dashboard, "Sem JavaScript"):
            break
        time.sleep(0.2)
    page.reload()
    expect(bubble(page, "Sem JavaScript")).to_have_attribute("data-state", "sent")


def test_the_demo_leads_to_the_customers_phones(log_in: LogIn) -> None:
    page = log_in("agent")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Demo").click()

    expect(opened.value.locator('a[href^="/phones/"]').first).to_be_visible()
