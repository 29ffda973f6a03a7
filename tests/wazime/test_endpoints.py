"""The endpoints, against a server as documented and against one as observed."""

import sys
from dataclasses import asdict, fields, is_dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from tests.sandbox_server import Sandbox
from wazime_admin.wazime import WaziMeClient, client
from wazime_admin.wazime.errors import Cause, NotNow, Rejected, Stopped, Uncertain, WaziMeError
from wazime_admin.wazime.transport import Patience
from wazime_admin.wazime.types import (
    Contact,
    Conversation,
    Delivery,
    Label,
    MessageKind,
    Place,
    Sender,
    Status,
    TemplateStatus,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
ANA = [("mobile_code", "55"), ("mobile", "11912345678")]
STRANGER = {
    "firstname": "Zé",
    "lastname": "O'Neill 🎉",
    "mobile_code": "55",
    "mobile": "11999990001",
    "city": "São Paulo",
    "state": "SP",
    "post_code": "01310-100",
    "address": "Av. Paulista, 1000\nFundos",
}


@pytest.fixture(params=["documented", "observed"])
def behaviour(request: pytest.FixtureRequest, wazime: Sandbox) -> str:
    wazime.settings(behaviour=request.param)
    name: str = request.param
    return name


@pytest.fixture
def api(behaviour: str) -> WaziMeClient:
    return client()


def by_mobile(api: WaziMeClient, mobile: str) -> Contact:
    [contact] = api.contacts(search=mobile).rows
    return contact


def every_conversation(api: WaziMeClient) -> list[Conversation]:
    return [row for page in (1, 2, 3) for row in api.conversations(page=page).rows]


# --- Contacts -------------------------------------------------------------------------------------


def test_it_lists_contacts_page_by_page_newest_first(api: WaziMeClient) -> None:
    first, second = api.contacts(page=1, per_page=7), api.contacts(page=2, per_page=7)

    ids = [contact.id for contact in (*first.rows, *second.rows)]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 14
    assert (first.number, second.number) == (1, 2)
    assert first.last == second.last == -(-first.total // 7)


def test_it_lists_twenty_contacts_a_page(api: WaziMeClient) -> None:
    assert len(api.contacts().rows) == 20


def test_it_finds_nothing_beyond_the_last_page(api: WaziMeClient) -> None:
    page = api.contacts(page=999_999)

    assert page.rows == ()
    assert page.total > 0


@pytest.mark.parametrize("search", ["Ana", "Souza", "11912345678"])
def test_it_searches_contacts(api: WaziMeClient, search: str) -> None:
    assert "+5511912345678" in [contact.number for contact in api.contacts(search=search).rows]


@pytest.mark.parametrize("search", ["nobody at all", "%", "'; --", "\x00", "😀" * 100])
def test_it_searches_for_anything(api: WaziMeClient, search: str) -> None:
    assert api.contacts(search=search).number == 1


def test_it_creates_a_contact(api: WaziMeClient) -> None:
    api.create_contact(STRANGER)

    contact = by_mobile(api, STRANGER["mobile"])
    assert STRANGER.items() <= asdict(contact).items()
    assert contact == api.contacts(per_page=1).rows[0]
    assert contact.created_at is not None


def test_it_creates_a_contact_with_a_picture(api: WaziMeClient) -> None:
    api.create_contact(STRANGER, image=("zé.png", BytesIO(PNG), "image/png"))

    without = by_mobile(api, "11912345678")
    assert by_mobile(api, STRANGER["mobile"]).image_src not in ("", without.image_src)


@pytest.mark.parametrize("missing", ["firstname", "lastname", "mobile_code", "mobile"])
def test_it_tells_what_a_contact_lacks(api: WaziMeClient, missing: str) -> None:
    with pytest.raises(Rejected) as caught:
        api.create_contact(STRANGER | {missing: ""})

    assert caught.value.cause is Cause.VALIDATION
    assert missing.replace("_", " ") in caught.value.messages[0].lower()


def test_it_tells_that_a_number_is_taken(api: WaziMeClient) -> None:
    api.create_contact(STRANGER)

    with pytest.raises(Rejected) as caught:
        api.create_contact(STRANGER)
    assert caught.value.cause is Cause.VALIDATION
    assert caught.value.messages


def test_it_tells_that_the_plan_takes_no_more_contacts(api: WaziMeClient, wazime: Sandbox) -> None:
    wazime.settings(contact_limit=0)

    with pytest.raises(Rejected) as caught:
        api.create_contact(STRANGER)
    assert caught.value.cause is Cause.CONTACT_LIMIT


def test_it_tells_that_a_picture_is_none(api: WaziMeClient) -> None:
    with pytest.raises(Rejected) as caught:
        api.create_contact(STRANGER, image=("a.png", BytesIO(b"not a picture"), "image/png"))

    assert caught.value.cause in (Cause.VALIDATION, Cause.IMAGE_UPLOAD)


def test_it_tells_that_a_picture_could_not_be_kept(api: WaziMeClient, wazime: Sandbox) -> None:
    wazime.add_fault("image_upload_error", endpoints=["contact/store"])

    with pytest.raises(Rejected) as caught:
        api.create_contact(STRANGER)
    assert caught.value.cause is Cause.IMAGE_UPLOAD


def test_it_updates_a_contact(api: WaziMeClient) -> None:
    api.create_contact(STRANGER)
    before = by_mobile(api, STRANGER["mobile"])

    api.update_contact(before.id, STRANGER | {"firstname": "José"})

    after = by_mobile(api, STRANGER["mobile"])
    assert (STRANGER | {"firstname": "José"}).items() <= asdict(after).items()


def test_it_updates_a_contacts_picture(api: WaziMeClient) -> None:
    api.create_contact(STRANGER)
    before = by_mobile(api, STRANGER["mobile"])

    api.update_contact(before.id, STRANGER, image=("a.png", BytesIO(PNG), "image/png"))

    assert by_mobile(api, STRANGER["mobile"]).image_src != before.image_src


def test_it_tells_that_there_is_no_contact_to_update(api: WaziMeClient) -> None:
    with pytest.raises(Rejected) as caught:
        api.update_contact(999_999_999, STRANGER)
    assert caught.value.cause is Cause.NOT_FOUND


def test_it_deletes_a_contact(api: WaziMeClient) -> None:
    api.create_contact(STRANGER)

    api.delete_contact(by_mobile(api, STRANGER["mobile"]).id)

    assert api.contacts(search=STRANGER["mobile"]).rows == ()


def test_it_tells_that_a_contact_with_messages_stays(api: WaziMeClient) -> None:
    api.send_message([*ANA, ("message", "Olá")])

    with pytest.raises(Rejected) as caught:
        api.delete_contact(by_mobile(api, "11912345678").id)
    assert caught.value.cause is Cause.CONTACT


def test_it_tells_that_there_is_no_contact_to_delete(api: WaziMeClient) -> None:
    with pytest.raises(Rejected) as caught:
        api.delete_contact(999_999_999)
    assert caught.value.cause is Cause.NOT_FOUND


# --- Conversations --------------------------------------------------------------------------------


def test_it_lists_conversations_by_activity(api: WaziMeClient) -> None:
    conversations = every_conversation(api)

    moments = [each.last_message_at for each in conversations if each.last_message_at]
    assert len(conversations) == api.conversations().total
    assert moments == sorted(moments, reverse=True)
    assert {each.status for each in conversations} == set(Status)


def test_it_lists_conversations_without_a_contact(api: WaziMeClient) -> None:
    assert [each for each in every_conversation(api) if each.contact is None]


@pytest.mark.parametrize("status", [Status.NONE, Status.DONE, Status.PENDING, Status.IMPORTANT])
def test_it_lists_the_conversations_of_a_status(api: WaziMeClient, status: Status) -> None:
    assert {each.status for each in api.conversations(status=status).rows} == {status}


def test_it_lists_unread_conversations_where_the_server_does(
    api: WaziMeClient, behaviour: str
) -> None:
    found = {each.status for each in api.conversations(status=Status.UNREAD).rows}

    assert found == ({Status.UNREAD} if behaviour == "documented" else set())


def test_it_searches_conversations_where_the_server_does(api: WaziMeClient, behaviour: str) -> None:
    found = api.conversations(search="Souza").rows

    if behaviour == "observed":
        assert [row.contact.name for row in found if row.contact] == ["Ana Souza"]
    else:
        assert len(found) == 20


def test_it_reads_a_conversations_details(api: WaziMeClient) -> None:
    details = [api.conversation(each.id) for each in every_conversation(api)]

    assert [each for each in details if each.notes]
    assert [each for each in details if each.contact and each.contact.tags]
    assert [each for each in details if each.contact and each.contact.lists]
    labels = [tag for each in details if each.contact for tag in each.contact.tags]
    assert all(isinstance(label, Label) and label.name for label in labels)


def test_it_reads_the_same_conversation_in_the_list_and_by_itself(api: WaziMeClient) -> None:
    for row in api.conversations(per_page=5).rows:
        details = api.conversation(row.id)
        assert (details.id, details.status, details.notes) == (row.id, row.status, row.notes)
        assert details.last_message_at == row.last_message_at
        assert (details.contact and details.contact.number) == (row.contact and row.contact.number)


def test_it_tells_that_there_is_no_such_conversation(api: WaziMeClient) -> None:
    with pytest.raises(Rejected) as caught:
        api.conversation(999_999_999)
    assert caught.value.cause is Cause.NOT_FOUND


@pytest.mark.parametrize("status", [Status.DONE, Status.PENDING, Status.IMPORTANT])
def test_it_sets_a_status(api: WaziMeClient, status: Status) -> None:
    for row in api.conversations(per_page=2).rows:
        api.set_status(row.id, status)
        assert api.conversation(row.id).status is status


@pytest.mark.parametrize(
    ("status", "allowed"), [(Status.NONE, "observed"), (Status.UNREAD, "documented")]
)
def test_it_sets_none_and_unread_where_the_server_does(
    api: WaziMeClient, behaviour: str, status: Status, allowed: str
) -> None:
    [row] = api.conversations(per_page=1).rows
    if behaviour == allowed:
        api.set_status(row.id, status)
        assert api.conversation(row.id).status is status
    else:
        with pytest.raises(Rejected) as caught:
            api.set_status(row.id, status)
        assert caught.value.cause is Cause.VALIDATION


# --- History --------------------------------------------------------------------------------------


def conversation_with_ana(api: WaziMeClient) -> int:
    sent = api.send_message([*ANA, ("message", "Olá")])
    assert sent.conversation_id
    return sent.conversation_id


def test_it_tells_that_there_is_no_history(api: WaziMeClient) -> None:
    with pytest.raises(Stopped) as caught:
        api.messages(conversation_with_ana(api))
    assert caught.value.cause is Cause.WRONG_PATH


def test_it_reads_what_was_said(api: WaziMeClient, wazime: Sandbox) -> None:
    wazime.settings(history=True)
    conversation_id = conversation_with_ana(api)
    wazime.inbound("55", "11912345678", "Bom dia")
    name, content, media_type = FILES["document"]
    api.send_message(
        [*ANA, ("message", "Legenda")], ("document", (name, BytesIO(content), media_type))
    )
    place = {"latitude": "-23.5505", "longitude": "-46.6333", "name": "Loja", "address": "Rua 1"}
    api.send_message([*ANA, *place.items()])

    located, document, theirs, ours = api.messages(conversation_id).rows[:4]

    assert (ours.sender, ours.kind, ours.text) == (Sender.US, MessageKind.TEXT, "Olá")
    assert (theirs.sender, theirs.text) == (Sender.CUSTOMER, "Bom dia")
    assert (document.kind, document.text) == (MessageKind.DOCUMENT, "Legenda")
    assert document.media_url.startswith("https://")
    assert located.place == Place("-23.5505", "-46.6333", "Loja", "Rua 1")
    assert (ours.delivery, document.delivery) == (Delivery.READ, Delivery.DELIVERED)
    assert ours.id < theirs.id < document.id < located.id
    assert ours.created_at
    assert located.created_at
    assert ours.created_at <= located.created_at


def test_it_reads_the_history_page_by_page(api: WaziMeClient, wazime: Sandbox) -> None:
    wazime.settings(history=True)
    conversation_id = conversation_with_ana(api)
    for number in range(7):
        wazime.inbound("55", "11912345678", f"Oi {number}")

    pages = [api.messages(conversation_id, page=number, per_page=3) for number in (1, 2)]

    texts = [row.text for page in pages for row in page.rows]
    assert texts == [f"Oi {number}" for number in (6, 5, 4, 3, 2, 1)]
    assert pages[0].last == pages[1].last >= 3


def test_it_tells_that_there_is_no_such_conversation_to_read(
    api: WaziMeClient, wazime: Sandbox
) -> None:
    wazime.settings(history=True)

    with pytest.raises(Rejected) as caught:
        api.messages(999_999_999)
    assert caught.value.cause is Cause.NOT_FOUND


# --- Sending --------------------------------------------------------------------------------------

TEXTS = [
    "Olá, Ana!",
    "Emoji 👩🏽‍🍳🇧🇷 e acentos ção",
    "مرحبا \u200f שלום",
    "<b>negrito</b> & \"aspas\" 'simples' \\ barra",
    "linha 1\nlinha 2\r\nlinha 3",
    "a=b&c=d%20+{{1}}",
    "x" * 4096,
    "😀" * 4096,
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_it_sends_a_text_exactly_once(api: WaziMeClient, wazime: Sandbox, text: str) -> None:
    sent = api.send_message([*ANA, ("message", text)])

    [message] = wazime.accepted()
    assert (message["kind"], message["number"], message["text"]) == ("text", "5511912345678", text)
    assert sent.message_id == message["sequence"]
    assert sent.conversation_id is not None
    assert api.conversation(sent.conversation_id).id == sent.conversation_id
    assert '"success"' in sent.raw


FILES = {
    "image": ("foto ação.png", PNG, "image/png"),
    "document": ('um "documento".pdf', b"%PDF-1.4\n" + bytes(50), "application/pdf"),
    "video": ("v.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(50), "video/mp4"),
    "audio": ("a.ogg", b"OggS" + bytes(50), "audio/ogg"),
}


@pytest.mark.parametrize("kind", FILES)
def test_it_sends_a_file(api: WaziMeClient, wazime: Sandbox, kind: str) -> None:
    name, content, media_type = FILES[kind]

    api.send_message(
        [*ANA, ("message", "Legenda é 😀")], (kind, (name, BytesIO(content), media_type))
    )

    [message] = wazime.accepted()
    assert message["kind"] == kind
    assert message["file"]["size"] == len(content)
    assert message["text"] == (None if kind == "audio" else "Legenda é 😀")


def test_it_tells_that_a_file_is_too_large(api: WaziMeClient, wazime: Sandbox) -> None:
    wazime.settings(max_body=1000)

    with pytest.raises(Rejected) as caught:
        api.send_message(ANA, ("image", ("a.png", BytesIO(PNG * 100), "image/png")))
    assert caught.value.cause is Cause.TOO_LARGE
    assert wazime.accepted() == []


def test_it_sends_a_location(api: WaziMeClient, wazime: Sandbox) -> None:
    place = {"latitude": "-23.5505", "longitude": "-46.6333", "name": "Loja", "address": "Rua 1"}

    api.send_message([*ANA, *place.items()])

    [message] = wazime.accepted()
    assert message["kind"] == "location"
    assert message["location"]["latitude"] == -23.5505
    assert message["location"]["name"] == "Loja"


@pytest.mark.parametrize("field", ["cta_url_id", "interactive_list_id"])
def test_it_sends_an_interactive_message(api: WaziMeClient, wazime: Sandbox, field: str) -> None:
    api.send_message([*ANA, (field, "1"), ("message", "Escolha")])

    assert [message["kind"] for message in wazime.accepted()] == [field.removesuffix("_id")]


@pytest.mark.parametrize(
    ("form", "cause"),
    [
        ([], Cause.VALIDATION),
        ([("message", "")], Cause.VALIDATION),
        ([("message", "Olá"), ("from_number", "999")], Cause.VALIDATION),
        ([("cta_url_id", "999")], Cause.VALIDATION),
    ],
)
def test_it_tells_what_is_wrong_with_a_message(
    api: WaziMeClient, wazime: Sandbox, form: Any, cause: Cause
) -> None:
    with pytest.raises(Rejected) as caught:
        api.send_message([*ANA, *form])

    assert caught.value.cause is cause
    assert caught.value.messages
    assert wazime.accepted() == []


def test_it_tells_that_a_contact_is_blocked(api: WaziMeClient, wazime: Sandbox) -> None:
    contacts = [row for page in range(1, 8) for row in api.contacts(page=page).rows]
    blocked = next(contact for contact in contacts if contact.is_blocked)
    number = [("mobile_code", blocked.mobile_code), ("mobile", blocked.mobile)]

    for send in (
        lambda: api.send_message([*number, ("message", "Olá")]),
        lambda: api.send_template([*number, ("template_id", "1")]),
    ):
        with pytest.raises(Rejected) as caught:
            send()
        assert caught.value.cause is Cause.CONTACT
    assert wazime.accepted() == []


def test_it_writes_to_a_stranger(api: WaziMeClient, wazime: Sandbox, behaviour: str) -> None:
    stranger = [("mobile_code", "55"), ("mobile", "11900000001")]

    sent = api.send_message([*stranger, ("message", "Olá")])

    assert len(wazime.accepted()) == 1
    assert sent.conversation_id
    contact = api.conversation(sent.conversation_id).contact
    assert (contact is None) == (behaviour == "observed")


def approved(api: WaziMeClient) -> str:
    rows = api.templates(per_page=100).rows
    return str(next(row.id for row in rows if row.status is TemplateStatus.APPROVED))


def test_it_sends_a_template(api: WaziMeClient, wazime: Sandbox) -> None:
    sent = api.send_template([*ANA, ("template_id", approved(api))])

    [message] = wazime.accepted()
    assert message["kind"] == "template"
    assert sent.message_id == message["sequence"]


def test_it_gives_a_template_its_variables_in_order(wazime: Sandbox) -> None:
    template = next(row for row in client().templates().rows if row.name == "lembrete_pagamento")
    variables = [("body_variables[]", value) for value in ("Ana", "10,00", "amanhã")]

    client().send_template([*ANA, ("template_id", str(template.id)), *variables])

    [message] = wazime.accepted()
    assert message["body_variables"] == ["Ana", "10,00", "amanhã"]


@pytest.mark.parametrize(
    "status", [TemplateStatus.PENDING, TemplateStatus.REJECTED, TemplateStatus.DISABLED]
)
def test_it_tells_that_a_template_is_not_approved(
    api: WaziMeClient, wazime: Sandbox, status: TemplateStatus
) -> None:
    template = next(row for row in api.templates().rows if row.status is status)

    with pytest.raises(Rejected):
        api.send_template([*ANA, ("template_id", str(template.id))])
    assert wazime.accepted() == []


def test_it_tells_that_there_is_no_such_template(api: WaziMeClient) -> None:
    with pytest.raises(Rejected) as caught:
        api.send_template([*ANA, ("template_id", "999999")])
    assert caught.value.cause is Cause.NOT_FOUND


def test_it_tells_that_no_whatsapp_is_connected(api: WaziMeClient, wazime: Sandbox) -> None:
    template = approved(api)
    wazime.settings(connected=False)

    with pytest.raises(Rejected) as caught:
        api.send_template([*ANA, ("template_id", template)])
    assert caught.value.cause is Cause.NOT_FOUND
    assert caught.value.messages == ("Please connect your whatsapp account first",)


def test_it_takes_the_template_defect_as_sent(api: WaziMeClient, wazime: Sandbox) -> None:
    wazime.settings(quirks={"template_exception": True})

    sent = api.send_template([*ANA, ("template_id", approved(api))])

    assert len(wazime.accepted()) == 1
    assert "conversationId" in sent.raw
    assert (sent.conversation_id, sent.message_id) == (None, None)


def test_it_lists_templates(api: WaziMeClient) -> None:
    templates = {row.name: row for row in api.templates().rows}

    assert {row.status for row in templates.values()} == set(TemplateStatus)
    sent = templates["pedido_enviado"]
    assert sent.header == "Pedido {{1}} a caminho"
    assert sent.body.startswith("Oi {{1}}!")
    assert sent.footer == "Não responda a esta mensagem"
    assert sent.buttons == ("Acompanhar",)
    assert "INVALID_FORMAT" in templates["ganhe_dinheiro"].rejected_reason
    assert templates["promocao_inverno"].header_format == "IMAGE"


def test_it_lists_templates_page_by_page(api: WaziMeClient) -> None:
    pages = [api.templates(page=number, per_page=3).rows for number in (1, 2, 3)]

    assert [len(rows) for rows in pages] == [3, 3, 2]
    assert len({row.id for rows in pages for row in rows}) == 8


# --- Surprises ------------------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", ["plain_lists", "string_numbers", "null_keys", "missing_keys"])
def test_it_reads_the_same_from_a_server_with_surprises(
    api: WaziMeClient, wazime: Sandbox, quirk: str
) -> None:
    def everything() -> Any:
        rows = api.conversations(per_page=100).rows
        return without_what_may_be_missing(
            [
                api.contacts(per_page=1000).rows,
                rows,
                [api.conversation(row.id) for row in rows[:10]],
                api.templates(per_page=100).rows,
                [api.messages(row.id, per_page=100).rows for row in rows[:10]],
            ]
        )

    wazime.settings(history=True)
    off = dict.fromkeys(["plain_lists", "string_numbers", "null_keys", "missing_keys"], False)
    wazime.settings(quirks={**off, "uncapped_pages": True})
    before = everything()
    wazime.settings(quirks={quirk: True})

    assert everything() == before


def without_what_may_be_missing(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [without_what_may_be_missing(item) for item in value]
    if not is_dataclass(value):
        return value
    may_be_missing = {"country", "address_known", "image_src", "rejected_reason"}
    return {
        field.name: without_what_may_be_missing(getattr(value, field.name))
        for field in fields(value)
        if field.name not in may_be_missing
    }


# --- Faults ---------------------------------------------------------------------------------------

OUTCOMES: dict[str, tuple[type[WaziMeError], Cause]] = {
    "client_id_missing": (Stopped, Cause.CLIENT_ID),
    "client_secret_missing": (Stopped, Cause.CLIENT_SECRET),
    "invalid_credentials": (Stopped, Cause.CREDENTIALS),
    "ip_not_whitelisted": (Stopped, Cause.IP_ADDRESS),
    "subscription_required": (Stopped, Cause.SUBSCRIPTION),
    "not_available": (Stopped, Cause.PLAN),
    "user_error": (Stopped, Cause.ACCOUNT),
    "maintenance": (Stopped, Cause.MAINTENANCE),
    "image_upload_error": (Rejected, Cause.IMAGE_UPLOAD),
    "rate_limited": (NotNow, Cause.RATE_LIMIT),
    "rate_limited_bare": (NotNow, Cause.RATE_LIMIT),
    "http_500": (Uncertain, Cause.SERVER_FAULT),
    "http_502": (Uncertain, Cause.SERVER_FAULT),
    "http_503": (Uncertain, Cause.SERVER_FAULT),
    "garbage": (Uncertain, Cause.UNREADABLE),
    "php_warning": (Uncertain, Cause.UNREADABLE),
    "empty": (Uncertain, Cause.UNREADABLE),
    "exception": (Uncertain, Cause.EXCEPTION),
    "undefined_variable": (Uncertain, Cause.EXCEPTION),
    "drop_unread": (Uncertain, Cause.CONNECTION_LOST),
    "drop": (Uncertain, Cause.CONNECTION_LOST),
    "reset_unread": (Uncertain, Cause.CONNECTION_LOST),
    "reset": (Uncertain, Cause.CONNECTION_LOST),
    "hang": (Uncertain, Cause.READ_TIMEOUT),
    "silence_in_body": (Uncertain, Cause.READ_TIMEOUT),
    "drip": (Uncertain, Cause.READ_TIMEOUT),
    "slow_answer": (Uncertain, Cause.READ_TIMEOUT),
}


@pytest.fixture
def impatient(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where nothing comes: a busy machine's late answer must not be taken for that."""
    is_silent = OUTCOMES[fault][1] is Cause.READ_TIMEOUT
    patience = Patience(10, 0.5, 2) if is_silent else Patience(10, 20, 60)
    for kind in ("READ", "WRITE", "SEND"):
        monkeypatch.setattr(sys.modules[WaziMeClient.__module__], kind, patience)


def test_it_knows_every_fault_of_the_sandbox(sandbox: Sandbox) -> None:
    harmless = {"latency", "close_after"}

    assert set(sandbox.faults()["catalogue"]) == set(OUTCOMES) | harmless


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", OUTCOMES)
def test_it_never_calls_a_message_unsent_that_left(wazime: Sandbox, fault: str) -> None:
    kind, cause = OUTCOMES[fault]
    entry = wazime.faults()["catalogue"][fault]
    for left in {entry["left"], not entry["left"]} if entry["left_can_change"] else {entry["left"]}:
        wazime.clear_faults()
        wazime.add_fault(fault, endpoints=["inbox/send-message"], left=left)
        text = str(uuid4())

        with pytest.raises(WaziMeError) as caught:
            client().send_message([*ANA, ("message", text)])

        assert (type(caught.value), caught.value.cause) == (kind, cause)
        arrived = [message for message in wazime.accepted() if message["text"] == text]
        assert len(arrived) == left
        assert kind is Uncertain or not arrived


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [name for name in OUTCOMES if name != "undefined_variable"])
def test_it_says_the_same_of_a_read(wazime: Sandbox, fault: str) -> None:
    wazime.add_fault(fault)

    with pytest.raises(WaziMeError) as caught:
        client().conversations()
    assert (type(caught.value), caught.value.cause) == OUTCOMES[fault]


def test_it_names_the_address_to_whitelist(api: WaziMeClient, wazime: Sandbox) -> None:
    wazime.settings(allowed_ips=["203.0.113.7"])

    with pytest.raises(Stopped) as caught:
        api.contacts()
    assert caught.value.cause is Cause.IP_ADDRESS
    assert caught.value.ip_address == "127.0.0.1"


def test_it_says_how_long_to_wait(api: WaziMeClient, wazime: Sandbox) -> None:
    wazime.add_fault("rate_limited", seconds=17)

    with pytest.raises(NotNow) as caught:
        api.contacts()
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"WAZIME_CLIENT_ID": ""}, Cause.CLIENT_ID),
        ({"WAZIME_CLIENT_SECRET": ""}, Cause.CLIENT_SECRET),
        ({"WAZIME_CLIENT_ID": "wrong"}, Cause.CREDENTIALS),
        ({"WAZIME_CLIENT_SECRET": "wrong"}, Cause.CREDENTIALS),
    ],
)
def test_it_says_which_credential_is_wrong(
    api: WaziMeClient, settings: Settings, changes: dict[str, str], cause: Cause
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)

    with pytest.raises(Stopped) as caught:
        client().contacts()
    assert caught.value.cause is cause


@pytest.mark.parametrize("path", ["extern-api", "external-api/v2", "", "phones"])
def test_it_says_that_the_path_is_wrong(wazime: Sandbox, settings: Settings, path: str) -> None:
    settings.WAZIME_BASE_URL = f"{wazime.url}/{path}".rstrip("/")

    with pytest.raises(Stopped) as caught:
        client().conversations()
    assert caught.value.cause is Cause.WRONG_PATH


def test_it_works_on_connections_that_the_server_closes(wazime: Sandbox) -> None:
    wazime.add_fault("close_after")
    for number in range(5):
        client().contacts()
        wazime.calls()  # on a connection of its own: when it is answered the other one has ended
        client().send_message([*ANA, ("message", str(number))])
        wazime.calls()

    assert [message["text"] for message in wazime.accepted()] == ["0", "1", "2", "3", "4"]
