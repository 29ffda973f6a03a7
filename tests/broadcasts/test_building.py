"""The audience of a draft, built from every source; against the sandbox and a real database."""

import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone, translation
from pytest_django.fixtures import Settings

from contacts import walking
from contacts.models import OptOut
from contacts.numbers import folded
from contacts.walking import PAUSES
from inbox.broadcasts import building, nudging, services, spreadsheets
from inbox.broadcasts.building import build, due_builds, sentences
from inbox.broadcasts.models import Audience, Broadcast, BroadcastState, Reason, Source
from inbox.broadcasts.variables import places, preview, rendered
from inbox.content import api_form
from inbox.models import Kind, Message, State
from tests.sandbox_server import Sandbox
from wazime_admin.celery import app
from wazime_admin.team.models import User
from wazime_admin.wazime.client import WaziMeClient, client
from wazime_admin.wazime.transport import READ
from wazime_admin.wazime.types import Contact, Page, read_contact

TEMPLATE = {"name": "boas_vindas", "header": "", "body": "Olá", "footer": "", "buttons": []}
Draft = Callable[..., Broadcast]


@pytest.fixture(autouse=True)
def _without_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudging, "_send", lambda task, *args, **options: None)
    monkeypatch.setattr(walking, "PAUSES", (0.0, 0.0))


@pytest.fixture
def draft(admin: User, wazime: Sandbox) -> Draft:
    """`draft(text="…")`, `draft(file="…")`, `draft(search="…")`, `draft()` for all contacts;
    other fields of Broadcast by name."""

    def make(
        text: str = "",
        file: str | bytes = "",
        search: str = "",
        columns: dict[str, int] | None = None,
        **choices: Any,
    ) -> Broadcast:
        source = Source.PASTED if text else Source.FILE if file else Source.ALL
        audience = Audience.objects.create(
            source=Source.SEARCH if search else source,
            text=text,
            search=search,
            file=ContentFile(file, "x") if file else "",
            file_name="people.csv" if file else "",
            columns=columns or {},
            author=admin,
        )
        given = {"name": "Novidades", "template_id": 1, "template": TEMPLATE, "rate": 20.0}
        return Broadcast.objects.create(author=admin, audience=audience, **(given | choices))

    return make


def built(broadcast: Broadcast) -> Broadcast:
    build(broadcast_id=broadcast.pk)
    broadcast.refresh_from_db()
    return broadcast


def numbers_of(broadcast: Broadcast) -> list[str]:
    return list(broadcast.messages.order_by("id").values_list("number", flat=True))


def left_out(broadcast: Broadcast) -> list[tuple[int, str]]:
    return list(broadcast.left_out.order_by("id").values_list("line", "reason"))


def whole(broadcast: Broadcast) -> list[Any]:
    """Everything that was built, without what is new each time."""
    names = ("line", "number", "mobile_code", "mobile", "fields", "new_contact")
    rows = broadcast.messages.order_by("line").values_list(*names, "name", "time_zone")
    return [*rows, *broadcast.left_out.order_by("line").values_list("line", "text", "reason")]


def mobiles(count: int, begin: int = 0) -> list[str]:
    return [f"+55119{81_000_000 + place}" for place in range(begin, begin + count)]


def add_contact(mobile: str, code: str = "55", firstname: str = "Nova") -> None:
    client().create_contact(
        {"firstname": firstname, "lastname": "Silva", "mobile_code": code, "mobile": mobile}
    )


# --- What a recipient is ------------------------------------------------------------------------


def test_it_makes_a_held_message_for_each_pasted_number(draft: Draft, admin: User) -> None:
    broadcast = built(draft("+55 11 98100-0001\n(92) 98100-0002", from_number="551140000000"))

    first, second = broadcast.messages.order_by("id")
    assert (first.state, first.kind, first.author) == (State.HELD, Kind.TEMPLATE, admin)
    assert (first.mobile_code, first.mobile, first.number) == ("55", "11981000001", "5511981000001")
    assert (first.fields, first.label) == ({"template_id": "1"}, "boas_vindas")
    assert (first.from_number, first.time_zone) == ("551140000000", "America/Sao_Paulo")
    assert (first.new_contact, first.line) == ({"firstname": "", "lastname": ""}, 1)
    assert (second.time_zone, second.line) == ("America/Manaus", 2)
    assert broadcast.built_at is not None
    assert (broadcast.building_until, broadcast.rows_read, broadcast.build_trouble) == (None, 2, "")


