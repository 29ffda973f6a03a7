"""Every page of the dashboard, and every state of it that people see: one list, PAGES.

tests/e2e/test_pages.py looks at each of them, tests/screenshots.py photographs them. A new page
needs a line here: a test compares the list with the addresses that the dashboard has. It needs an
id from `furnish`, too, under the name that its address has for it, where it is about one thing.
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PASSWORD, ask
from tests.e2e.test_broadcasts import (
    PATIENTLY,
    cancel,
    counted,
    figure,
    fill_in,
    in_state,
    mobiles,
    paste,
    start,
    upload,
)
from tests.e2e.test_teamwork import SOON
from tests.stack import Stack
from tests.waiting import eventually

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

SEND = ["inbox/send-message"]
SEND_TEMPLATE = ["inbox/send-template-message"]
# Customers of the sandbox, by their numbers.
ANA, ARAB, HEBREW, LONG, ALONE = (
    "11912345678",
    "11987650003",
    "41987650004",
    "11987650008",
    "11955550101",
)
PICTURE = Path(__file__).parent.parent.parent / "docs" / "inbox.png"


@dataclass(frozen=True)
class Shown:
    """A page in one of its states.

    name: its picture's, too; address: with {places} as `furnish` made them; role: "" for somebody
    who is not logged in; act: what is done there first; sees: a selector of what it is about,
    waited for; faults: the sandbox's meanwhile.
    """

    name: str
    address: str
    role: str = "admin"
    act: Callable[[Page], None] | None = None
    sees: str = "h1"
    faults: tuple[dict[str, Any], ...] = ()


class Tour:
    """A browser for each role, in front of a stack that holds something of everything."""

    def __init__(self, browser: Browser, stack: Stack) -> None:
        self.stack = stack
        self.broken: list[str] = []
        self.pages = {role: self._page(browser, role) for role in ("admin", "agent", "")}
        self.places = furnish(self)

    def _page(self, browser: Browser, role: str) -> Page:
        page = browser.new_context(
            base_url=self.stack.url, locale="en-US", reduced_motion="reduce", viewport=DESK
        ).new_page()
        page.on("pageerror", lambda error: self.broken.append(f"{page.url}: {error}"))
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.goto("/accounts/login/")
        if role:
            log_in(role, PASSWORD)(page)
            page.wait_for_url("**/inbox/")
        return page

    def open(self, shown: Shown) -> Page:
        """Its page on a desk, in the light."""
        page = self.pages[shown.role]
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        ask(self.stack, "DELETE", "faults")
        ask(self.stack, "POST", "faults", list(shown.faults))
        page.goto(shown.address.format(**self.places))
        if shown.act:
            shown.act(page)
        expect(page.locator(shown.sees).first).to_be_attached(timeout=SOON)
        expect(page.locator(".htmx-request")).to_have_count(0, timeout=SOON)
        return page


# --- Something of everything ------------------------------------------------------------------


def furnish(tour: Tour) -> dict[str, Any]:
    """Fill the stack by what people do; the names by which PAGES finds it again."""
    admin, agent = tour.pages["admin"], tour.pages["agent"]
    talks = {
        name: number_in(admin, f"/inbox/?search={mobile}", ".row__link")
        for name, mobile in {
            "conversation_id": ANA,
            "arab": ARAB,
            "hebrew": HEBREW,
            "long": LONG,
        }.items()
    }
    places: dict[str, Any] = talks | broadcasts(admin, tour.stack) | team(admin)
    send_everything(agent, tour.stack, talks["conversation_id"])
    for name, text in (("arab", "مرحبا! طلبك جاهز للاستلام."), ("hebrew", "שלום! ההזמנה מוכנה.")):
        post(agent, f"/inbox/{talks[name]}/messages/", send_id=str(uuid4()), message=text)
    post(agent, f"/inbox/{talks['long']}/messages/", send_id=str(uuid4()), message="Oi! " * 300)
    settled(tour.stack)
    work_together(admin, agent, talks["conversation_id"], places["person_id"])
    tomorrow = f"{date.today() + timedelta(days=1)}T09:00"
    post(agent, f"/inbox/{talks['hebrew']}/snooze/", until=tomorrow)
    post(
        admin, "/contacts/opt-outs/new/", numbers="\n".join(mobiles(90_000_000, 12)), reason="SAIR"
    )
    [[message]] = tour.stack.rows("SELECT max(id) FROM inbox_message WHERE state = 'uncertain'")
    return places | {
        "alone": alone(admin),
        "contact_id": number_in(admin, f"/contacts/?search={ANA}", "a[href*='/edit/']"),
        "reply_id": number_in(admin, "/inbox/replies/", "a[href*='/edit/']"),
        "message_id": message,
        "name": "days",  # of a report
    }


def number_in(page: Page, address: str, link: str) -> int:
    """The id in the address of the first such link there."""
    page.goto(address)
    href = page.locator(link).first.get_attribute("href") or ""
    return int(re.findall(r"\d+", href)[0])


def alone(page: Page) -> int:
    """A conversation without a contact."""
    for number in range(1, 10):
        page.goto(f"/inbox/?page={number}")
        row = page.locator(".row:has(.row__text:empty) .row__link")
        if row.count():
            return int(re.findall(r"\d+", row.first.get_attribute("href") or "")[0])
    raise LookupError("every conversation has a contact")


def post(page: Page, address: str, **fields: Any) -> str:
    """What the form there would send; the page that answers it."""
    cookies = page.context.cookies()
    token = next(cookie["value"] for cookie in cookies if cookie["name"] == "csrftoken")
    answer = page.request.post(address, multipart=fields, headers={"X-CSRFToken": token})
    assert answer.ok, (address, answer.status, answer.text())
    return answer.text()


def send_everything(page: Page, stack: Stack, conversation: int) -> None:
    """A message of most kinds, and one in each state that it ends in."""
    picture = {"name": "vestido.png", "mimeType": "image/png", "buffer": PICTURE.read_bytes()}
    place = {"latitude": "-23.5617", "longitude": "-46.6560", "location_name": "Casa Aurora"}
    lost = {"fault": "drop", "endpoints": SEND, "times": 1, "left": True}
    refused = {"fault": "image_upload_error", "endpoints": SEND, "times": 1}
    for content, fault in (
        ({"message": "Bom dia, Ana! Seu pedido saiu para entrega 🚚"}, None),
        ({"message": "O vestido azul, como pediu", "image": picture}, None),
        (place, None),
        ({"template_id": "4"}, None),
        ({"message": "Chegou tudo certo?"}, lost),
        ({"message": "E o cinto?"}, refused),
    ):
        if fault:
            ask(stack, "POST", "faults", fault)
        post(page, f"/inbox/{conversation}/messages/", send_id=str(uuid4()), **content)
        settled(stack)


def work_together(admin: Page, agent: Page, conversation: int, person: int) -> None:
    """The agent has the conversation, and both wrote notes on it."""
    post(admin, f"/inbox/{conversation}/assign/", person=str(person))
    post(admin, f"/inbox/{conversation}/notes/", text="Troca autorizada até sexta-feira.")
    post(agent, f"/inbox/{conversation}/notes/", text="Prefere mensagens de manhã.\nTamanho M.")


def settled(stack: Stack) -> None:
    """Wait until every message that is no broadcast's is final."""
    query = (
        "SELECT count(*) FROM inbox_message "
        "WHERE state IN ('queued', 'sending') AND broadcast_id IS NULL"
    )
    assert eventually(lambda: not stack.rows(query)[0][0], 120)


