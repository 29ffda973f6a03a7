import hashlib
from typing import Any

import pytest

from tests.sandbox.conftest import ANA, PNG, STRANGER, Api

PDF = b"%PDF-1.4\n" + b"x" * 5000
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(50)
OGG = b"OggS" + bytes(50)
APPROVED, WITH_VARIABLES, PENDING, REJECTED = 4, 2, 5, 6
TEMPLATE = "inbox/send-template-message"


def template(api: Api, template_id: int, to: dict[str, str] = ANA, **more: Any) -> dict[str, Any]:
    return api.post(TEMPLATE, {**to, "template_id": template_id, **more})


def test_it_lists_conversations_newest_first(either: Api) -> None:
    rows = either.conversation(paginate=100)
    moments = [row["last_message_at"] for row in rows]
    assert len(rows) == 60
    assert moments == sorted(moments, reverse=True)
    assert {int(row["status"]) for row in rows} == {0, 1, 2, 3, 4}
    assert sum(row["contact"] is None for row in rows) == 2


@pytest.mark.parametrize("status", ["0", "1", "2", "3"])
def test_it_filters_by_status(either: Api, status: str) -> None:
    rows = either.conversation(status=status)
    assert {str(row["status"]) for row in rows} == {status}


def test_unread_is_listed_only_as_documented(api: Api) -> None:
    assert api.conversation(status=4) == []
    api.sandbox.settings(behaviour="documented")
    assert {row["status"] for row in api.conversation(status=4)} == {4}


def test_it_searches_conversations_only_as_observed(api: Api) -> None:
    assert [row["contact"]["full_name"] for row in api.conversation(search="Souza")] == [
        "Ana Souza"
    ]
    api.sandbox.settings(quirks={"conversation_search": False})
    assert len(api.conversation(search="Souza")) == 20


@pytest.mark.parametrize("status", ["1", "2", "3"])
def test_it_changes_the_status(either: Api, status: str) -> None:
    answer = either.post("inbox/change-conversation-status/5", {"status": status})
    details = either.get("inbox/conversation-details/5")["data"]["conversation"]
    assert answer["status"] == "success"
    assert str(details["status"]) == status


@pytest.mark.parametrize(
    ("behaviour", "status", "outcome"),
    [
        ("observed", "0", "success"),
        ("observed", "4", "error"),
        ("documented", "0", "error"),
        ("documented", "4", "success"),
    ],
)
def test_none_and_unread_can_be_set_in_one_behaviour_each(
    api: Api, behaviour: str, status: str, outcome: str
) -> None:
    api.sandbox.settings(behaviour=behaviour)
    answer = api.post("inbox/change-conversation-status/5", {"status": status})
    assert answer["status"] == outcome
    assert outcome == "success" or answer["remark"] == "validation_error"


@pytest.mark.parametrize("status", ["", "5", "x"])
def test_a_senseless_status_is_refused(either: Api, status: str) -> None:
    answer = either.post("inbox/change-conversation-status/5", {"status": status})
    assert answer["remark"] == "validation_error"


def test_observed_what_is_empty_is_left_out(api: Api) -> None:
    assert "data" not in api.post("inbox/change-conversation-status/5", {"status": "1"})
    api.sandbox.settings(behaviour="documented")
    assert api.post("inbox/change-conversation-status/5", {"status": "1"})["data"] == {}


def test_details_have_contact_tags_lists_and_notes(documented: Api) -> None:
    details = [
        documented.get(f"inbox/conversation-details/{number}")["data"]["conversation"]
        for number in range(1, 61)
    ]
    contacts = [each["contact"] for each in details if each["contact"]]
    assert any(contact["tags"] for contact in contacts)
    assert {"id", "name"} == set(next(c["lists"][0] for c in contacts if c["lists"]))
    assert {"id", "note", "created_at"} <= set(next(d["notes"][0] for d in details if d["notes"]))
    assert sum(each["contact"] is None for each in details) == 2


def test_an_unknown_conversation_is_not_found(either: Api) -> None:
    assert either.get("inbox/conversation-details/9999")["remark"] == "not_found"
    answer = either.post("inbox/change-conversation-status/9999", {"status": "1"})
    assert answer["remark"] == "not_found"


def test_a_text_reaches_the_phone_once(either: Api) -> None:
    answer = either.send({"message": "Olá 🌻\nlinha 2"})
    [accepted] = either.sandbox.accepted()
    assert answer["status"] == "success"
    assert str(accepted["sequence"]) == str(answer["data"]["message"]["id"])
    assert str(accepted["conversation_id"]) == str(answer["data"]["conversation_id"])
    assert (accepted["number"], accepted["kind"]) == ("5511912345678", "text")
    assert accepted["text"] == "Olá 🌻\nlinha 2"
    assert 0 <= accepted["finished"] - accepted["started"] < 5