def test_it_takes_names_from_a_file(draft: Draft) -> None:
    file = f"nome,telefone,sobrenome\n{'Ana ' * 20},11981000001,Souza\x00 Lima\nBia,11981000002,\n"

    broadcast = built(draft(file=file))

    first, second = broadcast.messages.order_by("id")
    ana = ("Ana " * 10).strip()
    assert first.new_contact == {"firstname": ana, "lastname": "Souza Lima"}
    assert second.new_contact == {"firstname": "Bia", "lastname": ""}
    assert (first.name, second.name) == (f"{ana} Souza Lima", "Bia")


def test_it_reads_the_columns_that_a_person_chose(draft: Draft) -> None:
    file = "a,b,c\n11981000001,11981000002,Bia\n"

    broadcast = built(draft(file=file, columns={"number": 1, "firstname": 2}))

    assert numbers_of(broadcast) == ["5511981000002"]
    assert broadcast.messages.get().new_contact == {"firstname": "Bia", "lastname": ""}


def test_it_leaves_out_what_is_no_number_with_its_line_and_reason(draft: Draft) -> None:
    rows = [
        "nome,telefone",
        "Ana,11981000001",
        "Bia,",
        "Caio,123",
        "Dora,5.51198E+12",
        "Y" * 70_000,
    ]

    broadcast = built(draft(file="\n".join([*rows, "X" * 500 + ",7"])))

    assert numbers_of(broadcast) == ["5511981000001"]
    assert left_out(broadcast) == [
        (3, Reason.EMPTY),
        (4, Reason.INVALID),
        (5, Reason.SHORTENED),
        (6, Reason.UNREADABLE),
        (7, Reason.INVALID),
    ]
    assert broadcast.left_out.get(line=4).text == "Caio, 123"
    assert broadcast.left_out.get(line=7).text == "X" * 200


def test_it_takes_a_pasted_number_that_ends_in_zeros(draft: Draft) -> None:
    assert numbers_of(built(draft("5511990000000\n5511970000000"))) == [
        "5511990000000",
        "5511970000000",
    ]


@pytest.mark.parametrize(
    ("second", "taken"), [("5511987654321", 2), ("5511970000000", 0)], ids=["one", "several"]
)
def test_it_takes_numbers_of_a_file_that_end_in_zeros_unless_they_are_several(
    draft: Draft, second: str, taken: int
) -> None:
    broadcast = built(draft(file=f"nome,telefone\nAna,5511990000000\nBia,{second}\n"))

    assert len(numbers_of(broadcast)) == taken
    reasons = {reason for _line, reason in left_out(broadcast)}
    assert reasons == (set() if taken else {Reason.SHORTENED})


def test_it_finds_a_number_again_without_its_ninth_digit(draft: Draft) -> None:
    lines = ["+55 11 98100-0001", "+55 11 8100-0001", "11 98100 0001", "+55 11 98100-0002"]

    broadcast = built(draft("\n".join(lines)))

    assert numbers_of(broadcast) == ["5511981000001", "5511981000002"]
    assert left_out(broadcast) == [(2, Reason.DUPLICATE), (3, Reason.DUPLICATE)]


def test_it_finds_a_number_again_in_another_chunk(draft: Draft) -> None:
    broadcast = built(draft("\n".join([*mobiles(1500), *mobiles(3, begin=10)])))

    assert broadcast.messages.count() == 1500
    assert left_out(broadcast) == [(line, Reason.DUPLICATE) for line in (1501, 1502, 1503)]


def test_it_leaves_out_who_opted_out(draft: Draft, admin: User) -> None:
    OptOut.objects.create(
        number="5511981000001", mobile_code="55", mobile="1181000001", added_by=admin
    )

    broadcast = built(draft("+5511981000001\n+551181000001\n+5511981000002"))

    assert numbers_of(broadcast) == ["5511981000002"]
    assert left_out(broadcast) == [(1, Reason.OPTED_OUT), (2, Reason.OPTED_OUT)]


# --- Whose contacts they are --------------------------------------------------------------------


