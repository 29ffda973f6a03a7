"""Rows as frozen dataclasses, whatever a server answers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wazime_admin.wazime import types
from wazime_admin.wazime.types import (
    MAX_ID,
    Contact,
    Conversation,
    HistoryMessage,
    Label,
    Note,
    Page,
    Place,
    Status,
    Template,
    TemplateStatus,
    Unexpected,
)

Read = Callable[[dict[str, Any], int], Any]
READERS: dict[str, Read] = {
    "contacts": types.read_contact,
    "conversation": types.read_conversation,
    "templates": types.read_template,
    "messages": types.read_message,
}

# Anything that a server can send as JSON: lone surrogates, NUL and integers of any size included.
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**18, max_value=10**400)
    | st.floats()
    | st.text(st.characters())
    | st.text(st.characters(categories=["Cs"]), max_size=3)
    | st.sampled_from(["", "0", "7", "-1", " 7 ", "1e5", "NaN", "9" * 30, "a\x00b", "\ud800", "[]"])
    | st.sampled_from(["2026-07-01T12:00:00.000000Z", "2026-07-01 12:00:00", "2026-07-01", "24:00"])
    | st.sampled_from(["0001-01-01T00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59"])
)
NAMES = (
    "id name firstname lastname mobile_code mobile full_name image_src is_blocked address city "
    "state post_code country created_at updated_at tags lists contact contact_id status "
    "last_message_at notes note header header_format body footer buttons text rejected_reason data "
    "current_page last_page total contacts conversation conversation_details templates messages "
    "type message message_type media_caption media_filename media_url location latitude longitude"
)
KEYS = st.sampled_from(NAMES.split())
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=8)
    ),
    max_leaves=25,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=12)


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def every_text(value: object) -> list[str]:
    """All texts in a dataclass, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [found for item in value for found in every_text(item)]
    fields = getattr(value, "__dataclass_fields__", {})
    return [found for name in fields for found in every_text(getattr(value, name))]


def every_moment(value: object) -> list[datetime]:
    if isinstance(value, datetime):
        return [value]
    if isinstance(value, tuple):
        return [found for item in value for found in every_moment(item)]
    fields = getattr(value, "__dataclass_fields__", {})
    return [found for name in fields for found in every_moment(getattr(value, name))]


def assert_usable(value: object) -> None:
    """It can be stored in PostgreSQL, encoded, and shown in any time zone."""
    for found in every_text(value):
        assert "\x00" not in found
        found.encode()
    for moment in every_moment(value):
        for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
            moment.astimezone(ZoneInfo(zone))


# --- Anything -------------------------------------------------------------------------------------


@given(data=JSON, key=st.sampled_from(list(READERS)))
@example(data={"contacts": {"data": [{"id": 1, "address": []}]}}, key="contacts")
@example(data={"templates": {"data": [{"id": 1, "buttons": {"buttons": 5}}]}}, key="templates")
@example(data={"contacts": {"data": [{"id": "1", "firstname": 10**4000}]}}, key="contacts")
def test_it_reads_any_page_or_says_that_it_is_none(data: Any, key: str) -> None:
    try:
        page = types.read_page(through_json(data), key, READERS[key])
    except Unexpected:
        return
    assert page.number >= 1
    assert page.last >= 1
    assert page.total >= len(page.rows)
    assert_usable(page.rows)
    for row in page.rows:
        assert 0 < row.id <= MAX_ID


@given(rows=st.lists(OBJECTS | JSON, max_size=5), key=st.sampled_from(list(READERS)))
def test_it_reads_any_rows_of_a_list(rows: list[Any], key: str) -> None:
    page = types.read_page(through_json({key: rows}), key, READERS[key])

    assert len(page.rows) <= len(rows)
    assert_usable(page.rows)


@given(row=OBJECTS, read=st.sampled_from(list(READERS.values())))
def test_it_reads_any_row(row: dict[str, Any], read: Read) -> None:
    value = read(through_json(row), 7)

    assert value.id == 7
    assert_usable(value)


@given(data=OBJECTS, conversation_id=st.integers(1, MAX_ID))
def test_it_reads_any_details(data: dict[str, Any], conversation_id: int) -> None:
    conversation = types.read_details(through_json(data), conversation_id)

    assert conversation.id == conversation_id
    assert_usable(conversation)


@given(value=JSON)
def test_it_reads_any_single_value(value: Any) -> None:
    value = through_json(value)

    types.integer(value)
    types.flag(value)
    types.mapping(value)
    assert_usable((types.text(value), types.moment(value)))
    assert types.identifier(value) is None or 0 < types.identifier(value) <= MAX_ID


