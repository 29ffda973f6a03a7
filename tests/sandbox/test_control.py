"""Starting, resetting, the list of what was accepted, the pages."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import ANA, Api
from tests.sandbox_server import ROOT, Sandbox

PHONE = "/phones/5511912345678/"


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to fail."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_a_taken_port_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = start("--port", str(port))
    assert ended.returncode != 0
    assert ended.stderr.strip() == (
        f"sandbox: port {port} on 127.0.0.1 is taken; choose another with --port"
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"SANDBOX_DATA": "/nowhere/at/all.db"},
        {"SANDBOX_QUIRKS": "nonsense"},
        {"SANDBOX_FAULTS": "{"},
        {"SANDBOX_FAULTS": '[{"fault": "nonsense"}]'},
    ],
)
def test_a_wrong_setting_is_one_clear_sentence(environment: dict[str, str]) -> None:
    ended = start("--port", "0", **environment)
    assert ended.returncode != 0
    assert ended.stderr.startswith("sandbox: ")
    assert "Traceback" not in ended.stderr


def test_a_file_of_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    text, database = tmp_path / "text", tmp_path / "database"
    text.write_bytes(b"not a database" * 100)
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE meta (key, value)")
    for file in (text, database):
        before = file.read_bytes()
        ended = start("--port", "0", "--data", str(file))
        assert ended.returncode != 0
        assert ended.stderr.startswith(f"sandbox: cannot use {file}: ")
        assert file.read_bytes() == before


def test_a_file_of_another_version_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "data.db"
    with Sandbox(data=file) as old:
        Api(old).send({"message": "oi"})
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 1")
    with Sandbox(data=file) as new:
        assert new.accepted() == []
        assert len(Api(new).conversation(paginate=100)) == 60


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_also_while_a_request_hangs(number: int) -> None:
    with Sandbox(faults='[{"fault": "hang"}]') as sandbox:
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{sandbox.base_url}/contact/list", timeout=0.2)
        hanging = socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])))
        hanging.sendall(b"GET /external-api/contact/list HTTP/1.1\r\nHost: x\r\n\r\n")
        sandbox.process.send_signal(number)
        assert sandbox.process.wait(timeout=5) == 0
        hanging.close()


def test_its_file_survives_a_restart(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path / "data.db") as first:
        first.inbound("55", ANA["mobile"], "guarde isto")
        Api(first).send({"message": "e isto"})
        before = Api(first).conversation()
    with Sandbox(data=tmp_path / "data.db") as second:
        assert [each["text"] for each in second.accepted()] == ["e isto"]
        assert Api(second).conversation() == before
        second.reset()
        assert second.accepted() == []
        oldest_first = Api(second).get("inbox/conversation-list", paginate=100)
        assert oldest_first["data"]["conversation"]["total"] == 60


def test_options_choose_credentials_and_behaviour() -> None:
    with Sandbox(
        client_id="a", client_secret="b", behaviour="documented", quirks="plain_lists"
    ) as s:
        headers = {"client-id": "a", "client-secret": "b"}
        answer = requests.get(f"{s.base_url}/contact/list", headers=headers, timeout=5).json()
        assert isinstance(answer["data"]["contacts"], list)
        assert isinstance(answer["data"]["contacts"][0]["id"], int)


def test_a_hundred_thousand_contacts_start_and_answer_quickly() -> None:
    begun = time.monotonic()
    with Sandbox(contacts=100_000) as sandbox:
        started = time.monotonic() - begun
        api = Api(sandbox)
        begun = time.monotonic()
        assert api.get("contact/list", page=4999)["data"]["contacts"]["total"] == 100_000
        assert api.contact(ANA["mobile"])["full_name"] == "Ana Souza"
        answered = time.monotonic() - begun
    assert started < 20  # some two seconds; other tests may hold the machine
    assert answered < 2


def test_reset_brings_back_data_settings_and_no_faults(api: Api) -> None:
    before = api.conversation()
    api.send({"message": "oi"})
    api.post("contact/store", {**ANA, "mobile": "1", "firstname": "a", "lastname": "b"})
    api.sandbox.settings(behaviour="documented", contact_limit=3)
    api.sandbox.add_fault("http_500")
    api.sandbox.reset()
    assert api.sandbox.accepted() == []
    assert api.sandbox.calls() == {}
    assert api.conversation() == before
    assert api.get("contact/list")["data"]["contacts"]["total"] == 120
    assert api.sandbox.settings()["behaviour"] == "observed"


def test_it_counts_calls_however_they_are_answered(api: Api) -> None:
    api.get("contact/list")
    api.send({"message": "oi"})
    api.sandbox.add_fault("http_502", endpoints=["contact/list"])
    api.ask("GET", "contact/list")
    api.ask("GET", "contact/nowhere")
    assert api.sandbox.calls() == {"contact/list": 2, "inbox/send-message": 1}


def test_a_delayed_message_does_not_outlive_a_reset(api: Api) -> None:
    api.sandbox.add_fault("latency", seconds=0.3)
    with pytest.raises(requests.ReadTimeout):
        api.http.post(
            f"{api.sandbox.base_url}/inbox/send-message", data={**ANA, "message": "x"}, timeout=0.1
        )
    api.sandbox.reset()
    time.sleep(0.4)
    assert api.sandbox.accepted() == []


def test_it_lists_what_came_since(api: Api) -> None:
    for text in "abc":
        api.send({"message": text})
    first = api.sandbox.accepted()[0]
    assert [each["text"] for each in api.sandbox.accepted(since=first["sequence"])] == ["b", "c"]


def test_a_long_list_of_accepted_messages_is_whole(api: Api) -> None:
    for number in range(2001):  # one more than a batch
        api.send({"message": str(number)})
    assert [each["text"] for each in api.sandbox.accepted()] == [str(n) for n in range(2001)]


def test_settings_are_checked(sandbox: Sandbox) -> None:
    for wrong in ({"behaviour": "x"}, {"quirks": {"x": True}}, {"x": 1}, {"connected": "no"}):
        with pytest.raises(ValueError, match="error"):
            sandbox.settings(**wrong)
    changed = sandbox.settings(quirks={"omit_empty": False})
    assert changed["behaviour"] == "mixed"
    assert changed["quirks"]["omit_empty"] is False
    assert changed["quirks"]["errors_with_200"] is True


@pytest.mark.parametrize(("behaviour", "status"), [("documented", 4), ("observed", None)])
def test_a_customers_text_moves_the_conversation(
    api: Api, behaviour: str, status: int | None
) -> None:
    api.sandbox.settings(behaviour=behaviour)
    before = next(r for r in api.conversation(paginate=100) if _is_ana(r))
    answer = api.sandbox.inbound("55", ANA["mobile"], "Olá?")
    row = api.conversation()[0]
    assert row["id"] == before["id"]
    assert int(row["id"]) == answer["conversation_id"]
    assert row["last_message_at"] > before["last_message_at"]
    assert row["status"] == (status or before["status"])
    assert api.sandbox.accepted() == []


def _is_ana(row: dict[str, Any]) -> bool:
    return bool(row["contact"]) and row["contact"]["mobile"] == ANA["mobile"]


def test_a_strangers_text_makes_a_contact_and_a_conversation(api: Api) -> None:
    api.sandbox.inbound("55", "11900000001", "Oi")
    row = api.conversation()[0]
    assert row["contact"]["mobile"] == "11900000001"


def test_the_phone_shows_each_message_once_and_as_text(api: Api) -> None:
    api.send({"message": "<script>alert(1)</script> preço"})
    page = api.http.get(api.sandbox.url + PHONE, timeout=5).text
    assert page.count("preço") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    sequence = api.sandbox.accepted()[0]["sequence"]
    assert page.count(f'data-message-id="{sequence}"') == 1


def test_the_phone_shows_every_kind(api: Api) -> None:
    variables = {"body_variables[]": ["Ana", "18h"], "header_variables[]": ["4821"]}
    api.post("inbox/send-template-message", {**ANA, "template_id": 2, **variables})
    api.send(files={"document": ("contrato.pdf", b"%PDF-1.4")})
    api.send({"latitude": "-23.5", "longitude": "-46.6", "name": "Loja"})
    api.send({"cta_url_id": "1"})
    api.send({"interactive_list_id": "1"})
    page = api.http.get(api.sandbox.url + PHONE, timeout=5).text
    shown = [
        "Pedido 4821 a caminho",
        "Oi Ana! Seu pedido saiu",
        "Acompanhar",
        "contrato.pdf",
        "-23.5, -46.6",
        "Acompanhar pedido",
        "Assunto do atendimento",
    ]
    assert [text for text in shown if text not in page] == []


def test_a_customer_writes_back_on_the_phone(api: Api) -> None:
    answer = api.http.post(api.sandbox.url + PHONE, data={"text": "Respondo"}, timeout=5)
    assert answer.text.count("Respondo") == 1
    assert _is_ana(api.conversation()[0])


def test_the_phones_can_be_searched(api: Api) -> None:
    page = api.http.get(api.sandbox.url + "/?q=souza", timeout=5).text
    assert 'data-number="5511912345678"' in page
    assert page.count("data-number=") == 1


def test_the_switches_work_on_their_page(api: Api) -> None:
    url = api.sandbox.url
    form = {"fault": "http_502", "times": "1", "left": "yes", "numbers": "5511912345678"}
    assert "http_502" in api.http.post(f"{url}/faults/add", data=form, timeout=5).text
    assert api.sandbox.faults()["rules"][0]["numbers"] == ["5511912345678"]
    api.http.post(f"{url}/faults/remove", timeout=5)
    assert api.sandbox.faults()["rules"] == []
    api.http.post(f"{url}/faults/settings", data={"behaviour": "documented"}, timeout=5)
    assert api.sandbox.settings()["behaviour"] == "documented"
    api.http.post(f"{url}/faults/settings", data={"quirks": "plain_lists"}, timeout=5)
    assert api.sandbox.settings()["quirks"]["plain_lists"] is True
    assert api.sandbox.settings()["connected"] is False
    api.http.post(f"{url}/faults/reset", timeout=5)
    assert api.sandbox.settings()["behaviour"] == "observed"


def test_a_wrong_switch_is_explained(api: Api) -> None:
    form = {"fault": "maintenance", "left": "yes"}
    answer = api.http.post(f"{api.sandbox.url}/faults/add", data=form, timeout=5)
    assert answer.status_code == 422
    assert "left is always false" in answer.text


def test_another_sites_page_cannot_press_the_buttons(api: Api) -> None:
    api.send({"message": "oi"})
    for origin in ("https://evil.example", "null"):
        answer = api.http.post(
            f"{api.sandbox.url}/_sandbox/reset", headers={"Origin": origin}, timeout=5
        )
        assert answer.status_code == 403
    assert len(api.sandbox.accepted()) == 1