@pytest.fixture(params=[0, 60])
def others(request: pytest.FixtureRequest) -> str:
    """Too few recipients to walk all contacts, and enough."""
    return "\n".join(["", *mobiles(request.param)])


def test_it_sends_to_the_form_that_the_contact_has(draft: Draft, others: str) -> None:
    add_contact("1171234567")
    add_contact("11972222222")

    broadcast = built(draft(f"+5511971234567\n11972222222\n11973333333{others}"))

    first, second, third = broadcast.messages.order_by("id")[:3]
    assert (first.mobile, first.number) == ("1171234567", "5511971234567")
    assert (second.mobile, third.mobile) == ("11972222222", "11973333333")
    assert [row.name for row in (first, second, third)] == ["Nova Silva", "Nova Silva", ""]
    known = broadcast.messages.filter(new_contact__isnull=True).order_by("id")
    assert list(known) == [first, second]


def blocked_contact() -> str:
    return next(row.number for row in all_contacts() if row.is_blocked)


def all_contacts() -> list[Any]:
    return [row for stretch in walking.walk() for place, row in stretch.contacts]


def test_it_leaves_out_a_blocked_contact_with_its_line(draft: Draft, others: str) -> None:
    broadcast = built(draft(f"11973333333\n{blocked_contact()}{others}"))

    assert "5511973333333" in numbers_of(broadcast)
    assert left_out(broadcast) == [(2, Reason.BLOCKED)]


@pytest.fixture(params=[False, True])
def blocked_twin(wazime: Sandbox, monkeypatch: pytest.MonkeyPatch, request: Any) -> Contact:
    """Somebody who is two contacts, of which one is blocked: the older or the newer one."""
    add_contact("1171234567", firstname="Gêmea")
    add_contact("11971234567", firstname="Outra")
    [newer, older] = client().contacts(per_page=2).rows
    blocked, other = (newer, older) if request.param else (older, newer)

    def block(page: Page[Contact]) -> Page[Contact]:
        rows = (replace(row, is_blocked=row.id == blocked.id) for row in page.rows)
        return replace(page, rows=tuple(rows))

    answered(monkeypatch, block)
    return other


def test_it_leaves_out_whose_other_contact_is_blocked(
    draft: Draft, blocked_twin: Contact, others: str
) -> None:
    pasted = built(draft(f"{blocked_twin.number}{others}"))
    assert left_out(pasted) == [(1, Reason.BLOCKED)]

    found = built(draft(search=blocked_twin.firstname))
    assert left_out(found) == [(1, Reason.BLOCKED)]

    everybody_there = built(draft())
    assert "5511971234567" not in numbers_of(everybody_there)
    assert set(left_out(everybody_there)) == {(1, Reason.BLOCKED), (2, Reason.BLOCKED)}


def test_it_leaves_out_blocked_contacts_among_all(draft: Draft) -> None:
    broadcast = built(draft())

    contacts = all_contacts()
    blocked = [place for place, row in enumerate(contacts, 1) if row.is_blocked]
    assert blocked
    assert [line for line, reason in left_out(broadcast) if reason == Reason.BLOCKED] == blocked
    assert broadcast.messages.count() + len(left_out(broadcast)) == len(contacts)
    assert not broadcast.messages.filter(new_contact__isnull=False).exists()
    for recipient in broadcast.messages.all():
        contact = contacts[recipient.line - 1]
        assert recipient.name == f"{contact.firstname} {contact.lastname}".strip()
    assert broadcast.rows_read == broadcast.rows_total == len(contacts)


def test_it_takes_the_contacts_of_a_search_with_several_words(draft: Draft) -> None:
    add_contact("11972222221", firstname="Zuleica Açucena")
    add_contact("11972222222", firstname="Zuleica")
    add_contact("11972222223", firstname="Açucena")

    assert numbers_of(built(draft(search="açucena zuleica"))) == ["5511972222221"]
    assert numbers_of(built(draft(search="zuleica"))) == ["5511972222222", "5511972222221"]


def test_it_finds_two_contacts_of_one_person_among_all(draft: Draft) -> None:
    add_contact("1171234567", firstname="Gêmea")
    add_contact("11971234567", firstname="Gêmea")

    broadcast = built(draft(search="Gêmea"))

    assert broadcast.messages.get().mobile == "11971234567"  # the newer one
    assert left_out(broadcast) == [(2, Reason.DUPLICATE)]


