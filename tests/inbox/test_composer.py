"""Every kind of message, from the page's fields to what the customer's phone got."""

import html
import io
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from contacts import selectors
from contacts.numbers import Number
from contacts.services import obtain_contact
from inbox import media, places
from inbox.forms import MessageForm
from inbox.models import Attempt, Kind, Media, Message, State
from inbox.progress import Progress
from tests.sandbox_server import Sandbox
from wazime_admin.wazime import client
from wazime_admin.wazime.types import Contact, Conversation

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
APPROVED, NOT_APPROVED = 4, 6  # ids of templates in the sandbox's data
NUMBERS = ["5511940028922", "5511940028933"]  # of the sandbox's account


@pytest.fixture(autouse=True)
def english(settings) -> None:
    settings.LANGUAGE_CODE = "en"


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(content, "PNG")
    return content.getvalue()


def word_document() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
    return content.getvalue()


FILES = {
    "image": ("foto.png", picture()),
    "document": ("orçamento.pdf", b"%PDF-1.4\n" + b"x" * 100),
    "video": ("vídeo.mp4", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42" + bytes(50)),
    "audio": ("som.mp3", b"ID3\x03" + bytes(50)),
}


def upload(kind: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(*FILES[kind])


def shown(response) -> str:
    return html.unescape(response.content.decode())


def send(who: Client, to: Conversation, **fields: Any):
    data = {"send_id": uuid4(), **fields}
    return who.post(f"/inbox/{to.id}/messages/", data, headers=HTMX)


@pytest.fixture(params=["documented", "observed"])
def either(request, wazime: Sandbox) -> Sandbox:
    wazime.settings(behaviour=request.param)
    return wazime


@pytest.fixture
def get_through(agent_client, conversation, deliver, wazime: Sandbox):
    """Write it, let a worker send it; what the customer got."""

    def go(**fields: Any) -> dict[str, Any]:
        response = send(agent_client, conversation, **fields)
        assert response.status_code == 200, shown(response)
        assert deliver(Message.objects.latest("id")).state == State.SENT
        return wazime.accepted()[-1]

    return go


# --- What arrives -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["image", "document", "video"])
def test_a_file_arrives_with_its_caption(either, get_through, kind: str) -> None:
    got = get_through(**{kind: upload(kind)}, message="Veja só")

    assert (got["kind"], got["text"]) == (kind, "Veja só")
    assert (got["file"]["name"], got["file"]["size"]) == (FILES[kind][0], len(FILES[kind][1]))


def test_audio_arrives_without_a_text(either, get_through) -> None:
    got = get_through(audio=upload("audio"))

    assert (got["kind"], got["text"]) == ("audio", None)
    assert got["file"]["name"] == "som.mp3"


def test_a_word_document_arrives(either, get_through) -> None:
    got = get_through(document=SimpleUploadedFile("carta.docx", word_document()))

    assert got["file"]["name"] == "carta.docx"


def test_a_location_arrives_with_name_and_address(either, get_through) -> None:
    got = get_through(
        latitude="-23,5616",
        longitude="-46.6559",
        location_name="Casa Aurora",
        location_address="Av. Paulista, 1000",
    )

    assert got["kind"] == "location"
    assert got["location"] == {
        "latitude": -23.5616,
        "longitude": -46.6559,
        "name": "Casa Aurora",
        "address": "Av. Paulista, 1000",
    }


def test_the_equator_is_a_place(either, get_through) -> None:
    assert get_through(latitude="0", longitude="0")["location"]["latitude"] == 0


def test_a_link_button_and_a_list_arrive(either, get_through) -> None:
    assert get_through(cta_url_id="2", message="Aqui")["cta_url_id"] == 2
    assert get_through(interactive_list_id="1")["interactive_list_id"] == 1


def test_a_template_arrives_and_the_thread_shows_its_name_and_text(
    either, get_through, agent_client, conversation
) -> None:
    got = get_through(template_id=APPROVED)

    assert (got["kind"], got["template_id"]) == ("template", APPROVED)
    text = shown(agent_client.get(f"/inbox/{conversation.id}/"))
    assert "aviso_horario" in text
    assert "Neste sábado abriremos" in text


def test_it_is_sent_from_the_chosen_number(settings, get_through) -> None:
    settings.WAZIME_FROM_NUMBERS = NUMBERS

    assert get_through(message="Oi", from_number=NUMBERS[1])["from_number"] == NUMBERS[1]


def test_a_choice_of_numbers_is_offered_when_there_is_one(
    settings, agent_client, conversation
) -> None:
    page = f"/inbox/{conversation.id}/"
    assert 'name="from_number"' not in shown(agent_client.get(page))

    settings.WAZIME_FROM_NUMBERS = NUMBERS

    assert 'name="from_number"' in shown(agent_client.get(page))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"latitude": "-23.5616", "longitude": "-46.6559", "location_name": "Casa"}, "mlat=-23.56"),
        ({"cta_url_id": "2"}, "Link button 2"),
        ({"interactive_list_id": "1"}, "List 1"),
    ],
)
def test_the_thread_shows_what_is_no_text(agent_client, conversation, fields, words: str) -> None:
    assert words in shown(send(agent_client, conversation, **fields))


