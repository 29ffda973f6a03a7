"""Every kind of message in a real browser, down to what the customer's phone got."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LogIn, accepted, ask
from tests.e2e.test_main_job import bubble, open_pending, write
from tests.stack import Stack
from tests.waiting import eventually

SEND = ["inbox/send-message"]
Files = Callable[..., list[Path]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """`files("a.png", "b.pdf")`: real ones of these names."""

    def make(*names: str) -> list[Path]:
        for name in names:
            path = tmp_path / name
            if path.suffix == ".png":
                Image.new("RGB", (60, 40), "teal").save(path)
            else:
                path.write_bytes(b"%PDF-1.4\n" + name.encode() + b"x" * 2000)
        return [tmp_path / name for name in names]

    return make


def choose(page: Page, kind: str, paths: list[Path] | None = None) -> None:
    """Open a kind from the menu; for a medium, choose its files."""
    page.get_by_label("Send something else").click()
    item = page.locator("#composer .menu__panel").get_by_text(kind, exact=True)
    if paths is None:
        item.click()
        return
    with page.expect_file_chooser() as chooser:
        item.click()
    chooser.value.set_files(paths)


def press_send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()


def got(dashboard: Stack) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = ask(dashboard, "GET", "accepted")["accepted"]
    return messages


def tray(page: Page):
    return page.locator(".tray__item")


def test_an_image_with_a_caption(dashboard: Stack, log_in: LogIn, files: Files) -> None:
    page = log_in("agent")
    open_pending(page, 0)

    choose(page, "Photo", files("vitrine.png"))
    assert page.locator(".tray__preview img").evaluate("image => image.decode().then(() => true)")
    page.get_by_label("Message", exact=True).fill("A nova vitrine")
    expect(page.locator("#counter")).to_have_text("14 / 1,024")
    press_send(page)

    expect(bubble(page, "A nova vitrine")).to_have_attribute("data-state", "sent")
    expect(tray(page)).to_have_count(0)
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
    last = got(dashboard)[-1]
    assert (last["kind"], last["text"], last["file"]["name"]) == (
        "image",
        "A nova vitrine",
        "vitrine.png",
    )


def test_a_document(dashboard: Stack, log_in: LogIn, files: Files) -> None:
    page = log_in("agent")
    open_pending(page, 0)

    choose(page, "Document", files("orçamento.pdf"))
    press_send(page)

    expect(bubble(page, "orçamento.pdf")).to_have_attribute("data-state", "sent")
    assert got(dashboard)[-1]["file"]["name"] == "orçamento.pdf"


def test_a_location_pasted_as_a_link(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 0)
    page.get_by_label("Message", exact=True).fill("Ainda escrevendo")

    choose(page, "Location")
    link = "https://www.google.com/maps/place/Casa/@-23,-46,17z/data=!3d-23.5616!4d-46.6559"
    page.get_by_label("Map link or coordinates").fill(link)
    expect(page.get_by_label("Latitude")).to_have_value("-23.5616")
    expect(page.locator("[data-point]")).to_contain_text("-23.5616, -46.6559")
    page.get_by_label("Name of the place").fill("Casa Aurora")
    press_send(page)

    expect(bubble(page, "Casa Aurora")).to_have_attribute("data-state", "sent")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Ainda escrevendo")
    last = got(dashboard)[-1]
    assert last["location"]["latitude"] == -23.5616
    assert last["text"] is None


def test_a_template(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 0)

    choose(page, "Template")
    page.get_by_label("aviso_horario").check()
    press_send(page)

    expect(bubble(page, "Neste sábado abriremos")).to_have_attribute("data-state", "sent")
    assert got(dashboard)[-1]["kind"] == "template"


def test_a_file_of_the_wrong_type_is_not_even_uploaded(log_in: LogIn, files: Files) -> None:
    page = log_in("agent")
    open_pending(page, 0)

    choose(page, "Document", files("programa.exe"))

    expect(page.locator("#composer-errors")).to_contain_text("programa.exe: WhatsApp does not take")
    expect(tray(page)).to_have_count(0)


def test_a_refused_file_stays_with_its_caption(log_in: LogIn, tmp_path: Path) -> None:
    page = log_in("agent")
    open_pending(page, 0)
    disguised = tmp_path / "fatura.pdf"
    disguised.write_bytes(b"MZ" + bytes(500))

    choose(page, "Document", [disguised])
    page.get_by_label("Message", exact=True).fill("A sua fatura")
    press_send(page)

    expect(page.locator("#composer-errors")).to_contain_text("fatura.pdf: WhatsApp takes documents")
    expect(tray(page)).to_have_count(1)
    expect(page.get_by_label("Message", exact=True)).to_have_value("A sua fatura")
    page.get_by_label("Remove").click()
    press_send(page)
    expect(bubble(page, "A sua fatura")).to_have_attribute("data-state", "sent")


def test_several_files_arrive_in_order_with_the_text_on_the_first(
    dashboard: Stack, log_in: LogIn, files: Files
) -> None:
    page = log_in("agent")
    open_pending(page, 1)
    before = len(got(dashboard))
    names = ["um.png", "dois.pdf", "três.png", "quatro.pdf"]

    with page.expect_file_chooser() as chooser:
        page.get_by_label("Send something else").click()
        page.locator("#composer .menu__panel").get_by_text("Photo", exact=True).click()
    chooser.value.set_files(files(*names)[:1])
    for name in names[1:]:
        choose(page, "Document" if name.endswith("pdf") else "Photo", files(name))
    page.get_by_label("Message", exact=True).fill("Tudo de uma vez")
    press_send(page)

    expect(tray(page)).to_have_count(0, timeout=15_000)
    assert eventually(lambda: len(got(dashboard)) == before + 4)
    arrived = got(dashboard)[before:]
    assert [message["file"]["name"] for message in arrived] == names
    assert [message["text"] for message in arrived] == ["Tudo de uma vez", None, None, None]
    expect(page.get_by_label("Message", exact=True)).to_have_value("")


def test_files_can_be_dropped_on_the_thread_and_pasted(log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 1)

    drop = """(type) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["%PDF-1.4"], `${type}.pdf`, { type: "application/pdf" }));
      const how = { bubbles: true, cancelable: true };
      const target = document.querySelector(type === "drop" ? "#thread" : "#id_message");
      const data = type === "drop" ? { dataTransfer: transfer } : { clipboardData: transfer };
      const Event = type === "drop" ? DragEvent : ClipboardEvent;
      if (type === "drop") target.dispatchEvent(new DragEvent("dragover", { ...how, ...data }));
      const isShown = !document.querySelector("[data-dropzone]").hidden;
      target.dispatchEvent(new Event(type, { ...how, ...data }));
      return isShown;
    }"""
    assert page.evaluate(drop, "drop"), "it says that the file can be dropped"
    expect(page.locator("[data-dropzone]")).to_be_hidden()
    page.evaluate(drop, "paste")

    expect(tray(page)).to_have_text([re.compile("drop.pdf"), re.compile("paste.pdf")])


def test_an_upload_can_be_cancelled_and_sent_after_all(
    dashboard: Stack, log_in: LogIn, tmp_path: Path
) -> None:
    page = log_in("agent")
    open_pending(page, 1)
    large = tmp_path / "grande.pdf"
    large.write_bytes(b"%PDF-1.4\n" + bytes(3_000_000))
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1}
    network.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": 300_000})

    choose(page, "Document", [large])
    press_send(page)
    expect(page.locator(".tray__progress")).to_be_visible()
    page.get_by_role("button", name="Cancel the upload").click()
    expect(page.get_by_role("button", name="Cancel the upload")).to_be_hidden()
    expect(tray(page)).to_have_count(1)

    network.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": -1})
    press_send(page)
    expect(bubble(page, "grande.pdf")).to_have_attribute("data-state", "sent", timeout=20_000)
    names = [message["file"]["name"] for message in got(dashboard) if message["file"]]
    assert names.count("grande.pdf") == 1


def test_a_double_click_sends_a_file_once(dashboard: Stack, log_in: LogIn, files: Files) -> None:
    page = log_in("agent")
    open_pending(page, 1)

    choose(page, "Document", files("único.pdf"))
    page.get_by_role("button", name="Send", exact=True).dblclick()

    expect(bubble(page, "único.pdf")).to_have_attribute("data-state", "sent")
    time.sleep(1)
    names = [message["file"]["name"] for message in got(dashboard) if message["file"]]
    assert names.count("único.pdf") == 1


def test_files_of_a_conversation_wait_while_another_is_looked_at(
    log_in: LogIn, files: Files
) -> None:
    page = log_in("agent")
    name = open_pending(page, 1)
    choose(page, "Document", files("espera.pdf"))

    page.locator(".row__link").nth(2).click()
    expect(tray(page)).to_have_count(0)
    page.locator(".row__link").get_by_text(name, exact=True).click()

    expect(tray(page)).to_contain_text("espera.pdf")


def test_a_closed_gate_is_shown_and_opens_by_itself(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    open_pending(page, 2)
    ask(dashboard, "POST", "faults", {"fault": "ip_not_whitelisted"})
    # The conversation was read before; only the worker meets the fault.

    write(page, "Espere o portão")
    expect(page.locator("#gate")).to_contain_text("Tell an admin")
    expect(log_in("admin").locator("#gate")).to_contain_text("203.0.113.7")
    expect(bubble(page, "Espere o portão")).to_have_attribute("data-state", "queued")
    ask(dashboard, "DELETE", "faults")

    expect(bubble(page, "Espere o portão")).to_have_attribute("data-state", "sent", timeout=60_000)
    assert accepted(dashboard, "Espere o portão") == 1


def test_a_first_message_to_a_number(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent")
    page.goto("/inbox/")
    page.get_by_role("link", name="New message").click()
    page.get_by_label("Phone number").fill("123")
    page.get_by_label("Message", exact=True).fill("Muito prazer")
    press_send(page)
    expect(page.locator("#id_mobile_error")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Muito prazer")

    page.get_by_label("Phone number").fill("(11) 97777-5555")
    page.get_by_label("First name").fill("Zuleica")
    press_send(page)

    expect(page).to_have_url(re.compile("/inbox/outbox/"))
    assert eventually(lambda: accepted(dashboard, "Muito prazer") == 1)
    page.goto("/inbox/?search=Zuleica")
    page.locator(".row__link").first.click()
    expect(bubble(page, "Muito prazer")).to_be_visible()


def test_a_file_without_javascript(dashboard: Stack, log_in: LogIn, files: Files) -> None:
    page = log_in("agent", java_script_enabled=False)
    open_pending(page, 3)

    page.get_by_label("Send something else").click()
    page.locator("#composer .menu__panel").get_by_text("Document", exact=True).click()
    page.locator("#id_document").set_input_files(files("sem-script.pdf"))
    page.get_by_label("Message", exact=True).fill("Sem script")
    press_send(page)

    expect(bubble(page, "sem-script.pdf")).to_be_visible()

    assert eventually(lambda: accepted(dashboard, "Sem script") == 1)


def test_a_template_without_javascript(dashboard: Stack, log_in: LogIn) -> None:
    page = log_in("agent", java_script_enabled=False)
    open_pending(page, 3)
    before = len(got(dashboard))

    page.get_by_label("Send something else").click()
    page.locator("#composer .menu__panel").get_by_text("Template", exact=True).click()
    page.get_by_label("aviso_horario").check()
    press_send(page)

    # The same person may have got it before.
    expect(bubble(page, "Neste sábado abriremos").last).to_be_visible()
    assert eventually(lambda: len(got(dashboard)) == before + 1)
    assert got(dashboard)[-1]["kind"] == "template"