def test_a_message_moves_its_conversation_to_the_top(either: Api) -> None:
    before = either.conversation()[0]["last_message_at"]
    moments = []
    for _ in range(3):
        either.send({"message": "oi"})
        moments.append(either.conversation()[0]["last_message_at"])
    assert either.conversation()[0]["contact"]["mobile"] == ANA["mobile"]
    assert before < moments[0] < moments[1] < moments[2]


@pytest.mark.parametrize(
    ("kind", "content", "caption"),
    [
        ("image", PNG, "legenda"),
        ("image", b"\xff\xd8\xff\xe0" + bytes(20), "legenda"),
        ("document", PDF, "legenda"),
        ("document", b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "legenda"),
        ("document", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "legenda"),
        ("video", MP4, "legenda"),
        ("audio", OGG, None),
        ("audio", b"ID3" + bytes(20), None),
    ],
)
def test_a_file_arrives_with_name_size_and_hash(
    either: Api, kind: str, content: bytes, caption: str | None
) -> None:
    file = {kind: ("relatório.bin", content, "application/x-test")}
    assert either.send({"message": "legenda"}, files=file)["status"] == "success"
    [accepted] = either.sandbox.accepted()
    assert (accepted["kind"], accepted["text"]) == (kind, caption)
    assert accepted["file"] == {
        "name": "relatório.bin",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_type": "application/x-test",
    }


@pytest.mark.parametrize("kind", ["image", "document", "video", "audio"])
def test_a_file_is_told_by_its_content(either: Api, kind: str) -> None:
    names = {"image": "a.png", "document": "a.pdf", "video": "a.mp4", "audio": "a.mp3"}
    answer = either.send(files={kind: (names[kind], b"MZ\x90\x00" + bytes(50))})
    assert answer["remark"] == "validation_error"
    assert f"The {kind} field must be a file of type" in answer["message"][0]
    assert either.sandbox.accepted() == []


@pytest.mark.parametrize(("extra", "status"), [(0, "success"), (1, "error")])
def test_an_image_has_at_most_five_megabytes(either: Api, extra: int, status: str) -> None:
    content = PNG.ljust(5 * 1024 * 1024 + extra, b"\0")
    assert either.send(files={"image": ("a.png", content)})["status"] == status


def test_a_request_that_is_too_large_gets_html(api: Api) -> None:
    api.sandbox.settings(max_body=1000)
    answer = api.ask("POST", "inbox/send-message", data=ANA, files={"document": ("a.pdf", PDF)})
    assert answer.status_code == 413
    assert "text/html" in answer.headers["Content-Type"]


def test_a_location_arrives_with_name_and_address(either: Api) -> None:
    place = {"latitude": "-23.5505", "longitude": "-46.6333", "name": "Loja", "address": "Rua A, 1"}
    either.send(place)
    [accepted] = either.sandbox.accepted()
    assert accepted["location"] == {
        "latitude": -23.5505,
        "longitude": -46.6333,
        "name": "Loja",
        "address": "Rua A, 1",
    }


@pytest.mark.parametrize(
    "place", [{"latitude": "1"}, {"latitude": "91", "longitude": "0"}, {"longitude": "x"}]
)
def test_half_a_location_is_refused(either: Api, place: dict[str, str]) -> None:
    assert either.send(place)["remark"] == "validation_error"


@pytest.mark.parametrize("kind", ["cta_url", "interactive_list"])
def test_interactive_messages_name_something_that_exists(either: Api, kind: str) -> None:
    assert either.send({f"{kind}_id": "99"})["remark"] == "validation_error"
    assert either.send({f"{kind}_id": "1"})["status"] == "success"
    [accepted] = either.sandbox.accepted()
    assert (accepted["kind"], accepted[f"{kind}_id"]) == (kind, 1)


def test_interactive_messages_need_a_plan(either: Api) -> None:
    either.sandbox.settings(interactive_plan=False)
    assert either.send({"cta_url_id": "1"})["status"] == "error"


def test_an_empty_message_is_refused(either: Api) -> None:
    assert either.send({"message": "  \n"})["message"] == ["At least one message type is required."]


def test_a_number_is_required_in_digits(either: Api) -> None:
    answer = either.send({"mobile_code": "+55", "mobile": "", "message": "oi"})
    assert answer["message"] == [
        "The mobile field is required.",
        "The mobile code field must be a number.",
    ]