def broadcasts(page: Page, stack: Stack) -> dict[str, int]:
    """One in each state. The first takes longer than a minute, as its chart does."""
    refused, lost = mobiles(80_000_000, 2)
    rules = [{"fault": "image_upload_error", "numbers": [refused], "endpoints": SEND_TEMPLATE}]
    rules += [{"fault": "http_500", "numbers": [lost], "endpoints": SEND_TEMPLATE}]
    ask(stack, "POST", "faults", rules)
    found = {}
    for name, title, numbers, rate in (
        ("finished", "Horário de sábado", mobiles(80_000_000, 20), "0.25"),
        ("paused", "Aviso aos clientes de Campinas", mobiles(82_000_000, 60), "0.1"),
        ("cancelled", "Enviado por engano", mobiles(83_000_000, 30), "0.1"),
    ):
        paste(page, title, numbers, rate=rate)
        start(page, len(numbers))
        found[name] = broadcast_id(page)
    cancel(page)
    in_state(page, "cancelled")
    page.goto(f"/broadcasts/{found['paused']}/")
    page.get_by_role("button", name="Pause").click()
    in_state(page, "paused")
    found["running"] = to_everybody(page, "Coleção de inverno")
    with tempfile.TemporaryDirectory() as folder:
        clients = Path(folder) / "clientes-com-um-nome-comprido-2026-11.csv"
        rows = [f"Ana {place};{number};Campinas" for place, number in enumerate(mobiles(1, 40))]
        clients.write_text("\n".join(["Nome;Telefone;Cidade", *rows, "Bia;1;?", rows[0]]))
        upload(page, "Rascunho com um nome bastante comprido " * 2, clients, rate="5")
        counted(page, 40)
    found["broadcast_id"] = broadcast_id(page)
    return found


