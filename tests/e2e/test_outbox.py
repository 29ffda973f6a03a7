"""The outbox and the closed gate in a real browser, against the real processes."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import LogIn, accepted, ask
from tests.e2e.test_main_job import bubble, open_pending, write
from tests.stack import Stack

SEND = ["inbox/send-message"]
STOPPED = "Sending has stopped for everybody."


def entry(page: Page, text: str) -> Locator:
    return page.locator(".entry", has_text=text)


def open_outbox(page: Page) -> None:
    page.get_by_role("link", name="Outbox").click()
    expect(page.get_by_role("heading", name="Outbox")).to_be_visible()


def make_uncertain(dashboard: Stack, page: Page, text: str, *, left: bool) -> None:
    rule = {"fault": "drop", "endpoints": SEND, "times": 1, "left": left}
    ask(dashboard, "POST", "faults", rule)
    write(page, text)
    expect(bubble(page, text)).to_have_attribute("data-state", "uncertain")


def waiting(page: Page) -> int:
    """The number on the navigation's badge."""
    badge = page.locator("#attention")
    expect(badge).to_be_attached()
    return int(badge.locator("[aria-hidden]").inner_text() or 0)


def test_an_uncertain_message_is_decided_in_the_outbox(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 7)
    make_uncertain(dashboard, page, "Onde está?", left=True)
    open_outbox(page)
    before = waiting(page)
    row = entry(page, "Onde está?")

    row.get_by_role("link", name="What happened").click()
    expect(row).to_contain_text("Attempt 1")
    expect(row).to_contain_text("RemoteDisconnected")
    expect(row).to_contain_text("So it has probably arrived")
    row.get_by_role("button", name="mark as sent").click()

    expect(row).to_contain_text("Marked as sent by")
    assert waiting(page) == before - 1
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Attempt 1")  # still open after the next poll
    assert accepted(dashboard, "Onde está?") == 1


def test_sending_an_uncertain_message_again_warns_first(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 8)
    make_uncertain(dashboard, page, "De novo?", left=False)
    open_outbox(page)
    row = entry(page, "De novo?")
    warnings: list[str] = []
    page.once("dialog", lambda dialog: (warnings.append(dialog.message), dialog.dismiss()))

    row.get_by_role("button", name="Send again").click()
    expect(row).to_have_attribute("data-state", "uncertain")
    assert "the customer gets it twice" in warnings[0]
    page.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Send again").click()

    expect(row).to_have_attribute("data-state", "sent", timeout=15_000)
    assert accepted(dashboard, "De novo?") == 1


def test_a_closed_gate_is_told_to_everybody_and_reopened_by_an_admin(
    dashboard: Stack, log_in: LogIn
) -> None:
    agent, admin = log_in("agent"), log_in("admin")
    admin.goto("/inbox/")
    open_pending(agent, 9)
    ask(dashboard, "POST", "faults", {"fault": "ip_not_whitelisted"})

    write(agent, "Depois da pausa")

    for page in (agent, admin):
        banner = page.locator("#gate .banner")
        expect(banner).to_contain_text(STOPPED, timeout=15_000)
        expect(banner).to_contain_text("1 message waits")
    expect(agent.locator("#gate .banner")).to_contain_text("Tell an admin")
    cure = "Add 203.0.113.7 to the IP whitelist"
    expect(admin.locator("#gate .banner")).to_contain_text(cure)
    expect(bubble(agent, "Depois da pausa")).to_have_attribute("data-state", "queued")
    expect(agent.get_by_role("button", name="Try now")).to_have_count(0)
    admin.get_by_role("button", name="Try now").click()
    expect(admin.locator(".toast")).to_contain_text("Not yet.")
    assert accepted(dashboard, "Depois da pausa") == 0

    ask(dashboard, "DELETE", "faults")
    admin.get_by_role("button", name="Try now").click()

    expect(bubble(agent, "Depois da pausa")).to_have_attribute("data-state", "sent", timeout=60_000)
    for page in (agent, admin):
        expect(page.locator("#gate .banner")).to_have_count(0, timeout=30_000)
    assert accepted(dashboard, "Depois da pausa") == 1