# --- Walking ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many_process() -> Iterator[Sandbox]:
    with Sandbox(contacts=2300) as sandbox:
        yield sandbox


@pytest.fixture
def many(settings: Settings, wazime: Sandbox, many_process: Sandbox) -> Sandbox:
    """An account with 2,300 contacts."""
    many_process.reset()
    settings.WAZIME_BASE_URL = many_process.base_url
    return many_process


def between_pages(monkeypatch: pytest.MonkeyPatch, happens: dict[int, Callable[[], None]]) -> None:
    """Something happens before the so-manieth call for a page of contacts."""
    calls, ask = iter(range(1, 100_000)), WaziMeClient.contacts

    def contacts(self: WaziMeClient, **query: Any) -> Any:
        happens.get(next(calls), lambda: None)()
        return ask(self, **query)

    monkeypatch.setattr(WaziMeClient, "contacts", contacts)


@pytest.mark.parametrize(
    "quirks",
    [
        {},
        {"uncapped_pages": False},
        {"plain_lists": True},
        {"string_numbers": True, "missing_keys": True},
    ],
)
def test_it_takes_every_contact_once(draft: Draft, many: Sandbox, quirks: dict[str, bool]) -> None:
    many.settings(quirks=quirks)

    broadcast = built(draft())

    assert broadcast.build_trouble == ""
    total = client().contacts(per_page=1).total
    assert total is not None
    assert total >= 2300
    assert broadcast.messages.count() + broadcast.left_out.count() == total
    assert not broadcast.left_out.filter(reason=Reason.DUPLICATE).exists()
    lines = [*broadcast.messages.values_list("line", flat=True)]
    lines += broadcast.left_out.values_list("line", flat=True)
    assert sorted(lines) == list(range(1, total + 1))


