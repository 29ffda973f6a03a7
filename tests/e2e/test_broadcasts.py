"""Broadcasts as an admin sends them, in a real browser, down to what customers' phones got."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Response, Route, expect

from tests.e2e.conftest import LogIn, ask
from tests.stack import Stack

TEMPLATE = "aviso_horario"
# A busy machine with two cores.
PATIENTLY = 90_000  # milliseconds
SEND = ["inbox/send-template-message"]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its own: hundreds of new conversations would be in the other tests' way."""
    with Stack(tmp_path_factory.mktemp("broadcasts") / "data") as stack:
        yield stack


# --- What an admin does -----------------------------------------------------------------------


def mobiles(first: int, count: int) -> list[str]:
    """Brazilian numbers that nobody has yet, with the country's code."""
    return [f"55119{first + place:08d}" for place in range(count)]


def fill_in(page: Page, name: str, rate: str) -> None:
    """The form for a new broadcast, but for the recipients. It is night somewhere."""
    page.goto("/broadcasts/")
    page.get_by_role("link", name="New broadcast").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label(TEMPLATE).check()
    page.get_by_label("Messages a second").fill(rate)
    page.get_by_label("Send nothing between").uncheck()


def paste(page: Page, name: str, numbers: Sequence[str], rate: str) -> None:
    """A draft with pasted numbers whose recipients have been counted."""
    fill_in(page, name, rate)
    page.get_by_label("Phone numbers").fill("\n".join(numbers))
    page.get_by_role("button", name="Create draft").click()
    counted(page, len(numbers))


def upload(page: Page, name: str, file: Path, rate: str) -> None:
    """A draft with a file whose recipients are being counted."""
    fill_in(page, name, rate)
    page.locator("summary", has_text="Upload a file").click()
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Create draft").click()


def counted(page: Page, recipients: int) -> None:
    expect(figure(page, "Will get it")).to_have_text(str(recipients), timeout=PATIENTLY)


def figure(page: Page, label: str) -> Locator:
    return page.locator(".figures > div", has_text=label).locator("dd")


def start(page: Page, recipients: int) -> None:
    page.get_by_label("Type the number of recipients").fill(str(recipients))
    page.get_by_role("button", name="Start broadcast").click()
    in_state(page, "sending", "finished")


def in_state(page: Page, *states: str) -> None:
    expect(page.locator("#broadcast")).to_have_attribute(
        "data-state", re.compile(f"^({'|'.join(states)})$"), timeout=PATIENTLY
    )


def part(page: Page, label: str) -> Locator:
    """How many recipients the live page counts under this state."""
    return page.locator(".live__part", has_text=label).locator("strong")


def change_rate(page: Page, now: str, rate: str) -> None:
    page.locator("summary", has_text=f"{now} a second").click()
    page.get_by_label("Messages a second at most").fill(rate)
    page.get_by_role("button", name="Change the rate").click()
    expect(page.locator("summary", has_text=f"{rate} a second")).to_be_visible()


def cancel(page: Page) -> None:
    page.locator("summary", has_text="Cancel…").click()
    page.get_by_role("button", name="Cancel the broadcast").click()


def under_way(page: Page) -> None:
    """Some have got it."""
    expect(part(page, "Sent").first).not_to_have_text("0", timeout=PATIENTLY)


def answered(response: Response) -> float:
    """When the answer began to arrive, in seconds as the sandbox counts them."""
    timing = response.request.timing
    return (timing["startTime"] + timing["responseStart"]) / 1000


# --- What customers got -----------------------------------------------------------------------