@given(conversation=OBJECTS)
def test_it_names_and_numbers_any_contact(conversation: dict[str, Any]) -> None:
    contact = types.read_contact(through_json(conversation), 7)

    assert isinstance(contact.name, str)
    assert isinstance(contact.number, str)


# --- Lists ----------------------------------------------------------------------------------------


def paginator(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"current_page": 2, "data": list(rows), "last_page": 5, "total": 99, **more}


@pytest.mark.parametrize(
    ("data", "page"),
    [
        ({"contacts": paginator({"id": 1})}, Page((Contact(1),), 2, 5, 99)),
        (paginator({"id": 1}), Page((Contact(1),), 2, 5, 99)),
        ({"contacts": [{"id": 1}]}, Page((Contact(1),), 1, 1, 1)),
        ([{"id": 1}], Page((Contact(1),), 1, 1, 1)),
        ({"contacts": {"data": [{"id": 1}]}}, Page((Contact(1),), 1, 1, 1)),
        (
            {"contacts": paginator({"id": "1"}, current_page="2", last_page="5", total="99")},
            Page((Contact(1),), 2, 5, 99),
        ),
        (
            {"contacts": paginator(current_page=0, last_page=-1, total=None)},
            Page((), 1, 1, 0),
        ),
        ({"contacts": paginator(current_page=10**30)}, Page((), 1, 5, 99)),
        ({"contacts": paginator({"id": 1}, {"id": 0}, "x")}, Page((Contact(1),), 2, 5, 99, 2)),
        ({"contacts": [{"id": 1}, {"firstname": "Ana"}]}, Page((Contact(1),), 1, 1, 2, 1)),
        ({"contacts": []}, Page(())),
        ({"contacts": None}, Page(())),
        ({}, Page(())),
        ([], Page(())),
    ],
)
def test_it_reads_a_list_in_each_form(data: Any, page: Page[Contact]) -> None:
    assert types.read_page(data, "contacts", types.read_contact) == page


@pytest.mark.parametrize(
    "data",
    [
        {"contacts": "none"},
        {"contacts": 5},
        {"contacts": True},
        {"contacts": {"data": {"1": {"id": 1}}}},
        {"contacts": {"data": "none"}},
        {"contacts": {"rows": []}},
        {"something": "else"},
        "text",
        5,
    ],
)
def test_it_says_when_there_are_no_rows_to_find(data: Any) -> None:
    with pytest.raises(Unexpected):
        types.read_page(data, "contacts", types.read_contact)


@pytest.mark.parametrize("bad", [None, 5, "x", [], {}, {"id": None}, {"id": "x"}, {"id": 0}])
def test_it_leaves_out_a_row_without_an_id_and_keeps_the_others(bad: Any) -> None:
    page = types.read_page([{"id": 1}, bad, {"id": 2}], "contacts", types.read_contact)

    assert [contact.id for contact in page.rows] == [1, 2]


# --- Rows -----------------------------------------------------------------------------------------

CONTACT = {
    "id": 7,
    "firstname": "Ana",
    "lastname": "Souza",
    "mobile_code": "55",
    "mobile": "11912345678",
    "full_name": "Ana Souza",
    "image": None,
    "image_src": "https://example.com/avatar.jpg",
    "is_blocked": 0,
    "details": [],
    "address": {
        "city": "São Paulo",
        "state": "SP",
        "post_code": "01310-100",
        "address": "Av. Paulista, 1000",
        "country": "Brazil",
    },
    "created_at": "2026-07-01T12:00:00.000000Z",
    "updated_at": "2026-07-02T12:00:00.000000Z",
}


def moment(day: int) -> datetime:
    return datetime(2026, 7, day, 12, tzinfo=UTC)


ANA = Contact(
    id=7,
    firstname="Ana",
    lastname="Souza",
    mobile_code="55",
    mobile="11912345678",
    city="São Paulo",
    state="SP",
    post_code="01310-100",
    address="Av. Paulista, 1000",
    country="Brazil",
    address_known=True,
    image_src="https://example.com/avatar.jpg",
    created_at=moment(1),
    updated_at=moment(2),
)


def contact(**changes: Any) -> Contact:
    return types.read_contact(CONTACT | changes, 7)


def test_it_reads_a_contact() -> None:
    assert contact() == ANA


def test_it_reads_a_contact_with_numbers_where_texts_belong() -> None:
    read = contact(mobile=11912345678, mobile_code=55)

    assert (read.mobile_code, read.mobile) == ("55", "11912345678")


@pytest.mark.parametrize("flag", [1, "1", True])
def test_it_sees_a_blocked_contact(flag: object) -> None:
    assert contact(is_blocked=flag).is_blocked