def test_it_finds_contacts_that_are_created_while_it_walks(
    draft: Draft, many: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_pages(
        monkeypatch,
        {3: lambda: add_contact("11971111111"), 5: lambda: add_contact("11971111112")},
    )
    broadcast = built(draft())

    found = set(numbers_of(broadcast))
    assert {"5511971111111", "5511971111112"} <= found
    assert not broadcast.left_out.filter(reason=Reason.DUPLICATE).exists()
    total = client().contacts(per_page=1).total
    assert len(found) + broadcast.left_out.count() == total


def test_it_passes_over_nobody_when_others_are_deleted_while_it_walks(
    draft: Draft, many: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes after a deleted one moves up; in a single walk the overlap finds them."""
    gone = new_contacts(3)
    happens = {call: partial(client().delete_contact, gone[call - 3]) for call in (3, 4, 5)}
    between_pages(monkeypatch, happens)
    monkeypatch.setattr(walking, "MOST_WALKS", 1)

    found = set(numbers_of(built(draft())))
    assert everybody() <= found


def test_it_walks_again_when_one_was_deleted_and_one_created(
    draft: Draft, many: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    [gone] = new_contacts(1)
    happens = {3: lambda: client().delete_contact(gone), 4: lambda: add_contact("11971111111")}
    between_pages(monkeypatch, happens)

    found = set(numbers_of(built(draft())))
    assert everybody() <= found


def new_contacts(count: int) -> list[int]:
    """The ids of contacts that were just created."""
    for place in range(count):
        add_contact(f"1197444444{place}")
    return [row.id for row in client().contacts(per_page=count).rows]


def everybody() -> set[str]:
    return {folded(c.mobile_code, c.mobile) for c in all_contacts() if not c.is_blocked}


def answered(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Page[Contact]], Page[Contact]]
) -> None:
    """Each page of contacts comes changed."""
    ask = WaziMeClient.contacts
    monkeypatch.setattr(WaziMeClient, "contacts", lambda self, **query: change(ask(self, **query)))


def test_it_walks_again_when_a_page_came_empty(
    draft: Draft, many: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = iter([3])

    def cut(page: Page[Contact]) -> Page[Contact]:
        return replace(page, rows=()) if page.number == 3 and next(empty, None) else page

    answered(monkeypatch, cut)

    found = set(numbers_of(built(draft())))
    assert everybody() <= found


def test_it_says_so_when_wazime_keeps_contacts_back(
    draft: Draft, many: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, lambda page: replace(page, rows=()) if page.number == 3 else page)

    broadcast = built(draft())

    assert broadcast.built_at is None
    assert broadcast.build_trouble.startswith("WaziMe gave fewer contacts")


def test_it_misses_no_contact_that_has_no_id(
    draft: Draft, many: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count in the total, but nobody can do anything with them."""

    def without_some(page: Page[Contact]) -> Page[Contact]:
        rows = tuple(row for row in page.rows if row.id % 100)
        return replace(page, rows=rows, unusable=len(page.rows) - len(rows))

    answered(monkeypatch, without_some)

    assert built(draft()).built_at is not None


def test_it_asks_again_when_a_page_does_not_come(draft: Draft, wazime: Sandbox) -> None:
    wazime.add_fault("http_502", endpoints=["contact/list"], times=2)

    assert built(draft()).built_at is not None


# --- Hostile answers ----------------------------------------------------------------------------


def test_it_survives_contacts_that_make_no_sense(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"id": 9, "mobile_code": "55", "mobile": "11971111111", "firstname": ["x"]},
        {"id": 8, "mobile_code": "0" * 300 + "55", "mobile": "11971111112"},
        {"id": 7, "mobile_code": "55", "mobile": "1" * 100_000},
        {"id": 6, "mobile_code": None, "mobile": {}},
        {"id": 5, "mobile_code": "55", "mobile": "abc\x00\ud800", "lastname": "\ud800" * 500},
        {"id": 4, "mobile_code": "55", "mobile": "11971111111", "firstname": "Again"},
        {"id": 3, "mobile_code": "+55", "mobile": "(11) 97111-1113"},
    ]
    contacts = tuple(read_contact(row, row["id"]) for row in rows)
    page = Page(contacts, number=1, last=2**62, total=len(rows))
    monkeypatch.setattr(WaziMeClient, "contacts", lambda self, **query: page)

    broadcast = built(draft())

    assert broadcast.built_at is not None
    assert numbers_of(broadcast) == ["5511971111111", "5511971111113"]
    assert left_out(broadcast) == [
        (2, Reason.INVALID),
        (3, Reason.INVALID),
        (4, Reason.EMPTY),
        (5, Reason.INVALID),
    ]


def test_it_keeps_its_own_form_of_a_number_where_the_contacts_is_too_long(
    draft: Draft, monkeypatch: pytest.MonkeyPatch, others: str
) -> None:
    contact = Contact(id=1, mobile_code="0" * 300 + "55", mobile="11971111111")
    page = Page((contact,), total=1)
    monkeypatch.setattr(WaziMeClient, "contacts", lambda self, **query: page)

    broadcast = built(draft(f"11971111111{others}"))

    assert broadcast.built_at is not None
    first = broadcast.messages.earliest("id")
    assert (first.mobile_code, first.mobile) == ("55", "11971111111")


# --- Troubles -----------------------------------------------------------------------------------


def test_it_says_why_when_wazime_does_not_answer(draft: Draft, wazime: Sandbox) -> None:
    wazime.add_fault("ip_not_whitelisted", endpoints=["contact/list"])

    broadcast = built(draft())

    assert (broadcast.built_at, broadcast.building_until) == (None, None)
    with translation.override("en"):
        said = sentences(broadcast.build_trouble)
    with translation.override("pt-br"):
        translated = sentences(broadcast.build_trouble)
    assert said[:2] == [
        "WaziMe does not accept calls from this server's address.",
        "Add the server's public IP address to the whitelist in the WaziMe panel.",
    ]
    assert not {*said[:2]} & {*translated}
    assert any("203.0.113.7" in words for words in said[2:]), "WaziMe names it"


def test_it_asks_for_the_columns_when_none_looks_like_numbers(draft: Draft) -> None:
    broadcast = built(draft(file="a,b\nx,y\n"))

    assert "choose the columns" in broadcast.build_trouble
    assert (broadcast.built_at, broadcast.building_until) == (None, None)


def test_it_says_why_a_file_cannot_be_read(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object, name: str) -> None:
        raise spreadsheets.Unreadable("This is no table.")

    broadcast = draft(file="a\n1\n")
    monkeypatch.setattr(spreadsheets, "open_table", refuse)

    assert built(broadcast).build_trouble == "This is no table."


@pytest.mark.parametrize(
    ("limit", "english", "portuguese"),
    [("MAX_FILE", "50 MB", "50 MB"), ("MAX_LINES", "1,048,576 lines", "1.048.576 linhas")],
)
def test_it_says_that_a_file_is_beyond_a_limit_in_the_language_of_whoever_looks(
    draft: Draft, monkeypatch: pytest.MonkeyPatch, limit: str, english: str, portuguese: str
) -> None:
    monkeypatch.setattr(spreadsheets, limit, 1)

    trouble = built(draft(file="nome,telefone\nAna,1\n")).build_trouble

    said = {}
    for language in ("en", "pt-br", "es"):
        with translation.override(language):
            [said[language]] = sentences(trouble)
    assert english in said["en"]
    assert portuguese in said["pt-br"]
    assert len(set(said.values())) == 3


def test_it_says_that_a_file_is_gone(draft: Draft) -> None:
    broadcast = draft(file="a\n1\n")
    broadcast.audience.file.storage.delete(broadcast.audience.file.name)

    assert "choose it again" in built(broadcast).build_trouble


def test_it_shows_a_fault_of_its_own_and_does_not_meet_it_again(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(number: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(building, "zone_of", fail)

    broadcast = built(draft("11981000001"))

    assert "fault" in broadcast.build_trouble
    assert due_builds() == []


def test_it_builds_again_after_a_trouble_when_the_draft_is_changed(
    draft: Draft, admin: User
) -> None:
    broadcast = built(draft(file="a,b\nx,y\n"))
    assert broadcast.build_trouble
    other = Audience.objects.create(source=Source.PASTED, text="11971111111", author=admin)

    services.change_draft(broadcast=broadcast, audience=other)

    assert numbers_of(built(broadcast)) == ["5511971111111"]
    assert broadcast.build_trouble == ""


# --- Killed, changed, claimed -------------------------------------------------------------------


class Killed(BaseException):
    """As SIGKILL leaves it: nothing that tidies up runs."""


def interrupted(monkeypatch: pytest.MonkeyPatch, line: int, happens: Callable[[], None]) -> None:
    """Something happens when a builder reads that line, once."""
    read = spreadsheets.pasted

    def pasted(text: str) -> Iterator[spreadsheets.Row]:
        for row in read(text):
            if row.line == line:
                monkeypatch.setattr(spreadsheets, "pasted", read)
                happens()
            yield row

    monkeypatch.setattr(spreadsheets, "pasted", pasted)


def kill() -> None:
    raise Killed


def test_it_builds_the_same_after_it_was_killed(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join([*mobiles(2500), "nothing", *mobiles(5)])
    untroubled = built(draft(text))
    broadcast = draft(text)
    interrupted(monkeypatch, 2400, kill)
    with pytest.raises(Killed):
        build(broadcast_id=broadcast.pk)
    assert broadcast.messages.count() == 2000

    assert built(broadcast).built_at is None  # the dead one's lease has not run out
    assert due_builds() == []
    Broadcast.objects.filter(pk=broadcast.pk).update(building_until=Now() - timedelta(seconds=1))
    assert due_builds() == [broadcast.pk]
    assert built(broadcast).built_at is not None

    assert whole(broadcast) == whole(untroubled)
    assert broadcast.rows_read == 2506


def test_it_stops_when_the_draft_is_changed(
    draft: Draft, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = draft("\n".join(mobiles(2500)))
    other = Audience.objects.create(source=Source.PASTED, text="11971111111", author=admin)
    interrupted(
        monkeypatch, 1500, lambda: services.change_draft(broadcast=broadcast, audience=other)
    )

    built(broadcast)
    assert (broadcast.built_at, broadcast.building_until) == (None, None)
    assert broadcast.messages.count() == 1000  # nothing was written after the change

    assert numbers_of(built(broadcast)) == ["5511971111111"]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_it_lets_go_of_the_file_when_it_stops(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"Ana,{mobile}" for mobile in mobiles(2500)]
    broadcast = draft(file="\n".join(["nome,telefone", *rows]))
    read = spreadsheets.read_number

    def read_number(row: spreadsheets.Row, *how: Any, **more: Any) -> Any:
        if row.line == 1500:
            services.cancel(broadcast=broadcast)
        return read(row, *how, **more)

    monkeypatch.setattr(spreadsheets, "read_number", read_number)

    build(broadcast_id=broadcast.pk)

    gc.collect()
    assert broadcast.messages.count() == 1000


def test_it_writes_nothing_into_what_another_builder_has_built(
    draft: Draft, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = draft("\n".join(mobiles(2500)))
    other = Audience.objects.create(source=Source.PASTED, text="11971111111", author=admin)

    def change_and_build() -> None:
        services.change_draft(broadcast=broadcast, audience=other)
        build(broadcast_id=broadcast.pk)

    interrupted(monkeypatch, 1500, change_and_build)

    built(broadcast)

    assert numbers_of(broadcast) == ["5511971111111"]
    assert (broadcast.rows_read, broadcast.built_at is not None) == (1, True)


@pytest.mark.parametrize("end", [services.cancel, services.delete_draft])
def test_it_stops_when_the_draft_is_given_up(
    draft: Draft, monkeypatch: pytest.MonkeyPatch, end: Callable[..., None]
) -> None:
    broadcast = draft("\n".join(mobiles(2500)))
    interrupted(monkeypatch, 1500, lambda: end(broadcast=broadcast))

    build(broadcast_id=broadcast.pk)

    assert not Message.objects.filter(state=State.HELD).exists()
    assert not Broadcast.objects.filter(built_at__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_two_builders_at_once_build_it_once(draft: Draft) -> None:
    broadcast = draft("\n".join([*mobiles(1200), "nothing", *mobiles(5)]))

    def run() -> None:
        build(broadcast_id=broadcast.pk)
        connection.close()

    builders = [threading.Thread(target=run) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()

    broadcast.refresh_from_db()
    assert broadcast.built_at is not None
    assert (broadcast.messages.count(), broadcast.left_out.count()) == (1200, 6)


def test_its_task_has_the_name_by_which_it_is_nudged(draft: Draft) -> None:
    broadcast = draft("11981000001")

    app.loader.import_default_modules()
    app.tasks["broadcasts.build"](broadcast.pk)

    assert numbers_of(broadcast) == ["5511981000001"]


def test_it_leaves_a_draft_alone_that_is_being_built_or_was(draft: Draft) -> None:
    broadcast = built(draft("11981000001"))
    before = list(broadcast.messages.values_list("id", flat=True))
    build(broadcast_id=broadcast.pk)
    assert list(broadcast.messages.values_list("id", flat=True)) == before

    Broadcast.objects.update(built_at=None, building_until=Now() + timedelta(seconds=5))
    build(broadcast_id=broadcast.pk)
    assert list(broadcast.messages.values_list("id", flat=True)) == before

    Broadcast.objects.update(building_until=None, state=BroadcastState.CANCELLED)
    build(broadcast_id=broadcast.pk)
    assert list(broadcast.messages.values_list("id", flat=True)) == before


def test_a_late_task_leaves_a_draft_alone_that_was_stopped(draft: Draft) -> None:
    broadcast = draft("11981000001")
    services.stop_building(broadcast=broadcast)

    assert "was stopped" in built(broadcast).build_trouble
    assert not broadcast.messages.exists()

    services.change_draft(broadcast=broadcast)
    assert numbers_of(built(broadcast)) == ["5511981000001"]


def test_its_lease_lasts_while_it_reads_from_one_step_to_the_next() -> None:
    tries = len(PAUSES) + 1
    longest_read = tries * READ.total + len(PAUSES) * walking.LONGEST_PAUSE
    assert building.LEASE.total_seconds() > 2 * longest_read


def test_it_finds_the_drafts_whose_task_got_lost(draft: Draft) -> None:
    lost, fresh, done = draft("11981000001"), draft("11981000001"), built(draft("11981000001"))
    cancelled = draft("11981000001", state=BroadcastState.CANCELLED)
    old = [lost.pk, done.pk, cancelled.pk]
    Broadcast.objects.filter(pk__in=old).update(created_at=timezone.now() - timedelta(seconds=31))

    assert due_builds() == [lost.pk]
    assert fresh.pk not in due_builds()


# --- Variables ----------------------------------------------------------------------------------

TWO_PLACES = TEMPLATE | {"body": "Olá {{1}}, são {{2}} pontos. {{1}}!", "header": "{{1}}"}
FILE = "nome,telefone,pontos\nAna,11971111111,10\nBia,11971111112,\n,11971111113,30\n"
EXPRESSIONS = {"body": [{"column": 0}, {"column": 2}], "header": [{"text": "Oi"}]}


@pytest.fixture
def _variables(settings: Settings) -> None:
    settings.WAZIME_TEMPLATE_VARIABLES = True


@pytest.mark.usefixtures("_variables")
def test_it_freezes_the_values_of_each_recipient(draft: Draft) -> None:
    broadcast = built(draft(file=FILE, template=TWO_PLACES, variables=EXPRESSIONS))

    recipient = broadcast.messages.get()
    assert recipient.fields == {
        "template_id": "1",
        "body_variables[]": ["Ana", "10"],
        "header_variables[]": ["Oi"],
    }
    assert left_out(broadcast) == [(3, Reason.NO_VARIABLE), (4, Reason.NO_VARIABLE)]
    assert preview(broadcast) == ["Olá Ana, são 10 pontos. Ana!"]
    assert api_form(recipient)[2:] == [
        ("template_id", "1"),
        ("body_variables[]", "Ana"),
        ("body_variables[]", "10"),
        ("header_variables[]", "Oi"),
    ]


def test_it_sends_no_variables_while_the_setting_is_off(draft: Draft) -> None:
    broadcast = built(draft(file=FILE, template=TWO_PLACES, variables=EXPRESSIONS))

    assert list(broadcast.messages.values_list("fields", flat=True)) == [{"template_id": "1"}] * 3


@pytest.mark.usefixtures("_variables")
def test_it_leaves_everybody_out_whose_place_nobody_filled(draft: Draft) -> None:
    broadcast = built(draft(file=FILE, template=TWO_PLACES, variables={"body": [{"text": "all"}]}))

    assert {reason for line, reason in left_out(broadcast)} == {Reason.NO_VARIABLE}
    assert not broadcast.messages.exists()


@pytest.mark.usefixtures("_variables")
def test_it_fills_places_from_contacts(draft: Draft, others: str) -> None:
    client().create_contact(
        {
            "firstname": "Ana\n\tMaria",
            "lastname": "Souza",
            "mobile_code": "55",
            "mobile": "11971111111",
            "city": "Campinas",
        }
    )
    template = TEMPLATE | {"body": "{{1}} de {{2}}"}
    variables = {"body": [{"contact": "firstname"}, {"contact": "city"}]}

    broadcast = built(
        draft(f"11971111111\n11971111112{others}", template=template, variables=variables)
    )

    assert broadcast.messages.get().fields["body_variables[]"] == ["Ana Maria", "Campinas"]
    assert (2, Reason.NO_VARIABLE) in left_out(broadcast)


@pytest.mark.usefixtures("_variables")
def test_it_takes_the_names_of_a_file_for_who_has_no_contact(draft: Draft) -> None:
    variables = {"body": [{"contact": "firstname"}]}
    template = TEMPLATE | {"body": "Oi {{1}}"}

    broadcast = built(draft(file=FILE, template=template, variables=variables))

    assert preview(broadcast) == ["Oi Ana", "Oi Bia"]
    assert left_out(broadcast) == [(4, Reason.NO_VARIABLE)]


@pytest.mark.usefixtures("_variables")
def test_it_fills_places_of_all_contacts(draft: Draft) -> None:
    add_contact("11971111111", firstname="Zuleica")
    template = TEMPLATE | {"body": "Oi {{1}}"}
    variables = {"body": [{"contact": "firstname"}]}

    broadcast = built(draft(search="Zuleica", template=template, variables=variables))

    assert preview(broadcast) == ["Oi Zuleica"]


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("Olá", 0), ("{{1}} {{ 2 }} {{1}}", 2), ("{{999999999999999}} {{nome}}", 0)],
)
def test_it_counts_places(text: str, count: int) -> None:
    assert places(text) == count


def test_it_renders_no_value_twice() -> None:
    assert rendered("{{1}} {{2}} {{3}}", ["{{2}}", "b"]) == "{{2}} b {{3}}"
