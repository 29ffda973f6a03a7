"""`inbox/conversation-messages`, which a server may have or not."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.sandbox.conftest import ANA, PNG, Api
from tests.sandbox_server import ROOT, Sandbox

PATH = "inbox/conversation-messages"


@pytest.fixture
def told(either: Api) -> Api:
    either.sandbox.settings(history=True)
    return either


def ana(api: Api) -> int:
    return int(api.send({"message": "Olá"})["data"]["conversation_id"])


def messages(api: Api, conversation_id: int, **query: Any) -> list[dict[str, Any]]:
    return api.get(f"{PATH}/{conversation_id}", **query)["data"]["messages"]["data"]


def test_it_is_not_there_unless_it_is_switched_on(either: Api) -> None:
    answer = either.ask("GET", f"{PATH}/{ana(either)}")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_it_can_be_on_from_the_start() -> None:
    with Sandbox(history="on") as sandbox:
        api = Api(sandbox)
        conversation_id = ana(api)
        assert messages(api, conversation_id)[0]["message"] == "Olá"
        sandbox.settings(history=False)
        assert api.ask("GET", f"{PATH}/{conversation_id}").status_code == 404
        sandbox.reset()
        assert sandbox.settings()["history"] is True


def test_a_senseless_switch_is_refused() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "SANDBOX_HISTORY": "perhaps"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode != 0
    assert "history" in ended.stderr


def test_people_switch_it_on_the_page_of_switches(api: Api) -> None:
    api.http.post(f"{api.sandbox.url}/faults/settings", data={"history": "on"}, timeout=60)
    assert api.sandbox.settings()["history"] is True


def test_it_gives_what_the_phones_show_newest_first(told: Api) -> None:
    conversation_id = ana(told)
    told.sandbox.inbound("55", "11912345678", "Bom dia")
    told.send({"message": "Veja"}, files={"image": ("foto.png", PNG)})

    image, theirs, ours = messages(told, conversation_id)[:3]

    assert [str(row["type"]) for row in (image, theirs, ours)] == ["1", "2", "1"]
    assert [str(row["message_type"]) for row in (image, theirs, ours)] == ["2", "1", "1"]
    assert (ours["message"], theirs["message"]) == ("Olá", "Bom dia")
    assert (image["message"], image["media_caption"]) == (None, "Veja")
    assert image["media_filename"] == "foto.png"
    assert str(ours["status"]) == "3"  # as the customer wrote back
    assert str(image["status"]) == "2"


def test_it_has_what_was_said_before(told: Api) -> None:
    row = next(row for row in told.conversation(paginate=100) if row["contact"])
    rows = messages(told, row["id"])

    assert {str(each["type"]) for each in rows} <= {"1", "2"}
    assert rows[0]["created_at"] == row["last_message_at"]


def test_it_comes_in_pages(told: Api) -> None:
    conversation_id = ana(told)
    for number in range(4):
        told.sandbox.inbound("55", ANA["mobile"], f"Oi {number}")

    second = told.get(f"{PATH}/{conversation_id}", page=2, paginate=2)["data"]["messages"]

    assert [row["message"] for row in second["data"]] == ["Oi 1", "Oi 0"]
    assert second["total"] >= 5


def test_there_is_no_history_of_no_conversation(told: Api) -> None:
    assert told.get(f"{PATH}/999999")["remark"] == "not_found"