def to_everybody(page: Page, title: str) -> int:
    """One that goes on for long, to people whom the inbox knows by their names."""
    fill_in(page, title, rate="0.2")
    page.locator("summary", has_text="All contacts").click()
    page.get_by_label("Everybody in the contacts").check()
    page.get_by_role("button", name="Create draft").click()
    recipients = figure(page, "Will get it")
    expect(recipients).to_be_visible(timeout=PATIENTLY)
    start(page, int(recipients.inner_text()))
    return broadcast_id(page)


def broadcast_id(page: Page) -> int:
    return int(re.findall(r"/broadcasts/(\d+)/", page.url)[0])


def team(page: Page) -> dict[str, Any]:
    """Links for somebody who is invited and for somebody who forgot, and a closed account."""
    joining = token_in(post(page, "/team/invite/", name="Marina Alves", email="", role="agent"))
    me, agent = (
        number_in(page, f"/team/?search={name}", "table a[href^='/team/']")
        for name in ("admin", "agent")
    )
    forgotten = token_in(post(page, f"/team/{agent}/password/"))
    return {"joining": joining, "forgotten": forgotten, "me": me, "person_id": agent}


def token_in(answer: str) -> str:
    return re.findall(r"token=([\w-]+)", answer)[0]


# --- What is done there -----------------------------------------------------------------------


Act = Callable[[Page], None]


def click(*selectors: str) -> Act:
    def act(page: Page) -> None:
        for selector in selectors:
            page.locator(selector).first.click()

    return act


def press(*keys: str) -> Act:
    def act(page: Page) -> None:
        for key in keys:
            page.keyboard.press(key)

    return act


def fill(submit: str, **fields: str) -> Act:
    """Fill fields in by their ids, and send the form."""

    def act(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"#id_{name}").fill(value)
        page.locator(submit).first.click()

    return act


def log_in(name: str, password: str) -> Act:
    return fill(".entrance form [type=submit]", login=name, password=password)


def palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("Ana")
    expect(page.locator("#palette-found [role=option]").first).to_be_visible(timeout=SOON)


def slash(page: Page) -> None:
    page.locator("#id_message").fill("")
    page.locator("#id_message").press("/")
    expect(page.locator("#picker-list [role=option]").first).to_be_visible(timeout=SOON)


def attach(page: Page) -> None:
    page.locator("#id_image").set_input_files(PICTURE)


def pick(page: Page) -> None:
    """Select several rows of the list."""
    for place in range(4):
        page.locator("[data-pick]").nth(place).check()