@pytest.mark.parametrize("flag", [0, "0", False, None, "", "no", [], {}])
def test_it_sees_a_contact_that_is_not_blocked(flag: object) -> None:
    assert not contact(is_blocked=flag).is_blocked


@pytest.mark.parametrize("address", [None, [], "São Paulo", 5])
def test_it_reads_a_contact_whose_address_is_no_object(address: object) -> None:
    assert contact(address=address).city == ""


def test_it_names_a_contact_without_a_name_by_the_number() -> None:
    assert contact(firstname=None, lastname="").name == "+5511912345678"
    assert contact(lastname=None).name == "Ana"


def test_it_drops_a_plus_from_the_country_code() -> None:
    assert contact(mobile_code="+55").number == "+5511912345678"


CONVERSATION = {
    "id": 2,
    "contact_id": 7,
    "status": 2,
    "last_message_at": "2026-07-01T12:00:00.000000Z",
    "contact": CONTACT,
    "notes": [{"id": 5, "conversation_id": 2, "note": "Call back", "created_at": None}],
}


def conversation(**changes: Any) -> Conversation:
    return types.read_conversation(CONVERSATION | changes, 2)


def test_it_reads_a_conversation() -> None:
    expected = Conversation(2, ANA, Status.PENDING, moment(1), (Note(5, "Call back"),))

    assert conversation() == expected


@pytest.mark.parametrize("nothing", [None, [], {}, "", 7, {"firstname": "no id"}])
def test_it_reads_a_conversation_without_a_contact(nothing: object) -> None:
    assert conversation(contact=nothing).contact is None