def arrived(dashboard: Stack, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """The messages that these numbers got, oldest first."""
    got = ask(dashboard, "GET", "accepted")["accepted"]
    return [message for message in got if message["number"] in set(numbers)]


def receivers(dashboard: Stack, numbers: Sequence[str]) -> Counter[str]:
    """How many messages each of them got."""
    return Counter(message["number"] for message in arrived(dashboard, numbers))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# --- The main way -----------------------------------------------------------------------------


def test_a_file_becomes_messages_and_results(
    dashboard: Stack, log_in: LogIn, tmp_path: Path
) -> None:
    numbers = mobiles(71_234_500, 12)
    opted_out, tester = mobiles(71_900_000, 2)
    refused = numbers[5]
    names = ["João", "Conceição", "Zoë", "Ana", "Bia", "=HYPERLINK(0)", *"ABCDEF"]
    rows = [f"{name};{number}" for name, number in zip(names, numbers, strict=True)]
    # The same person again without the ninth digit; no number, but a formula; one who said no.
    rows += [f"Outro João;{numbers[0][:4]}{numbers[0][5:]}", "=2+3;nada", f"Não;{opted_out}"]
    clients = tmp_path / "clientes.csv"
    clients.write_bytes("\r\n".join(["Nome;Telefone", *rows, ""]).encode("latin-1"))
    ask(
        dashboard,
        "POST",
        "faults",
        {"fault": "image_upload_error", "endpoints": SEND, "numbers": [refused]},
    )
    page = log_in("admin")
    page.goto("/contacts/opt-outs/new/")
    page.locator("#id_numbers").fill(opted_out)
    page.get_by_role("button", name="Add to the opt-outs").click()
    expect(page).to_have_url(re.compile("/contacts/opt-outs/$"))

    upload(page, "Sábado", clients, rate="3")
    counted(page, 12)
    columns = page.locator("#columns")
    expect(columns.get_by_label("Phone number").locator(":checked")).to_have_text("B: Telefone")
    expect(columns.get_by_label("First name").locator(":checked")).to_have_text("A: Nome")
    expect(columns.get_by_role("cell", name="Conceição")).to_be_visible()
    expect(figure(page, "Left out")).to_have_text("3")
    expect(figure(page, "New contacts")).to_have_text("12")
    expect(page.locator(".reasons__list li")).to_have_text(
        [
            re.compile(r"No valid number\s+1"),
            re.compile(r"The same number again\s+1"),
            re.compile(r"Opted out\s+1"),
        ]
    )
    with page.expect_download() as download:
        page.locator(".reasons").get_by_role("link", name="Download as CSV").click()
    assert [list(row.values()) for row in table(download.value.path())] == [
        ["14", rows[12].replace(";", ", "), "the same number again"],
        ["15", "'=2+3, nada", "no valid number"],
        ["16", f"Não, {opted_out}", "opted out"],
    ]

    page.locator("#test").get_by_label("Phone number").fill(tester)
    page.get_by_role("button", name="Send test").click()
    expect(page.locator("#test-outcome .state--sent")).to_be_visible(timeout=PATIENTLY)
    assert receivers(dashboard, [*numbers, tester]) == {tester: 1}

    confirm = page.get_by_label("Type the number of recipients, 12,")
    confirm.fill("13")
    page.get_by_role("button", name="Start broadcast").click()
    expect(confirm).to_have_accessible_description(re.compile("not the number of recipients"))
    expect(confirm).to_be_focused()
    assert receivers(dashboard, numbers) == {}
    start(page, 12)

    in_state(page, "finished")
    expect(part(page, "Sent").first).to_have_text("11")
    expect(part(page, "Not sent")).to_have_text("1")
    assert receivers(dashboard, [*numbers, opted_out]) == dict.fromkeys(set(numbers) - {refused}, 1)

    page.locator(".page__actions").get_by_role("link", name="Results").click()
    results = page.locator("#results tbody tr")
    expect(results).to_have_count(12)
    page.get_by_role("link", name=re.compile("Not sent")).click()
    expect(results).to_have_count(1)
    expect(page).to_have_url(re.compile("state=rejected"))
    page.get_by_label("Search the recipients").fill(numbers[0][4:])
    expect(page.get_by_text("Nobody found.")).to_be_visible()
    page.get_by_role("link", name="Show all recipients").click()
    expect(results).to_have_count(12)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    found = {row["mobile_code"] + row["mobile"]: row for row in table(download.value.path())}
    states = {number: row["state"] for number, row in found.items()}
    assert states == dict.fromkeys(numbers, "sent") | {refused: "rejected"}
    assert found[refused]["name"] == "'=HYPERLINK(0)"
    assert found[numbers[1]]["name"] == "Conceição"
    assert found[refused]["reason"]


# --- Pause and cancel -------------------------------------------------------------------------


def test_nothing_is_sent_while_it_is_paused(dashboard: Stack, log_in: LogIn) -> None:
    numbers = mobiles(72_000_000, 100)
    page = log_in("admin")
    paste(page, "Com pausa", numbers, rate="5")
    start(page, 100)
    under_way(page)

    with page.expect_response("**/pause/") as paused:
        page.get_by_role("button", name="Pause").click()
    in_state(page, "paused")
    expect(page.locator("#paused")).to_contain_text("nothing of it is sent")
    then = arrived(dashboard, numbers)
    assert 0 < len(then) < 100
    assert max(message["started"] for message in then) <= answered(paused.value)
    page.wait_for_timeout(3000)  # at 5 a second
    assert arrived(dashboard, numbers) == then

    change_rate(page, "5", "20")
    assert arrived(dashboard, numbers) == then
    page.get_by_role("button", name="Go on").click()
    in_state(page, "finished")
    assert receivers(dashboard, numbers) == dict.fromkeys(numbers, 1)


def test_the_rest_is_cancelled(dashboard: Stack, log_in: LogIn) -> None:
    numbers = mobiles(73_000_000, 100)
    page = log_in("admin")
    paste(page, "Sem o resto", numbers, rate="5")
    start(page, 100)
    under_way(page)

    with page.expect_response("**/cancel/") as cancelled:
        cancel(page)
    in_state(page, "cancelled")
    then = arrived(dashboard, numbers)
    rest = str(100 - len(then))
    assert 0 < len(then) < 100
    assert max(message["started"] for message in then) <= answered(cancelled.value)
    expect(part(page, "Cancelled")).to_have_text(rest)
    expect(part(page, "Waiting")).to_have_text("0")

    page.wait_for_timeout(3000)  # at 5 a second
    assert arrived(dashboard, numbers) == then
    assert set(receivers(dashboard, numbers).values()) == {1}
    page.locator(".page__actions").get_by_role("link", name="Results").click()
    expect(page.get_by_role("link", name=f"Cancelled {rest}")).to_be_visible()


# --- What went wrong --------------------------------------------------------------------------


def test_a_retry_sends_to_those_alone_whom_it_never_left_for(
    dashboard: Stack, log_in: LogIn
) -> None:
    numbers = mobiles(74_000_000, 12)
    refused, lost = numbers[1::4], numbers[2::4]
    ask(
        dashboard,
        "POST",
        "faults",
        [
            {"fault": "image_upload_error", "endpoints": SEND, "numbers": refused, "times": 1},
            {"fault": "http_500", "endpoints": SEND, "numbers": lost, "times": 2},
        ],
    )
    page = log_in("admin")
    paste(page, "Com falhas", numbers, rate="20")
    start(page, 12)
    in_state(page, "finished")
    expect(page.locator("#rejected")).to_contain_text("3 messages did not leave.")
    expect(page.locator("#undecided")).to_contain_text("3 messages may or may not have left.")
    reached = dict.fromkeys(set(numbers) - {*refused, *lost}, 1)
    assert receivers(dashboard, numbers) == reached

    page.get_by_role("button", name="Try these again").click()
    expect(page.locator("#rejected")).to_have_count(0)
    in_state(page, "finished")
    expect(part(page, "Sent").first).to_have_text("9")
    reached |= dict.fromkeys(refused, 1)
    assert receivers(dashboard, numbers) == reached

    page.locator("#undecided summary", has_text="Send again…").click()
    page.get_by_role("button", name="Send 3 again").click()
    expect(page.get_by_role("button", name="Send 3 again")).to_have_count(0)
    in_state(page, "finished")
    assert [rule["struck"] for rule in ask(dashboard, "GET", "faults")["rules"]] == [3, 6]
    expect(page.locator("#undecided")).to_contain_text("3 messages may or may not have left.")
    page.get_by_role("button", name="They arrived: mark as sent").click()
    expect(part(page, "Sent").first).to_have_text("12")
    expect(page.locator("#undecided")).to_have_count(0)
    assert receivers(dashboard, numbers) == reached
    page.locator(".page__actions").get_by_role("link", name="Results").click()
    expect(page.locator("#results tbody tr", has_text="Marked as sent by")).to_have_count(3)


# --- Who may ----------------------------------------------------------------------------------


def test_agents_see_and_do_nothing_of_it(dashboard: Stack, log_in: LogIn) -> None:
    numbers = mobiles(75_000_000, 1)
    admin = log_in("admin")
    paste(admin, "Nada para agentes", numbers, rate="5")
    own = admin.url.removeprefix(dashboard.url)
    agent = log_in("agent")

    navigation = agent.get_by_role("navigation").first
    expect(navigation.get_by_role("link", name="Contacts")).to_be_visible()
    expect(agent.get_by_role("link", name="Broadcasts")).to_have_count(0)
    seen = ["", "left-out/", "left-out.csv", "results/", "results.csv", "edit/"]
    for path in ["/broadcasts/", "/broadcasts/new/", "/broadcasts/audiences/"] + [
        own + rest for rest in seen
    ]:
        assert agent.request.get(path).status == 403, path
    token = next(c["value"] for c in agent.context.cookies() if c["name"] == "csrftoken")
    done = ["start/", "pause/", "resume/", "cancel/", "retry/", "copy/", "delete/", "test/"]
    for path in ["/broadcasts/new/"] + [own + rest for rest in done]:
        posted = agent.request.post(path, form={"confirm": "1"}, headers={"X-CSRFToken": token})
        assert posted.status == 403, path
    agent.goto(own)
    expect(agent.get_by_text("Nada para agentes")).to_have_count(0)
    assert receivers(dashboard, numbers) == {}


def test_of_two_who_start_it_the_slower_is_told(dashboard: Stack, log_in: LogIn) -> None:
    numbers = mobiles(76_000_000, 10)
    one, other = log_in("admin"), log_in("admin")
    paste(one, "Duas pessoas", numbers, rate="5")
    other.goto(one.url)
    pages = [one, other]
    for page in pages:
        page.get_by_label("Type the number of recipients").fill("10")
    at = one.evaluate("Date.now()") + 1000
    for page in pages:
        page.get_by_role("button", name="Start broadcast").evaluate(
            "(button, at) => { setTimeout(() => button.click(), at - Date.now()) }", at
        )

    for page in pages:
        in_state(page, "sending", "finished")
        page.wait_for_load_state()
    told = [page.locator(".toast", has_text="Somebody else was quicker").count() for page in pages]
    assert sorted(told) == [0, 1]
    in_state(one, "finished")
    assert receivers(dashboard, numbers) == dict.fromkeys(numbers, 1)


def test_who_pauses_what_has_finished_is_told(dashboard: Stack, log_in: LogIn) -> None:
    numbers = mobiles(77_000_000, 8)
    one, other = log_in("admin"), log_in("admin")
    paste(one, "Tarde demais", numbers, rate="0.2")

    def look_no_more(route: Route) -> None:
        is_poll = route.request.headers.get("hx-target") == "progress"
        route.fulfill(status=204) if is_poll else route.fallback()

    other.route("**/broadcasts/*/", look_no_more)
    start(one, 8)
    other.goto(one.url)
    in_state(other, "sending")
    change_rate(one, "0.2", "20")
    in_state(one, "finished")

    other.get_by_role("button", name="Pause").click()

    expect(other.get_by_role("alert")).to_contain_text("Nothing was done")
    in_state(other, "finished")


# --- Everybody's browser ----------------------------------------------------------------------


def test_it_works_without_javascript(dashboard: Stack, log_in: LogIn) -> None:
    numbers = mobiles(78_000_000, 100)
    page = log_in("admin", java_script_enabled=False)
    fill_in(page, "Sem script", rate="5")
    page.get_by_label("Phone numbers").fill("\n".join(numbers))
    page.get_by_role("button", name="Create draft").click()
    again(page, page.get_by_label("Type the number of recipients, 100,"))

    page.get_by_label("Type the number of recipients").fill("99")
    page.get_by_role("button", name="Start broadcast").click()
    expect(page.get_by_text("This is not the number of recipients.")).to_be_visible()
    start(page, 100)
    again(page, page.locator(".live__sent", has_not_text=re.compile(r"\b0 of 100 sent")))
    page.get_by_role("button", name="Pause").click()
    in_state(page, "paused")
    then = arrived(dashboard, numbers)
    assert 0 < len(then) < 100
    change_rate(page, "5", "20")
    assert arrived(dashboard, numbers) == then
    page.get_by_role("button", name="Go on").click()
    again(page, page.locator("#broadcast[data-state=finished]"))
    assert receivers(dashboard, numbers) == dict.fromkeys(numbers, 1)


def again(page: Page, wanted: Locator) -> None:
    """Load the page again until this is on it."""
    for _time in range(PATIENTLY // 500):
        if wanted.count():
            return
        page.wait_for_timeout(500)
        page.reload()
    expect(wanted).to_be_visible()