def test_after_a_message_the_next_has_an_id_of_its_own(agent_client, conversation) -> None:
    send_id = uuid4()

    response = send(agent_client, conversation, image=upload("image"), send_id=send_id)

    assert 'name="send_id"' in shown(response)
    assert str(send_id) not in shown(response)


def test_a_template_does_not_forget_the_text_that_is_being_written(
    agent_client, conversation
) -> None:
    response = send(agent_client, conversation, template_id=APPROVED)

    assert "draft-sent" not in response["HX-Trigger"]


def test_the_thread_shows_how_far_a_file_has_left(agent_client, conversation, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    send(agent_client, conversation, image=upload("image"))
    message = Message.objects.get()
    Message.objects.update(state=State.SENDING, attempt_number=1)
    attempt = Attempt.objects.create(message=message, number=1)
    told = Progress(attempt, renew_claim=lambda: None)
    told._told_at = 0.0  # as if a second had passed

    told(40, 100)

    assert 'max="100" value="40"' in shown(agent_client.get(f"/inbox/{conversation.id}/"))


# --- What is refused --------------------------------------------------------------------------

WRONG = {
    "nothing": ({}, "Write something first."),
    "two kinds": ({"cta_url_id": "1", "interactive_list_id": "1"}, "One thing at a time"),
    "a template and a place": (
        {"template_id": APPROVED, "latitude": "1", "longitude": "1"},
        "One thing at a time",
    ),
    "no file": ({"kind_shown": "image", "message": "Oi"}, "Choose a file."),
    "no place": ({"kind_shown": "location"}, "from -90 to 90"),
    "no button": ({"kind_shown": "cta_url", "message": "Oi"}, "Type the number"),
    "no template": ({"kind_shown": "template"}, "Choose a template."),
    "an unknown kind": ({"kind_shown": "x", "message": "Oi"}, "valid choice"),
    "too far north": ({"latitude": "90.1", "longitude": "0"}, "from -90 to 90"),
    "too far west": ({"latitude": "0", "longitude": "-181"}, "from -180 to 180"),
    "no number": ({"latitude": "aqui", "longitude": "0"}, "from -90 to 90"),
    "half a place": ({"latitude": "-23.5"}, "no coordinates in this"),
    "the other half": ({"longitude": "-23.5"}, "from -90 to 90"),
    "only a name": ({"location_name": "Casa"}, "from -90 to 90"),
    "a short link": ({"location_link": "https://maps.app.goo.gl/x1"}, "no coordinates in this"),
    "a place with a text": (
        {"latitude": "1", "longitude": "1", "message": "Aqui"},
        "no text with this",
    ),
    "a template with a text": ({"template_id": APPROVED, "message": "Oi"}, "no text with this"),
    "a button of no number": ({"cta_url_id": "dois"}, "whole number"),
    "a list of no number": ({"interactive_list_id": "-1"}, "whole number"),
    "a number too large": ({"cta_url_id": "9" * 30}, "whole number"),
    "a template that is not approved": ({"template_id": NOT_APPROVED}, "not approved"),
    "a template that is not there": ({"template_id": 999}, "not approved"),
    "a template of no number": ({"template_id": "x"}, "whole number"),
    "a caption too long": ({"cta_url_id": "1", "message": "x" * 1025}, "up to 1024"),
    "another number": ({"message": "Oi", "from_number": "5511999999999"}, "valid choice"),
}
TYPED = ("message", "latitude", "longitude", "location_link", "location_name", "cta_url_id")


@pytest.mark.parametrize(("fields", "words"), WRONG.values(), ids=WRONG)
def test_what_makes_no_message_is_refused_and_comes_back(
    agent_client, conversation, fields: dict[str, Any], words: str
) -> None:
    response = send(agent_client, conversation, **fields)

    text = shown(response)
    assert response.status_code == 422
    assert response["HX-Retarget"] == "#composer"
    assert words in text
    typed = [str(fields[name]) for name in TYPED if name in fields]
    assert all(value in text for value in typed), "nothing typed is lost"
    assert not Message.objects.exists()


@pytest.mark.parametrize("kind", ["image", "document", "video", "audio"])
def test_a_file_that_is_something_else_is_refused_by_name(
    agent_client, conversation, kind: str
) -> None:
    disguised = SimpleUploadedFile(FILES[kind][0], b"MZ" + bytes(100))

    response = send(agent_client, conversation, **{kind: disguised})

    assert response.status_code == 422
    assert f"{FILES[kind][0]}: WhatsApp takes" in shown(response)
    assert not Media.objects.exists()


def test_an_empty_file_is_refused(agent_client, conversation) -> None:
    response = send(agent_client, conversation, image=SimpleUploadedFile("foto.png", b""))

    assert response.status_code == 422
    assert "This file is empty." in shown(response)


def test_a_caption_fits_with_1024_characters_and_one_more_does_not(
    agent_client, conversation
) -> None:
    longest = "é" * 1024
    assert (
        send(agent_client, conversation, image=upload("image"), message=longest).status_code == 200
    )

    response = send(agent_client, conversation, image=upload("image"), message=longest + "x")

    assert response.status_code == 422
    assert "up to 1024 characters; this has 1025" in shown(response)
    assert longest in shown(response)
    assert Media.objects.count() == 1


def test_audio_takes_no_text_and_says_so(agent_client, conversation) -> None:
    response = send(agent_client, conversation, audio=upload("audio"), message="Ouça")

    assert response.status_code == 422
    assert "Send the text as a message of its own." in shown(response)
    assert "Ouça" in shown(response)


def test_two_files_in_one_request_are_refused(agent_client, conversation) -> None:
    both = {"image": upload("image"), "audio": upload("audio")}
    twice = {"image": [upload("image"), upload("image")]}

    for files in (both, twice):
        response = send(agent_client, conversation, **files)
        assert response.status_code == 422
        assert "One thing at a time" in shown(response)


def test_a_full_disk_is_said_and_the_caption_stays(
    agent_client, conversation, settings, tmp_path
) -> None:
    full = {"BACKEND": "tests.inbox.storages.FullDisk", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"media": full}

    response = send(agent_client, conversation, image=upload("image"), message="Veja")

    assert response.status_code == 422
    assert "disk is full" in shown(response)
    assert "Veja" in shown(response)
    assert not Media.objects.exists()


def test_a_template_list_that_cannot_be_read_is_said(agent_client, conversation, wazime) -> None:
    wazime.add_fault("http_502", endpoints=["inbox/template-list"])

    assert "has a fault" in shown(agent_client.get("/inbox/templates/"))
    response = send(agent_client, conversation, template_id=APPROVED)
    assert response.status_code == 422
    assert "has a fault" in shown(response)


# --- The same message twice -------------------------------------------------------------------


def test_a_file_sent_twice_under_one_id_is_one_message_and_one_file(
    agent_client, conversation
) -> None:
    send_id = uuid4()

    for _ in range(2):
        response = send(agent_client, conversation, image=upload("image"), send_id=send_id)
        assert response.status_code == 200

    assert (Message.objects.count(), Media.objects.count()) == (1, 1)


def test_another_file_under_the_same_id_is_a_conflict_and_leaves_nothing(
    agent_client, conversation
) -> None:
    send_id = uuid4()
    send(agent_client, conversation, image=upload("image"), send_id=send_id)

    response = send(
        agent_client, conversation, document=upload("document"), message="Este", send_id=send_id
    )

    assert response.status_code == 409
    assert "Este" in shown(response)
    assert str(send_id) not in shown(response)
    assert Media.objects.count() == 1


# --- Places -----------------------------------------------------------------------------------

POINT = places.Point("-23.5616", "-46.6559")


@pytest.mark.parametrize(
    "text",
    [
        "-23.5616, -46.6559",
        "-23.5616 -46.6559",
        "(-23.5616,-46.6559)",
        "−23.5616°, −46.6559°",
        "-23,5616, -46,6559",
        "-23,5616; -46,6559",
        "geo:-23.5616,-46.6559?z=17",
        "geo:0,0?q=-23.5616,-46.6559(Casa)",
        "https://www.google.com/maps/@-23.5616,-46.6559,17z",
        "https://www.google.com/maps/place/Casa/@-23.9,-46.9,17z/data=!8m2!3d-23.5616!4d-46.6559",
        "https://maps.google.com/?q=-23.5616,-46.6559",
        "https://maps.google.com/maps?q=loc:-23.5616,+-46.6559&z=15",
        "https://www.google.com/maps/search/?api=1&query=-23.5616%2C-46.6559",
        "https://www.openstreetmap.org/?mlat=-23.5616&mlon=-46.6559#map=17/-23.9/-46.9",
        "https://www.openstreetmap.org/#map=17.5/-23.5616/-46.6559",
        "https://waze.com/ul?ll=-23.5616,-46.6559&navigate=yes",
    ],
)
def test_a_point_is_found_in_what_people_paste(text: str) -> None:
    assert places.find(text) == POINT


@pytest.mark.parametrize(
    "text",
    ["", "Av. Paulista, 1000", "12", "91, 0", "0, 181", "geo:0,0?q=Paulista", "1,2,3", "@x,y"],
)
def test_what_holds_no_point_is_none(text: str) -> None:
    assert places.find(text) is None


def test_a_link_stands_for_both_coordinates(agent_client, conversation) -> None:
    for field in ("location_link", "latitude"):
        send(agent_client, conversation, **{field: "https://maps.google.com/?q=-23.5616,-46.6559"})
        fields = Message.objects.latest("id").fields
        assert (fields["latitude"], fields["longitude"]) == ("-23.5616", "-46.6559")


# --- Who, and when WaziMe is away ---------------------------------------------------------------


def test_agents_and_admins_send_and_outsiders_do_not(
    agent_client, admin_client, client: Client, conversation
) -> None:
    for somebody in (agent_client, admin_client):
        assert send(somebody, conversation, image=upload("image")).status_code == 200
    response = send(client, conversation, image=upload("image"))

    assert response.status_code == 401
    assert (Message.objects.count(), Media.objects.count()) == (2, 2)


def test_nothing_typed_is_lost_while_wazime_is_down(agent_client, conversation, wazime) -> None:
    wazime.add_fault("maintenance")
    fields = {"latitude": "-23.5", "longitude": "-46.6", "location_name": "Casa Aurora"}

    with_htmx = send(agent_client, conversation, **fields)
    without = agent_client.post(
        f"/inbox/{conversation.id}/messages/", {"send_id": uuid4(), **fields}
    )

    for response in (with_htmx, without):
        assert response.status_code == 502
        for value in fields.values():
            assert value in shown(response)


def test_the_page_opens_the_fields_of_a_kind_without_javascript(agent_client, conversation) -> None:
    text = shown(agent_client.get(f"/inbox/{conversation.id}/?kind=template"))

    assert "aviso_horario" in text
    assert "lembrete_pagamento" in text
    assert "aniversario" not in text, "it is not approved"


def test_a_template_is_offered_when_the_last_message_is_old(agent_client, wazime) -> None:
    rows = [row for row in client().conversations(per_page=100).rows if row.contact]
    old = next(row for row in reversed(rows) if row.last_message_at)

    assert "older than 24 hours" in shown(agent_client.get(f"/inbox/{old.id}/"))
    wazime.inbound(old.contact.mobile_code, old.contact.mobile, "Oi")
    assert "older than 24 hours" not in shown(agent_client.get(f"/inbox/{old.id}/"))


def test_a_file_name_is_shown_as_text(agent_client, conversation) -> None:
    name = '<img src=x onerror="alert(1)">.png'

    response = send(agent_client, conversation, image=SimpleUploadedFile(name, b"MZ"))

    assert b"<img src=x" not in response.content


# --- Writing to a number ------------------------------------------------------------------------


def write_to(who: Client, mobile: str, **fields: Any):
    data = {"send_id": uuid4(), "mobile_code": "55", "mobile": mobile, "message": "Oi", **fields}
    return who.post("/inbox/messages/", data, headers=HTMX)


@pytest.fixture
def contact(conversation) -> Contact:
    assert conversation.contact
    return conversation.contact


STRANGER = "(11) 97777-6666"


def contacts_called(search: str) -> tuple[Contact, ...]:
    return client().contacts(search=search).rows


@pytest.mark.parametrize(
    ("names", "called"),
    [
        ({}, "+55 11 97777-6666 WhatsApp"),
        ({"firstname": "Zuleica", "lastname": "Prado"}, "Zuleica Prado"),
    ],
)
def test_a_stranger_becomes_a_contact_before_anything_is_sent(
    either, agent_client, deliver, names: dict[str, str], called: str
) -> None:
    response = write_to(agent_client, STRANGER, **names)

    assert response.status_code == 200, shown(response)
    assert [row.name for row in contacts_called("977776666")] == [called]
    deliver(Message.objects.get())
    [got] = either.accepted()
    assert got["number"] == "5511977776666"
    assert client().conversation(got["conversation_id"]).contact.name == called


def test_it_leads_to_the_outbox_until_there_is_a_conversation(
    agent_client, deliver, wazime
) -> None:
    first = write_to(agent_client, STRANGER)
    deliver(Message.objects.get())
    second = write_to(agent_client, STRANGER)

    conversation_id = wazime.accepted()[0]["conversation_id"]
    assert 'href="/inbox/outbox/"' in shown(first)
    assert f'href="/inbox/{conversation_id}/"' in shown(second)
    assert Message.objects.latest("id").conversation_id == conversation_id


def test_without_javascript_it_leads_on_by_itself(agent_client, contact, conversation) -> None:
    data = {"send_id": uuid4(), "mobile_code": "55", "message": "Oi"}

    known = agent_client.post("/inbox/messages/", {**data, "mobile": contact.mobile})
    unknown = agent_client.post(
        "/inbox/messages/", {**data, "send_id": uuid4(), "mobile": STRANGER}
    )

    assert known.url == f"/inbox/{conversation.id}/"
    assert unknown.url == "/inbox/outbox/"


def test_it_is_sent_to_the_form_that_the_contact_has(agent_client, wazime) -> None:
    for stored, written in (("1187654321", "11987654321"), ("11976543210", "1176543210")):
        values = {"firstname": "A", "lastname": "B", "mobile_code": "55", "mobile": stored}
        client().create_contact(values)

        write_to(agent_client, written)

        assert Message.objects.latest("id").mobile == stored
        assert len(contacts_called(stored[-8:])) == 1


def test_a_number_is_found_with_its_country_written_twice(agent_client, contact) -> None:
    write_to(agent_client, f"+{contact.mobile_code} {contact.mobile}")

    assert Message.objects.get().mobile == contact.mobile


@pytest.mark.parametrize("mobile", ["", "123", "abc", "11 91234-5678 e 11 91234-5679", "9" * 61])
def test_a_number_that_is_none_is_refused_beside_the_field(
    agent_client, wazime, mobile: str
) -> None:
    response = write_to(agent_client, mobile, message="Não me perca")

    text = shown(response)
    assert response.status_code == 422
    assert response["HX-Retarget"] == "#conversation"
    assert 'id="id_mobile_error"' in text
    assert mobile in text
    assert "Não me perca" in text
    assert not Message.objects.exists()


def test_every_kind_goes_to_a_number(agent_client, wazime) -> None:
    for fields in (
        {"image": upload("image"), "message": "Veja"},
        {"template_id": APPROVED, "message": ""},
        {"latitude": "1", "longitude": "1", "message": ""},
    ):
        assert write_to(agent_client, STRANGER, **fields).status_code == 200

    kinds = [message.kind for message in Message.objects.order_by("id")]
    assert kinds == [Kind.IMAGE, Kind.TEMPLATE, Kind.LOCATION]
    assert len(contacts_called("977776666")) == 1


def test_a_message_that_makes_no_sense_creates_no_contact(agent_client, wazime) -> None:
    assert write_to(agent_client, STRANGER, message="").status_code == 422

    assert contacts_called("977776666") == ()


def test_a_blocked_contact_is_not_written_to(agent_client, wazime) -> None:
    blocked = next(row for row in client().contacts(per_page=200).rows if row.is_blocked)

    response = write_to(agent_client, blocked.mobile, mobile_code=blocked.mobile_code)

    assert response.status_code == 422
    assert "is blocked" in shown(response)
    assert not Message.objects.exists()


def test_a_refused_contact_is_said_and_nothing_is_sent(agent_client, wazime) -> None:
    wazime.settings(contact_limit=0)

    response = write_to(agent_client, STRANGER, message="Não me perca")

    assert response.status_code == 422
    assert "limit of contacts is reached" in shown(response)
    assert "Não me perca" in shown(response)
    assert not Message.objects.exists()


def test_nobody_knowing_whether_the_contact_was_created_is_said_and_can_be_sent_again(
    agent_client, wazime
) -> None:
    wazime.add_fault("drop", endpoints=["contact/store"], times=1, left=True)
    send_id = uuid4()

    response = write_to(agent_client, STRANGER, send_id=send_id, message="Não me perca")
    assert response.status_code == 502
    assert "did not say whether it created the contact" in shown(response)
    assert "Não me perca" in shown(response)
    assert not Message.objects.exists()

    assert write_to(agent_client, STRANGER, send_id=send_id).status_code == 200
    assert len(contacts_called("977776666")) == 1


def test_everything_typed_stays_while_wazime_is_down(agent_client, wazime) -> None:
    wazime.add_fault("maintenance")
    typed = {"firstname": "Zuleica", "lastname": "Prado", "message": "Não me perca"}

    response = write_to(agent_client, STRANGER, **typed)

    assert response.status_code == 502
    for value in (STRANGER, *typed.values()):
        assert value in shown(response)


def test_somebody_who_creates_the_contact_in_the_same_moment_does_no_harm(
    wazime, monkeypatch
) -> None:
    number = Number("55", "11977776666")
    obtain_contact(number=number)
    found = selectors.contact_with
    answers = iter([None])  # the first look comes just before
    monkeypatch.setattr(selectors, "contact_with", lambda asked: next(answers, found(asked)))

    assert obtain_contact(number=number).mobile == "11977776666"


def test_the_page_for_a_new_message_takes_the_number_from_its_address(agent_client, wazime) -> None:
    page = "/inbox/new/?mobile_code=351&mobile=912345678"

    for headers in ({}, HTMX):
        text = shown(agent_client.get(page, headers=headers))
        assert 'value="351"' in text
        assert 'value="912345678"' in text


def test_the_list_offers_a_new_message(agent_client, wazime) -> None:
    assert 'href="/inbox/new/"' in shown(agent_client.get("/inbox/"))


@pytest.mark.parametrize("path", ["/inbox/new/", "/inbox/templates/"])
def test_outsiders_see_nothing_of_it(db, client: Client, path: str) -> None:
    assert client.get(path).url.startswith("/accounts/login/")


def test_the_browser_is_told_the_same_limits_as_the_server_has(agent_client, conversation) -> None:
    text = shown(agent_client.get(f"/inbox/{conversation.id}/"))

    for kind, size in media.MAX_SIZE.items():
        assert f'data-accept="{media.ACCEPT[kind]}" data-max-size="{size}"' in text
    assert MessageForm.base_fields["message"].max_length == 4096
    assert 'data-text-length="4096" data-caption-length="1024"' in text
    assert 'maxlength="4096"' in text
    captioned = shown(agent_client.get(f"/inbox/{conversation.id}/?kind=image"))
    assert 'maxlength="1024"' in captioned