@pytest.mark.parametrize(
    ("value", "status"),
    [(0, Status.NONE), ("4", Status.UNREAD), (5, None), (-1, None), (None, None), ("x", None)],
)
def test_it_reads_a_status(value: object, status: Status | None) -> None:
    assert conversation(status=value).status is status


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-07-01T12:00:00.000000Z", moment(1)),
        ("2026-07-01T09:00:00-03:00", moment(1)),
        ("2026-07-01 12:00:00", moment(1)),
        (None, None),
        ("yesterday", None),
        (1782907200, None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_it_reads_a_time_as_utc(value: object, read: datetime | None) -> None:
    assert conversation(last_message_at=value).last_message_at == read


TAGGED = {**CONTACT, "tags": [{"id": 1, "name": "VIP"}], "lists": [{"id": 2, "name": "News"}]}


@pytest.mark.parametrize(
    "data",
    [
        {"conversation": {**CONVERSATION, "contact": TAGGED}},
        {**CONVERSATION, "contact": TAGGED},
        {"conversation_details": {**CONVERSATION, "contact": TAGGED}},
        {"contact": TAGGED, "notes": CONVERSATION["notes"]},
        {
            "contact": CONTACT,
            "tags": TAGGED["tags"],
            "lists": TAGGED["lists"],
            "notes": CONVERSATION["notes"],
        },
    ],
    ids=["under a key", "plain", "under another key", "parts", "all beside each other"],
)
def test_it_reads_details_in_each_form(data: dict[str, Any]) -> None:
    read = types.read_details(data, 2)

    assert read.contact is not None
    assert read.contact.tags == (Label(1, "VIP"),)
    assert read.contact.lists == (Label(2, "News"),)
    assert read.notes == (Note(5, "Call back"),)


def test_it_reads_details_without_a_contact() -> None:
    data = {"conversation": {**CONVERSATION, "contact": None}, "tags": TAGGED["tags"]}

    read = types.read_details(data, 2)

    assert read.contact is None
    assert read.notes == (Note(5, "Call back"),)


TEMPLATE = {
    "id": 3,
    "name": "boas_vindas",
    "status": 1,
    "header_format": None,
    "header": {"text": "Olá"},
    "body": {"text": "Olá {{1}}"},
    "footer": "Até logo",
    "buttons": [{"type": "QUICK_REPLY", "text": "Sim"}, {"type": "URL"}],
    "rejected_reason": None,
}


def test_it_reads_a_template() -> None:
    expected = Template(
        id=3,
        name="boas_vindas",
        status=TemplateStatus.APPROVED,
        header="Olá",
        body="Olá {{1}}",
        footer="Até logo",
        buttons=("Sim",),
    )

    assert types.read_template(TEMPLATE, 3) == expected


@pytest.mark.parametrize(
    ("buttons", "read"),
    [
        (None, ()),
        ("", ()),
        (["Sim", "Não"], ("Sim", "Não")),
        ({"buttons": [{"text": "Sim"}]}, ("Sim",)),
        ({"0": {"text": "Sim"}, "1": {"text": "Não"}}, ("Sim", "Não")),
        ('[{"type": "QUICK_REPLY", "text": "Sim"}]', ("Sim",)),
        ("[broken", ()),
    ],
)
def test_it_reads_a_templates_buttons_in_each_form(buttons: Any, read: tuple[str, ...]) -> None:
    assert types.read_template(TEMPLATE | {"buttons": buttons}, 3).buttons == read


@pytest.mark.parametrize("body", ["Olá {{1}}", {"text": "Olá {{1}}"}, '{"text": "Olá {{1}}"}'])
def test_it_reads_a_templates_body_in_each_form(body: Any) -> None:
    assert types.read_template(TEMPLATE | {"body": body}, 3).body == "Olá {{1}}"


@pytest.mark.parametrize("body", ["{{1}}, olá", "[1]", "{", "123", '"quoted"', '{"no": "text"}'])
def test_it_takes_a_body_that_only_looks_like_json_as_text(body: str) -> None:
    assert types.read_template(TEMPLATE | {"body": body}, 3).body == body


# --- Plain arrays and flat addresses ------------------------------------------------------------


def page_of(count: int, **asked: int) -> types.Page[types.Contact]:
    rows = [{"id": number} for number in range(1, count + 1)]
    return types.read_page(rows, "contacts", types.read_contact, **asked)


def test_a_full_array_may_have_a_next_page_and_tells_no_total() -> None:
    page = page_of(20, number=2, per_page=20)

    assert (page.number, page.last, page.total) == (2, 3, None)


def test_a_shorter_array_is_the_last_page() -> None:
    page = page_of(13, number=2, per_page=20)

    assert (page.number, page.last, page.total) == (2, 2, 33)


def test_an_array_with_everything_is_cut_into_pages() -> None:
    page = page_of(45, number=3, per_page=20)

    assert [row.id for row in page.rows] == [41, 42, 43, 44, 45]
    assert (page.last, page.total) == (3, 45)


def test_an_address_in_the_row_itself_is_read() -> None:
    contact = types.read_contact({"city": "Recife", "address": "Rua A"}, 1)

    assert (contact.city, contact.address, contact.address_known) == ("Recife", "Rua A", True)


@pytest.mark.parametrize(("row", "known"), [({}, False), ({"address": None}, True)])
def test_it_knows_whether_the_server_told_an_address(row: dict[str, Any], known: bool) -> None:
    assert types.read_contact(row, 1).address_known is known


# --- What was said --------------------------------------------------------------------------------


def said(**row: Any) -> HistoryMessage:
    return types.read_message(row, 7)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://wazime.example/a.jpg", True),
        ("http://127.0.0.1:8001/a b.jpg", False),
        ("HTTPS://wazime.example/a.jpg", True),
        ("javascript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("//wazime.example/a.jpg", False),
        ("/a.jpg", False),
        ("https:///a.jpg", False),
        ("https://wazime.example@evil.example/", False),
        ("https://[::1/", False),
        ("java\nscript:alert(1)", False),
        ("https://wazime.example/\u202egpj.exe", False),
        ("https://wazime.example/" + "a" * 3000, False),
        (None, False),
        (7, False),
        (["https://wazime.example/a.jpg"], False),
    ],
)
def test_a_files_address_is_http_or_none(address: object, shown: bool) -> None:
    assert said(media_url=address).media_url == (address if shown else "")


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ({"latitude": -23.5, "longitude": "-46.6"}, Place("-23.5", "-46.6")),
        ('{"latitude": "-23.5", "longitude": "-46.6"}', Place("-23.5", "-46.6")),
        ({"latitude": 91, "longitude": 0}, None),
        ({"latitude": "1", "longitude": "2&x=<b>"}, None),
        ({"latitude": 1e300, "longitude": 1}, None),
        ({"latitude": "1", "name": "Loja"}, Place(name="Loja")),
        ("Loja", None),
        (None, None),
    ],
)
def test_a_place_is_on_earth(location: object, place: Place | None) -> None:
    assert said(location=location).place == place


def test_a_caption_stands_for_the_text() -> None:
    assert said(message=None, media_caption="Veja").text == "Veja"
    assert said(message="Oi", media_caption=None).text == "Oi"


def test_what_nobody_knows_is_none() -> None:
    row = said(type="3", message_type=99, status="read", created_at="yesterday")

    assert (row.sender, row.kind, row.delivery, row.created_at) == (None, None, None, None)


def test_a_message_is_no_longer_than_a_page_can_show() -> None:
    assert len(said(message="a" * 1_000_000).text) == types.LONGEST_TEXT