def test_it_sends_from_the_number_asked_for(either: Api) -> None:
    either.send({"message": "oi", "from_number": "5511940028933"})
    either.send({"message": "oi"})
    froms = [each["from_number"] for each in either.sandbox.accepted()]
    assert froms == ["5511940028933", "5511940028922"]
    assert either.send({"message": "oi", "from_number": "1"})["remark"] == "validation_error"


def test_documented_an_unknown_number_becomes_a_contact(documented: Api) -> None:
    answer = documented.send({**STRANGER, "message": "oi"})
    row = documented.conversation()[0]
    assert row["id"] == answer["data"]["conversation_id"]
    assert row["contact"]["mobile"] == STRANGER["mobile"]


@pytest.mark.parametrize("with_template", [False, True])
def test_observed_an_unknown_number_leaves_a_conversation_without_contact(
    api: Api, with_template: bool
) -> None:
    if with_template:
        template(api, APPROVED, STRANGER)
    else:
        api.send({**STRANGER, "message": "oi"})
    row = api.conversation()[0]
    assert (row["contact"], row["contact_id"]) == (None, None)
    assert api.get("contact/list", search=STRANGER["mobile"])["data"]["contacts"]["total"] == 0
    assert len(api.sandbox.accepted()) == 1


def test_documented_a_template_wants_a_known_number(documented: Api) -> None:
    assert template(documented, APPROVED, STRANGER)["remark"] == "unknown_contact"
    assert documented.sandbox.accepted() == []


def test_blocked_contacts_get_nothing(either: Api) -> None:
    rows = either.get("contact/list", paginate=100)["data"]["contacts"]["data"]
    blocked = next(row for row in rows if int(row["is_blocked"]))
    to = {"mobile_code": blocked["mobile_code"], "mobile": blocked["mobile"]}
    assert either.send({**to, "message": "oi"})["remark"] == "contact_error"
    assert template(either, APPROVED, to)["remark"] == "contact_error"
    assert either.sandbox.accepted() == []


def test_nothing_is_sent_without_a_connected_account(either: Api) -> None:
    either.sandbox.settings(connected=False)
    for answer in (either.send({"message": "oi"}), template(either, APPROVED)):
        assert answer["remark"] == "not_found"
        assert answer["message"] == ["Please connect your whatsapp account first"]


def test_it_lists_templates_of_every_status(either: Api) -> None:
    rows = either.get("inbox/template-list")["data"]["templates"]["data"]
    assert {int(row["status"]) for row in rows} == {0, 1, 2, 3}
    assert all(row["rejected_reason"] for row in rows if int(row["status"]) == 2)
    assert {"header", "body", "footer", "buttons"} <= set(rows[0])


@pytest.mark.parametrize("template_id", [PENDING, REJECTED])
def test_only_approved_templates_are_sent(either: Api, template_id: int) -> None:
    assert template(either, template_id)["remark"] == "validation_error"
    assert template(either, 999)["remark"] == "not_found"
    assert template(either, "")["message"] == ["The template id field is required."]  # type: ignore[arg-type]
    assert either.sandbox.accepted() == []


def test_observed_template_variables_are_read_in_order(api: Api) -> None:
    variables = {"body_variables[]": ["Ana", "18h"], "header_variables[]": ["4821"]}
    template(api, WITH_VARIABLES, **variables)
    [accepted] = api.sandbox.accepted()
    assert accepted["template_id"] == WITH_VARIABLES
    assert accepted["text"] == "Oi Ana! Seu pedido saiu para entrega e chega até 18h."
    assert accepted["body_variables"] == ["Ana", "18h"]
    assert accepted["header_variables"] == ["4821"]


def test_documented_template_variables_are_not_read(documented: Api) -> None:
    template(documented, WITH_VARIABLES, **{"body_variables[]": ["Ana", "18h"]})
    [accepted] = documented.sandbox.accepted()
    assert accepted["body_variables"] == []
    assert "{{1}}" in accepted["text"]


@pytest.mark.parametrize(
    ("behaviour", "sender"), [("observed", "5511940028922"), ("documented", "5511940028933")]
)
def test_observed_templates_ignore_the_number_asked_for(
    api: Api, behaviour: str, sender: str
) -> None:
    api.sandbox.settings(behaviour=behaviour)
    template(api, APPROVED, from_number="5511940028933")
    assert [each["from_number"] for each in api.sandbox.accepted()] == [sender]


def test_a_template_can_answer_exception_after_it_left(api: Api) -> None:
    api.sandbox.settings(quirks={"template_exception": True})
    answer = template(api, APPROVED)
    assert answer["remark"] == "exception"
    assert answer["message"] == ["Undefined variable $conversationId"]
    assert len(api.sandbox.accepted()) == 1