def pick_in_vain(page: Page) -> None:
    pick(page)
    page.keyboard.press("3")


def edit_note(page: Page) -> None:
    page.locator(".pane--side").evaluate("pane => (pane.open = true)")  # for a phone, too
    page.locator(".team-note summary").first.click()


def beside_a_colleague(page: Page) -> None:
    """An admin looks at the conversation, too, and writes."""
    browser = page.context.browser
    assert browser
    colleague = browser.new_context(locale="en-US").new_page()
    colleague.goto(page.url)
    log_in("admin", PASSWORD)(colleague)
    colleague.wait_for_url(page.url)  # and until its scripts have run
    colleague.locator("#id_message").press_sequentially("Oi")
    expect(page.locator("#others-writing")).to_be_visible(timeout=SOON)


def without_token(**fields: str) -> Act:
    """Send what was written when the browser no longer has what proves that it is from here."""

    def act(page: Page) -> None:
        page.context.clear_cookies(name="csrftoken")
        fill(SUBMIT, **fields)(page)

    return act


def send_too_much(page: Page) -> None:
    """More than the field lets anybody type."""
    page.locator("#id_name").evaluate("field => { field.value = 'x'.repeat(9_000_000); }")
    click(SUBMIT)(page)


def try_too_often(page: Page) -> None:
    wrong = fill(SUBMIT, oldpassword="x", password1="y", password2="z")

    def is_refused() -> bool:
        wrong(page)
        page.wait_for_load_state()
        return page.get_by_text("429").count() > 0

    assert eventually(is_refused, 120)


def until_stale(page: Page) -> None:
    """Load the page again until what was kept of it is too old to be fresh."""

    def is_stale() -> bool:
        page.reload()
        return page.locator("main .banner--warn").count() > 0

    assert eventually(is_stale, 120)


def close_gate(page: Page) -> None:
    """Nothing can be sent from now on."""
    fill("#composer-form [type=submit]", message="Depois da pausa")(page)
    expect(page.locator("#gate .banner")).to_be_visible(timeout=60_000)


# What runs meanwhile goes on sending, but where nothing can be sent any more.
READS = ["contact/list", "inbox/conversation-list", "inbox/conversation-details"]
READS += ["inbox/template-list"]
DOWN = ({"fault": "maintenance", "endpoints": READS},)
REFUSED = ({"fault": "ip_not_whitelisted", "endpoints": READS},)
CLOSED = ({"fault": "ip_not_whitelisted"},)
UNCHANGED = ({"fault": "http_502", "endpoints": ["inbox/change-conversation-status"]},)
LONG_AGO = "period=dates&since=2001-01-01&until=2001-01-02"
TALK = "/inbox/{conversation_id}/"
WRONG = ".errorlist, .field__error, .banner--danger"
SUBMIT = "main form:not(.search) .button--primary"

PAGES = [
    # Before one is in
    Shown("login", "/accounts/login/", ""),
    Shown("login-refused", "/accounts/login/", "", log_in("agent", "wrong"), WRONG),
    Shown("login-closed", "/accounts/closed/", ""),
    Shown("join", "/join/?token={joining}", ""),
    Shown(
        "join-refused",
        "/join/?token={joining}",
        "",
        fill(SUBMIT, username="agent"),
        WRONG,
    ),
    Shown("join-gone", "/join/?token=nobody", ""),
    Shown("new-password", "/new-password/?token={forgotten}", ""),
    Shown("new-password-gone", "/new-password/?token=nobody", ""),
    # The inbox
    Shown("inbox", "/inbox/", "agent"),
    Shown("inbox-pending", "/inbox/?status=2", "agent"),
    Shown("inbox-unread", "/inbox/?status=4", "agent"),
    Shown("inbox-found", "/inbox/?search=Souza", "agent"),
    Shown("inbox-nothing", "/inbox/?search=nobody", "agent", sees=".empty"),
    Shown("inbox-new-number", "/inbox/?search=11999990000", "agent", sees=".empty"),
    Shown("inbox-page-missing", "/inbox/?page=99", "agent", sees=".empty"),
    Shown("inbox-stale", "/inbox/", "agent", until_stale, ".banner--warn", DOWN),
    Shown("inbox-down", "/inbox/?search=never-asked", "agent", sees=".empty, .banner", faults=DOWN),
    Shown("inbox-mine", "/inbox/?assigned=me", "agent", sees=".row__assignee"),
    Shown("inbox-mine-nothing", "/inbox/?assigned=me", sees=".empty"),
    Shown("inbox-nobodys", "/inbox/?assigned=none", "agent", sees=".row"),
    Shown("inbox-selected", "/inbox/", "agent", pick, "#bulk:not([hidden])"),
    Shown("inbox-selected-refused", "/inbox/", "agent", pick_in_vain, "#undo-several", UNCHANGED),
    Shown("inbox-snoozed", "/inbox/?status=1", "agent", sees=".row__snoozed"),
    Shown("conversation", TALK, "agent", sees=".bubble--out"),
    Shown("conversation-arab", "/inbox/{arab}/", "agent", sees=".bubble--out"),
    Shown("conversation-hebrew", "/inbox/{hebrew}/", "agent", sees=".bubble--out"),
    Shown("conversation-long", "/inbox/{long}/", "agent", sees=".bubble--out"),
    Shown("conversation-alone", "/inbox/{alone}/", "agent"),
    Shown("conversation-missing", "/inbox/99999999/", "agent", sees=".empty"),
    Shown("conversation-stale", TALK, "agent", until_stale, ".banner--warn", DOWN),
    Shown("conversation-down", "/inbox/7/?search=x", "agent", faults=DOWN),
    Shown(
        "conversation-status",
        TALK,
        "agent",
        click("#status-3:not([aria-pressed=true]), #status-2"),
        "#undo",
    ),
    Shown("conversation-refused", TALK, "agent", click("#status-4"), ".triage__refused"),
    Shown(
        "conversation-opened", "/inbox/", "agent", press("j", "j", "j", "j", "j", "j", "j"), "#who"
    ),
    Shown("conversation-selected", TALK, "agent", pick, "#bulk:not([hidden])"),
    Shown("snooze", TALK, "agent", click("#snooze > summary"), "#snooze[open]"),
    Shown("snoozed", "/inbox/{hebrew}/", "agent", sees=".snooze__until"),
    Shown(
        "snoozed-menu",
        "/inbox/{hebrew}/",
        "agent",
        click("#snooze > summary"),
        "#snooze[open]",
    ),
    Shown("assign", TALK, "agent", click("#assignment summary"), "#assignment [open]"),
    Shown("assigned-to-a-colleague", TALK, sees="#assign-me"),
    Shown("beside-a-colleague", TALK, "agent", beside_a_colleague, "#others-writing"),
    Shown("team-note-edited", TALK, "agent", edit_note, ".team-note [open]"),
    Shown("composer-menu", TALK, "agent", click(".composer .menu summary"), ".menu[open]"),
    Shown("composer-image", f"{TALK}?kind=image", "agent", attach, ".tray__item"),
    Shown("composer-location", f"{TALK}?kind=location", "agent"),
    Shown("composer-template", f"{TALK}?kind=template", "agent", sees=".template"),
    Shown("composer-link", f"{TALK}?kind=cta_url", "agent"),
    Shown("composer-list", f"{TALK}?kind=interactive_list", "agent"),
    Shown(
        "composer-wrong",
        f"{TALK}?kind=location",
        "agent",
        fill("#composer-form [type=submit]", latitude="x", longitude="y"),
        WRONG,
    ),
    Shown("replies-picker", TALK, "agent", click("[data-picker]"), "#picker [role=option]"),
    Shown("replies-slash", TALK, "agent", slash, "#picker [role=option]"),
    Shown("new-message", "/inbox/new/", "agent"),
    Shown(
        "new-message-wrong",
        "/inbox/new/",
        "agent",
        fill("#composer-form [type=submit]", mobile="1", message="Oi"),
        "[aria-invalid=true]",
    ),
    Shown("outbox", "/inbox/outbox/", "agent", sees=".entry"),
    Shown("outbox-all", "/inbox/outbox/?state=all", "agent", sees=".entry"),
    Shown("outbox-dates", "/inbox/outbox/?state=all&period=dates", "agent", sees=".entry"),
    Shown("outbox-nothing", "/inbox/outbox/?state=all&search=nobody", "agent", sees=".empty"),
    Shown("outbox-entry", "/inbox/outbox/{message_id}/", "agent"),
    Shown(
        "outbox-evidence", "/inbox/outbox/", "agent", click(".entry__toggle"), ".entry [name=open]"
    ),
    Shown("replies", "/inbox/replies/", "agent"),
    Shown("replies-nothing", "/inbox/replies/?search=nobody-x", "agent", sees=".empty"),
    Shown(
        "replies-delete", "/inbox/replies/", act=click(".replies .menu summary"), sees=".menu[open]"
    ),
    Shown("reply-new", "/inbox/replies/new/"),
    Shown(
        "reply-wrong",
        "/inbox/replies/new/",
        act=fill(SUBMIT, shortcut="a b", text=""),
        sees=WRONG,
    ),
    Shown("reply-edit", "/inbox/replies/{reply_id}/edit/"),
    # What lies over every page
    Shown("keys", "/inbox/", "agent", press("?"), "#keys[open]"),
    Shown("palette", "/inbox/", act=palette, sees="#palette[open]"),
    Shown("user-menu", "/inbox/", "agent", click(".rail__user summary"), ".rail__user[open]"),
    Shown("password", "/accounts/password/change/", "agent"),
    Shown(
        "password-wrong",
        "/accounts/password/change/",
        "agent",
        fill(SUBMIT, oldpassword="x", password1="y", password2="z"),
        WRONG,
    ),
    Shown("logout", "/accounts/logout/", "agent"),
    Shown("join-already-in", "/join/", "agent"),
    Shown("new-password-already-in", "/new-password/", "agent"),
    Shown("forbidden", "/team/", "agent"),
    Shown("expired", "/team/invite/", act=without_token(name="Otávio"), sees="#typed-1"),
    Shown(
        "expired-in-place",
        "/inbox/replies/new/",
        act=without_token(shortcut="depois", text="Escrito antes"),
        sees=".toast--error",
    ),
    Shown("damaged", "/inbox/?" + "a&" * 1001, "agent", sees="text=400"),
    Shown("too-large", "/team/invite/", act=send_too_much, sees="text=413"),
    Shown("too-many-tries", "/accounts/password/change/", "agent", try_too_often, "text=429"),
    Shown("not-found", "/inbox/outbox/99999999/", "agent"),
    Shown("not-found-outside", "/nowhere/", ""),
    # Reports
    Shown("reports", "/reports/"),
    Shown("reports-agent", "/reports/", "agent"),
    Shown("reports-empty", "/reports/?" + LONG_AGO, sees=".empty"),
    Shown("reports-table", "/reports/", act=click("summary:has-text('As a table')"), sees="[open]"),
    # Contacts
    Shown("contacts", "/contacts/"),
    Shown("contacts-agent", "/contacts/", "agent"),
    Shown("contacts-nothing", "/contacts/?search=nobody", sees=".empty"),
    Shown("contacts-stale", "/contacts/", act=until_stale, sees=".banner--warn", faults=DOWN),
    Shown("contacts-down", "/contacts/?search=never-asked", faults=DOWN),
    Shown("contact-new", "/contacts/new/"),
    Shown("contact-wrong", "/contacts/new/", act=click(SUBMIT), sees=WRONG),
    Shown("contact-edit", "/contacts/{contact_id}/edit/?search=" + ANA),
    Shown(
        "contact-delete",
        "/contacts/{contact_id}/edit/?search=" + ANA,
        act=click(".ask summary"),
        sees=".ask[open]",
    ),
    Shown("contact-missing", "/contacts/99999999/edit/"),
    Shown("contact-down", "/contacts/99999998/edit/", faults=DOWN),
    Shown("opt-outs", "/contacts/opt-outs/"),
    Shown("opt-outs-nothing", "/contacts/opt-outs/?search=nobody", sees=".empty"),
    Shown(
        "opt-outs-remove", "/contacts/opt-outs/", act=click("#opt-outs summary"), sees=".menu[open]"
    ),
    Shown("opt-outs-new", "/contacts/opt-outs/new/"),
    Shown(
        "opt-outs-wrong",
        "/contacts/opt-outs/new/",
        act=fill(SUBMIT, numbers="nobody"),
        sees="[role=alert]",
    ),
    # Templates
    Shown("templates", "/templates/", sees=".template"),
    Shown("templates-rejected", "/templates/?status=rejected"),
    Shown("templates-nothing", "/templates/?search=nobody", sees=".empty"),
    Shown("templates-stale", "/templates/", act=until_stale, sees=".banner--warn", faults=DOWN),
    # Broadcasts
    Shown("broadcasts", "/broadcasts/"),
    Shown("broadcast-new", "/broadcasts/new/"),
    Shown("broadcast-wrong", "/broadcasts/new/", act=click(SUBMIT), sees=WRONG),
    Shown("broadcast-draft", "/broadcasts/{broadcast_id}/"),
    Shown(
        "broadcast-draft-wrong",
        "/broadcasts/{broadcast_id}/",
        act=fill("#start [type=submit]", confirm="2"),
        sees="#id_confirm_error",
    ),
    Shown("broadcast-edit", "/broadcasts/{broadcast_id}/edit/"),
    Shown("broadcast-left-out", "/broadcasts/{broadcast_id}/left-out/"),
    Shown("broadcast-audiences", "/broadcasts/audiences/"),
    Shown("broadcast-running", "/broadcasts/{running}/"),
    Shown(
        "broadcast-rate",
        "/broadcasts/{running}/",
        act=click("summary:has-text('a second')"),
        sees=".menu[open]",
    ),
    Shown("broadcast-paused", "/broadcasts/{paused}/"),
    Shown("broadcast-cancelled", "/broadcasts/{cancelled}/"),
    Shown("broadcast-results", "/broadcasts/{running}/results/"),
    Shown("broadcast-results-finished", "/broadcasts/{finished}/results/"),
    Shown(
        "broadcast-finished",
        "/broadcasts/{finished}/",
        act=lambda page: in_state(page, "finished"),
        sees="#chart",
    ),
    Shown(
        "broadcast-undecided",
        "/broadcasts/{finished}/",
        act=click("#undecided summary"),
        sees="#undecided [open]",
    ),
    # The team, and what it runs on
    Shown("team", "/team/"),
    Shown("team-nothing", "/team/?search=nobody", sees=".empty"),
    Shown("team-invite", "/team/invite/"),
    Shown("team-invite-wrong", "/team/invite/", act=fill(SUBMIT, email="nobody"), sees=WRONG),
    Shown("team-link", "/team/invite/", act=fill(SUBMIT, name="Otávio Prado"), sees=".copy__value"),
    Shown("team-me", "/team/{me}/"),
    Shown("team-colleague", "/team/{person_id}/"),
    Shown("team-close", "/team/{person_id}/", act=click(".ask summary"), sees=".ask[open]"),
    Shown("audit", "/audit/"),
    Shown("connection", "/settings/connection/"),
    Shown("connection-down", "/settings/connection/", faults=REFUSED),
    # From here on nothing is sent any more
    Shown("gate-closed", TALK, "agent", close_gate, "#gate .banner", CLOSED),
    Shown("gate-closed-admin", "/inbox/", faults=CLOSED, sees="#gate .banner"),
]
