"""A broadcast before it starts: its form, its page, and who is left out."""

import html
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation
from django.utils.translation import gettext

from inbox.broadcasts import audiences, forecast, selectors, services
from inbox.broadcasts.models import Audience, Broadcast, BroadcastState, LeftOut, Reason, Source
from inbox.models import Message, State, media_storage
from wazime_admin.exports import csv_response, safe_cell
from wazime_admin.wazime import reading

pytestmark = pytest.mark.usefixtures("wazime")

WELCOME, ORDER, HOURS, PENDING = 1, 2, 4, 5  # of the sandbox: a gap, three gaps, none
NEW = "/broadcasts/new/"
TYPED = {"name": "Novidades", "template_id": HOURS, "recipients": "(11) 91234-5678"}
TABLE = "Nome;Telefone;Cidade\nAna;(11) 95555-4444;Campinas\nBruno;21 98888-7777;Rio\n"
SAO_PAULO = "America/Sao_Paulo"


@pytest.fixture(autouse=True)
def _in_english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    options = {**settings.STORAGES["media"]["OPTIONS"], "location": tmp_path}
    media = {**settings.STORAGES["media"], "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "media": media}


@pytest.fixture
def variables_on(settings):
    settings.WAZIME_TEMPLATE_VARIABLES = True


def words(response):
    """The page's text as people read it."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))
    return " ".join(text.split())


def table(content=TABLE, name="lista.csv"):
    return SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())


def typed(**changes):
    """The form as a script sends it; a field that is None is not sent."""
    return {name: value for name, value in (TYPED | changes).items() if value is not None}


def create(client, **changes):
    response = client.post(NEW, typed(**changes))
    assert response.status_code == 302, response.context["form"].errors
    created = Broadcast.objects.latest("id")
    assert response.url == f"/broadcasts/{created.pk}/"
    return created


def errors(response):
    assert response.status_code == 422
    return {name: " ".join(said) for name, said in response.context["form"].errors.items()}


def page(client, broadcast, **more):
    return client.get(f"/broadcasts/{broadcast.pk}/", **more)


# --- Who may --------------------------------------------------------------------------------------

PAGES = ["new/", "audiences/", "{}/edit/", "{}/left-out/", "{}/left-out.csv"]
POSTS = ["{}/delete/", "{}/test/", "{}/stop/", "{}/save-audience/", "audiences/{}/delete/"]


@pytest.mark.parametrize("path", [*PAGES, *POSTS])
def test_it_is_for_admins_only(agent_client, client, make_broadcast, path):
    broadcast = make_broadcast()
    path = "/broadcasts/" + path.format(broadcast.pk)
    assert agent_client.get(path).status_code == 403
    assert agent_client.post(path, TYPED).status_code == 403
    assert client.post(path, TYPED).url.startswith("/accounts/login/")
    assert Broadcast.objects.get() == broadcast


@pytest.mark.parametrize("path", [path for path in POSTS if "test" not in path])
def test_it_changes_nothing_by_get(admin_client, make_broadcast, path):
    path = "/broadcasts/" + path.format(make_broadcast().pk)
    assert admin_client.get(path).status_code == 405


@pytest.mark.parametrize("path", ["left-out/", "left-out.csv"])
def test_it_only_shows_what_is_only_to_be_seen(admin_client, make_broadcast, path):
    assert admin_client.post(f"/broadcasts/{make_broadcast().pk}/{path}").status_code == 405


@pytest.mark.parametrize("path", [path for path in [*PAGES, *POSTS] if "{}" in path])
@pytest.mark.parametrize("number", [77, 10**30])
def test_it_does_not_know_a_broadcast_that_is_not_there(admin_client, path, number):
    path = "/broadcasts/" + path.format(number)
    assert admin_client.post(path, TYPED).status_code in (404, 405)
    assert admin_client.get(path).status_code in (404, 405)


# --- Creating -------------------------------------------------------------------------------------


def test_it_creates_a_draft_of_what_is_sent(admin, admin_client, settings):
    settings.WAZIME_FROM_NUMBERS = ["551133334444", "551133335555"]
    draft = create(
        admin_client,
        from_number="551133335555",
        rate="2.5",
        scheduled_at="2032-07-01T09:30",
        quiet_hours="on",
        create_contacts="on",
    )
    assert (draft.name, draft.author, draft.state) == ("Novidades", admin, BroadcastState.DRAFT)
    assert (draft.template_id, draft.template["name"]) == (HOURS, "aviso_horario")
    assert draft.template["body"].startswith("Neste sábado abriremos")
    assert (draft.from_number, draft.rate) == ("551133335555", 2.5)
    assert draft.scheduled_at == datetime(2032, 7, 1, 12, 30, tzinfo=UTC)
    assert draft.quiet_hours
    assert draft.create_contacts
    assert (draft.audience.source, draft.audience.text) == (Source.PASTED, "(11) 91234-5678")
    assert not Message.objects.exists()


def test_it_takes_a_box_that_is_not_sent_for_off(admin_client):
    draft = create(admin_client)
    assert not draft.quiet_hours
    assert not draft.create_contacts


def test_it_ticks_the_boxes_in_the_form(admin_client):
    form = admin_client.get(NEW).context["form"]
    assert form["quiet_hours"].value()
    assert form["create_contacts"].value()


def test_it_takes_the_installations_rate_where_none_is_sent(admin_client, settings):
    settings.WAZIME_SEND_RATE = 7.5
    assert create(admin_client).rate == 7.5


@pytest.mark.parametrize("rate", ["0.1", "20"])
def test_it_takes_any_rate_up_to_the_installations(admin_client, rate):
    assert create(admin_client, rate=rate).rate == float(rate)


@pytest.mark.parametrize("rate", ["0.09", "20.1", "-3", "nan", "inf", "fast"])
def test_it_refuses_a_rate_that_cannot_be(admin_client, rate):
    assert "rate" in errors(admin_client.post(NEW, typed(rate=rate)))


def test_it_reads_the_time_by_the_persons_clock(admin_client):
    admin_client.cookies["tz"] = "Europe/Lisbon"
    draft = create(admin_client, scheduled_at="2032-07-01T09:30")
    assert draft.scheduled_at == datetime(2032, 7, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2020-01-01T09:00", "This time has passed."),
        ("9999-12-31T23:59", "more than ten years away"),
        ("tomorrow", "Enter a valid date/time."),
    ],
)
def test_it_refuses_a_time_that_cannot_be(admin_client, moment, said):
    assert said in errors(admin_client.post(NEW, typed(scheduled_at=moment)))["scheduled_at"]


@pytest.mark.parametrize(
    ("given", "source", "kept"),
    [
        ({"all_contacts": "on"}, Source.ALL, {}),
        ({"search": " ana "}, Source.SEARCH, {"search": "ana"}),
    ],
)
def test_it_takes_contacts_for_recipients(admin_client, given, source, kept):
    audience = create(admin_client, recipients=None, **given).audience
    assert audience.source == source
    assert {name: getattr(audience, name) for name in kept} == kept


def test_it_offers_a_choice_of_numbers_only_where_there_are_several(admin_client, settings):
    settings.WAZIME_FROM_NUMBERS = ["551133334444"]
    assert b'name="from_number"' not in admin_client.get(NEW).content
    settings.WAZIME_FROM_NUMBERS = ["551133334444", "551133335555"]
    assert b'name="from_number"' in admin_client.get(NEW).content


def test_it_refuses_a_number_that_is_not_ours(admin_client):
    assert "from_number" in errors(admin_client.post(NEW, typed(from_number="5511900000000")))


# --- What is wrong with it ------------------------------------------------------------------------


def test_it_offers_approved_templates_only(admin_client):
    offered = re.findall(
        r'name="template_id"[^>]*value="(\d+)"', admin_client.get(NEW).content.decode()
    )
    assert str(HOURS) in offered
    assert str(PENDING) not in offered


@pytest.mark.parametrize("template", [PENDING, 999, "x", "", None, 10**30])
def test_it_refuses_a_template_that_cannot_be_sent(admin_client, template):
    assert "template_id" in errors(admin_client.post(NEW, typed(template_id=template)))
    assert not Broadcast.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_it_needs_a_name_of_a_hundred_characters_at_most(admin_client, name):
    assert "name" in errors(admin_client.post(NEW, typed(name=name)))


def test_it_needs_to_know_who_gets_it(admin_client):
    said = errors(admin_client.post(NEW, typed(recipients=" \n ")))
    assert said == {"recipients": "Say who gets it: paste numbers, or choose another way."}


def test_it_takes_one_way_at_a_time(admin_client):
    said = errors(admin_client.post(NEW, typed(all_contacts="on", recipients_file=table())))
    assert set(said) == {"recipients", "all_contacts", "recipients_file"}
    assert "One way at a time" in said["all_contacts"]
    assert not Broadcast.objects.exists()


def test_it_shows_again_what_was_typed(admin_client):
    sent = typed(name="", search="ana", rate="3", scheduled_at="2032-07-01T09:30")
    response = admin_client.post(NEW, sent)
    assert response.status_code == 422
    form = response.context["form"]
    again = {name: form[name].value() for name in sent}
    assert {name: str(value) for name, value in again.items()} == {
        name: str(value) for name, value in sent.items()
    }
    page = response.content.decode()
    assert re.search(rf'id="template-{HOURS}"[^>]* checked', page)
    assert "(11) 91234-5678</textarea>" in page
    assert 'value="2032-07-01T09:30"' in page
    assert not form["quiet_hours"].value()


def test_it_keeps_everything_while_wazime_is_down(admin_client, wazime):
    wazime.add_fault("maintenance")
    assert "WaziMe is under maintenance." in words(admin_client.get(NEW))
    response = admin_client.post(NEW, TYPED)
    assert errors(response) == {"template_id": "WaziMe is under maintenance."}
    again = response.content.decode()
    assert f'<input type="hidden" name="template_id" value="{HOURS}">' in again
    assert "(11) 91234-5678</textarea>" in again


def test_it_says_when_the_templates_are_old(admin_client, wazime, redis_server, monkeypatch):
    admin_client.get(NEW)
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)
    wazime.add_fault("maintenance")
    assert "These templates may be out of date." in words(admin_client.get(NEW))
    assert create(admin_client).template["name"] == "aviso_horario"


# --- A file ---------------------------------------------------------------------------------------


def test_it_keeps_a_file_and_says_which_column_is_what(admin_client):
    audience = create(admin_client, recipients=None, recipients_file=table()).audience
    assert (audience.source, audience.file_name) == (Source.FILE, "lista.csv")
    assert (audience.columns["number"], audience.columns["firstname"]) == (1, 0)
    with media_storage().open(audience.file.name) as file:
        assert file.read() == TABLE.encode()


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7 \n1 0 obj", b"PK\x03\x04 no workbook", b"\x00\x01\x02\x03" * 500]
)
def test_it_refuses_a_file_that_is_no_table_beside_its_field(admin_client, content):
    response = admin_client.post(NEW, typed(recipients=None, recipients_file=table(content)))
    said = errors(response)
    assert set(said) == {"recipients_file"}
    assert said["recipients_file"] in words(response)
    assert not Audience.objects.exists()


def test_it_does_not_ask_for_a_file_twice(admin_client):
    response = admin_client.post(NEW, typed(name="", recipients=None, recipients_file=table()))
    assert set(errors(response)) == {"name"}
    assert "Use lista.csv , which is here already" in words(response)
    kept = response.context["form"].file_at_hand.pk
    assert f'name="kept_file" id="id_kept_file" value="{kept}" checked' in response.content.decode()
    draft = create(admin_client, recipients=None, kept_file=kept)
    assert draft.audience.file_name == "lista.csv"
    assert Audience.objects.get() == draft.audience


def test_a_new_file_replaces_the_one_that_is_here(admin, admin_client):
    kept = Audience.objects.create(source=Source.FILE, file_name="old.csv", author=admin)
    draft = create(
        admin_client, recipients=None, kept_file=kept.pk, recipients_file=table(name="new.csv")
    )
    assert draft.audience.file_name == "new.csv"


def test_it_gives_nobody_anothers_file(agent, admin_client):
    theirs = Audience.objects.create(source=Source.FILE, file_name="theirs.csv", author=agent)
    response = admin_client.post(NEW, typed(recipients=None, kept_file=theirs.pk))
    assert response.status_code == 422
    assert "theirs.csv" not in words(response)


def test_it_cleans_the_name_of_a_file(admin_client):
    upload = table(name="li\u202esta\x07.csv")
    audience = create(admin_client, recipients=None, recipients_file=upload).audience
    assert audience.file_name == "lista.csv"


def test_it_says_when_a_file_cannot_be_stored(admin_client, settings, tmp_path):
    (tmp_path / "audiences").write_text("a file where a folder should be")
    response = admin_client.post(NEW, typed(recipients=None, recipients_file=table()))
    assert "could not be stored" in errors(response)["recipients_file"]
    assert not Audience.objects.exists()


# --- Editing --------------------------------------------------------------------------------------


def edit(client, draft, **changes):
    return client.post(f"/broadcasts/{draft.pk}/edit/", typed(**changes))


def test_it_shows_a_draft_as_it_is(admin_client):
    draft = create(admin_client, rate="2.5", scheduled_at="2032-07-01T09:30", quiet_hours="on")
    response = admin_client.get(f"/broadcasts/{draft.pk}/edit/")
    form = response.context["form"]
    assert form["recipients"].value() == "(11) 91234-5678"
    assert (form["rate"].value(), form["quiet_hours"].value()) == (2.5, True)
    assert not form["create_contacts"].value()
    assert b'value="2032-07-01T09:30"' in response.content


def test_it_changes_a_draft_and_reads_its_recipients_anew(admin_client):
    draft = create(admin_client)
    Broadcast.objects.update(built_at=timezone.now(), rows_read=1)
    assert edit(admin_client, draft, name="Outra", recipients="11 95555-4444").status_code == 302
    draft.refresh_from_db()
    assert (draft.name, draft.audience.text) == ("Outra", "11 95555-4444")
    assert draft.built_at is None


def test_it_keeps_the_audience_that_did_not_change(admin_client):
    draft = create(admin_client)
    edit(admin_client, draft, name="Outra")
    assert Audience.objects.get() == draft.audience


def test_it_keeps_the_file_of_a_draft(admin_client):
    draft = create(admin_client, recipients=None, recipients_file=table())
    response = admin_client.get(f"/broadcasts/{draft.pk}/edit/")
    assert "Use lista.csv , which is here already" in words(response)
    edit(admin_client, draft, recipients=None, kept_file=draft.audience_id)
    assert Broadcast.objects.get().audience == draft.audience


def test_it_forgets_what_filled_another_template(admin_client, make_broadcast):
    draft = make_broadcast(variables={"body": [{"text": "x"}]})
    edit(admin_client, draft)
    assert Broadcast.objects.get().variables == {}


@pytest.mark.parametrize("state", ["scheduled", "sending", "finished", "cancelled"])
def test_it_changes_drafts_only(admin_client, make_broadcast, state):
    broadcast = make_broadcast(state=state)
    for path in ("edit/", "delete/"):
        response = admin_client.post(f"/broadcasts/{broadcast.pk}/{path}", TYPED)
        assert response.url == f"/broadcasts/{broadcast.pk}/"
    assert Broadcast.objects.get().template_id == broadcast.template_id
    assert Message.objects.count() == 3


def test_it_deletes_a_draft_with_its_recipients(admin_client, make_broadcast):
    broadcast = make_broadcast()
    response = admin_client.post(f"/broadcasts/{broadcast.pk}/delete/")
    assert response.url == "/broadcasts/"
    assert not Broadcast.objects.exists()
    assert not Message.objects.exists()


# --- Columns, variables ---------------------------------------------------------------------------


def part(client, draft, name, **fields):
    return client.post(f"/broadcasts/{draft.pk}/edit/", {"part": name, **fields})


def test_it_shows_the_first_rows_of_the_file(admin_client):
    draft = create(admin_client, recipients=None, recipients_file=table())
    shown = words(page(admin_client, draft))
    assert "A: Nome B: Telefone C: Cidade" in shown
    assert "Bruno 21 98888-7777 Rio" in shown


def test_it_takes_another_column_and_reads_the_file_anew(admin_client):
    draft = create(admin_client, recipients=None, recipients_file=table())
    Broadcast.objects.update(built_at=timezone.now())
    assert part(admin_client, draft, "columns", number="2", lastname="0").status_code == 302
    draft.refresh_from_db()
    assert draft.built_at is None
    wanted = {"number": 2, "lastname": 0, "firstname": None, "code": None, "area": None}
    assert draft.audience.columns == wanted


@pytest.mark.parametrize("columns", [{}, {"number": "3"}, {"number": "1", "firstname": "1"}])
def test_it_refuses_columns_that_cannot_be(admin_client, columns):
    draft = create(admin_client, recipients=None, recipients_file=table())
    response = part(admin_client, draft, "columns", **columns)
    assert response.status_code == 422
    assert response.context["columns_form"].errors
    assert Audience.objects.get().columns == draft.audience.columns


def test_it_has_no_columns_without_a_file(admin_client):
    assert part(admin_client, create(admin_client), "columns", number="0").status_code == 404


def test_it_says_that_a_stored_file_cannot_be_read(admin_client):
    draft = create(admin_client, recipients=None, recipients_file=table())
    media_storage().delete(draft.audience.file.name)
    assert "The stored file cannot be read" in words(page(admin_client, draft))


def test_it_fills_the_gaps_of_a_template(admin_client, variables_on):
    draft = create(admin_client, template_id=ORDER, recipients=None, recipients_file=table())
    filled = {"header_0": "column:2", "body_0": "contact:firstname", "body_1": "text"}
    assert part(admin_client, draft, "variables", **filled, body_1_text="sexta").status_code == 302
    draft.refresh_from_db()
    assert draft.variables == {
        "header": [{"column": 2}],
        "body": [{"contact": "firstname"}, {"text": "sexta"}],
    }


@pytest.mark.parametrize(
    "filled",
    [{}, {"body_0": "text"}, {"body_0": "column:9"}, {"body_0": "contact:password"}],
)
def test_it_refuses_what_cannot_fill_a_gap(admin_client, variables_on, filled):
    draft = create(admin_client, template_id=WELCOME)
    response = part(admin_client, draft, "variables", **filled)
    assert response.status_code == 422
    assert response.context["variables_form"].errors
    assert Broadcast.objects.get().variables == {}


def test_it_shows_the_message_as_the_first_recipients_get_it(
    admin_client, variables_on, make_broadcast
):
    draft = make_broadcast(variables={"body": [{"text": "x"}]})
    Message.objects.update(fields={"template_id": "1", "body_variables[]": ["Célia <b>"]})
    response = page(admin_client, draft)
    assert "Olá Célia &lt;b&gt;" in response.content.decode()


def test_it_does_not_offer_to_start_with_open_gaps(admin_client, variables_on, make_broadcast):
    response = page(admin_client, make_broadcast())
    assert "First say below what fills the template's gaps." in words(response)
    assert b'name="confirm"' not in response.content


def test_it_warns_of_gaps_that_cannot_be_filled(admin_client, make_broadcast):
    response = page(admin_client, make_broadcast())
    assert "This template has gaps that stay empty." in words(response)
    assert b'name="confirm"' in response.content


# --- The draft's page -----------------------------------------------------------------------------


def test_it_counts_who_gets_it_and_who_does_not(admin_client, make_broadcast):
    draft = make_broadcast(3, create_contacts=True)
    Message.objects.filter(pk=Message.objects.first().pk).update(new_contact={"firstname": "A"})
    LeftOut.objects.create(broadcast=draft, line=2, text="1", reason=Reason.INVALID)
    LeftOut.objects.create(broadcast=draft, line=3, text="2", reason=Reason.INVALID)
    shown = words(page(admin_client, draft))
    assert "Will get it 3 Left out 2 New contacts 1" in shown
    assert "No valid number 2" in shown


@pytest.mark.parametrize(
    ("count", "said"), [(250, None), (251, "2,000 people a day"), (2001, "10,000 people a day")]
)
def test_it_warns_of_metas_daily_limits(admin_client, make_broadcast, count, said):
    shown = words(page(admin_client, make_broadcast(count)))
    assert ("Meta must let your number" in shown) == bool(said)
    assert (said or "") in shown


def test_it_looks_again_only_while_the_recipients_are_read(admin_client, make_broadcast):
    reading = make_broadcast(built_at=None, rows_read=1200, rows_total=5000)
    response = page(admin_client, reading)
    assert "1,200 of 5,000" in words(response)
    assert b'hx-trigger="every 2s"' in response.content
    Broadcast.objects.update(built_at=timezone.now())
    assert b'hx-trigger="every 2s"' not in page(admin_client, reading).content


def test_it_says_why_the_recipients_were_not_read(admin_client, make_broadcast):
    draft = make_broadcast(built_at=None, build_trouble="WaziMe is under maintenance.\nWait.")
    response = page(admin_client, draft)
    assert "WaziMe is under maintenance. Wait." in words(response)
    assert b'name="confirm"' not in response.content
    assert part(admin_client, draft, "again").status_code == 302
    assert Broadcast.objects.get().build_trouble == ""


def test_it_stops_reading_the_recipients(admin_client, make_broadcast):
    soon = timezone.now() + timedelta(minutes=1)
    draft = make_broadcast(built_at=None, building_until=soon)
    admin_client.post(f"/broadcasts/{draft.pk}/stop/")
    draft.refresh_from_db()
    assert draft.building_until is None
    assert "was stopped" in draft.build_trouble


def test_it_stops_nothing_that_is_read(admin_client, make_broadcast):
    draft = make_broadcast()
    admin_client.post(f"/broadcasts/{draft.pk}/stop/")
    draft.refresh_from_db()
    assert draft.built_at
    assert draft.build_trouble == ""


def test_it_says_when_nobody_would_get_it(admin_client, make_broadcast):
    response = page(admin_client, make_broadcast(0))
    assert "Nobody would get this." in words(response)
    assert b'name="confirm"' not in response.content


def test_it_says_when_a_scheduled_one_starts(admin_client, make_broadcast):
    when = timezone.now() + timedelta(days=2)
    response = page(admin_client, make_broadcast(state="scheduled", scheduled_at=when))
    assert "It starts by itself" in words(response)
    assert "Cancel this broadcast for good?" in words(response)
    assert b'name="confirm"' not in response.content


# --- Who just got the same ------------------------------------------------------------------------


@pytest.fixture
def earlier(make_broadcast):
    """`earlier(3)`: a broadcast to the same people as make_broadcast's that ended an hour ago."""

    def make(count=3, ago=timedelta(hours=1), state=State.SENT, **choices):
        ended = timezone.now() - ago
        times = {"started_at": ended - timedelta(minutes=1), "finished_at": ended}
        row = {"state": state, "finished_at": ended}
        given = {"state": BroadcastState.FINISHED} | times | choices
        return make_broadcast(count, recipients=row, **given)

    return make


def warned(client, draft):
    text = words(page(client, draft))
    return re.findall(r"((?:At least )?\d+) recipients? got this template in the last 7 days", text)


def test_a_draft_warns_before_it_starts_that_its_recipients_just_got_the_same(
    admin_client, make_broadcast, earlier
):
    earlier(3)
    earlier(2)
    draft = make_broadcast(4)
    assert warned(admin_client, draft) == ["3"]
    assert "The last of them got it 1 hr. ago" in words(page(admin_client, draft))
    answer = admin_client.post(f"/broadcasts/{draft.pk}/start/", {"confirm": "9"})
    assert "3 recipients got this template" in words(answer), "also when the number was wrong"


@pytest.mark.parametrize(
    "before",
    [
        {"ago": timedelta(days=8)},
        {"template_id": 2},
        {"state": State.REJECTED},
        {"state": State.CANCELLED},
        {"count": 0},
    ],
)
def test_a_draft_does_not_warn_of_what_nobody_got_lately(
    admin_client, make_broadcast, earlier, before
):
    earlier(**before)
    assert warned(admin_client, make_broadcast(4)) == []


def test_a_draft_does_not_warn_of_a_few_among_many(admin_client, make_broadcast, earlier):
    earlier(1)
    assert warned(admin_client, make_broadcast(11)) == []
    assert warned(admin_client, make_broadcast(9)) == ["1"]


def test_of_many_recipients_the_first_are_looked_for(
    admin_client, make_broadcast, earlier, monkeypatch
):
    monkeypatch.setattr(selectors, "COMPARED", 3)
    earlier(5)
    assert warned(admin_client, make_broadcast(5)) == ["At least 3"]


# --- A test to one number -------------------------------------------------------------------------


def send_test(client, broadcast, number="11 95555-4321", send_id=None, **more):
    sent = {"number": number, "send_id": send_id or uuid4()}
    return client.post(f"/broadcasts/{broadcast.pk}/test/", sent, **more)


@pytest.mark.parametrize("number", ["11 95555-4321", "+55 (11) 95555-4321", "011 95555 4321"])
def test_it_sends_a_test_that_is_no_recipient(admin, admin_client, make_broadcast, number):
    draft = make_broadcast()
    response = send_test(admin_client, draft, number)
    test = Message.objects.get(broadcast=None)
    assert (test.author, test.number, test.state) == (admin, "5511955554321", State.QUEUED)
    assert test.fields == {"template_id": "1"}
    assert Message.objects.filter(broadcast=draft).count() == 3
    assert response.url == f"/broadcasts/{draft.pk}/#test"
    shown = admin_client.get(response.url)
    assert f'href="/inbox/outbox/{test.pk}/"' in shown.content.decode()


def test_it_sends_a_test_once(admin_client, make_broadcast):
    draft, send_id = make_broadcast(), uuid4()
    send_test(admin_client, draft, send_id=send_id)
    send_test(admin_client, draft, send_id=send_id)
    assert Message.objects.filter(broadcast=None).count() == 1


def test_it_shows_what_became_of_a_test_in_its_place(admin_client, make_broadcast):
    draft = make_broadcast()
    response = send_test(admin_client, draft, headers={"HX-Request": "true"})
    assert "Waiting to be sent" in words(response)
    assert b"<html" not in response.content
    assert b"every 2s" in response.content
    Message.objects.filter(broadcast=None).update(state=State.SENT)
    address = f"/broadcasts/{draft.pk}/test/"
    later = admin_client.get(address, headers={"HX-Request": "true"})
    assert "Sent" in words(later)
    assert b"every 2s" not in later.content


def test_a_drafts_page_shows_its_own_last_tests(admin_client, make_broadcast):
    draft, other = make_broadcast(), make_broadcast()
    send_test(admin_client, other, "11 95555-0000")
    for number in range(1, 5):
        send_test(admin_client, draft, f"11 95555-000{number}")
    Message.objects.filter(number="5511955550003").update(state=State.REJECTED)
    [listed] = re.findall(
        r'id="test-outcome".*?</ul>', page(admin_client, draft).content.decode(), re.DOTALL
    )
    shown = re.findall(r"state--(\w+).*?\+55 11 95555-(\d{4})", listed, re.DOTALL)
    assert shown == [("queued", "0004"), ("rejected", "0003"), ("queued", "0002")]


def test_a_draft_that_was_tested_can_be_deleted_and_its_test_stays(admin_client, make_broadcast):
    draft = make_broadcast()
    send_test(admin_client, draft)
    admin_client.post(f"/broadcasts/{draft.pk}/delete/")
    assert not Broadcast.objects.exists()
    assert Message.objects.filter(broadcast=None).exists()


@pytest.mark.parametrize("number", ["", "123", "abc"])
def test_it_refuses_a_test_to_no_number_and_keeps_what_was_typed(
    admin_client, make_broadcast, number
):
    response = send_test(admin_client, make_broadcast(), number)
    assert response.status_code == 422
    assert response.context["test_form"].errors["number"]
    assert response.context["test_form"]["number"].value() == number
    assert not Message.objects.filter(broadcast=None).exists()


def test_it_says_that_a_test_was_not_sent(admin_client, make_broadcast, wazime):
    wazime.add_fault("maintenance")
    response = send_test(admin_client, make_broadcast())
    assert response.status_code == 422
    assert "Nothing was sent. WaziMe is under maintenance." in words(response)


# --- Saved audiences ------------------------------------------------------------------------------


def save(client, broadcast, name):
    return client.post(f"/broadcasts/{broadcast.pk}/save-audience/", {"name": name})


def test_it_saves_an_audience_to_be_used_again(admin_client):
    draft = create(admin_client)
    save(admin_client, draft, "Clientes")
    assert "Clientes pasted numbers" in words(admin_client.get("/broadcasts/audiences/"))
    again = create(admin_client, recipients=None, audience=draft.audience_id)
    assert again.audience == draft.audience


@pytest.mark.parametrize("name", ["", "clientes", "x" * 101])
def test_it_saves_no_audience_without_a_name_of_its_own(admin, admin_client, name):
    Audience.objects.create(source=Source.ALL, name="Clientes", author=admin)
    draft = create(admin_client)
    response = save(admin_client, draft, name)
    assert response.status_code == 422
    assert response.context["name_form"].errors["name"]
    assert Audience.objects.get(pk=draft.audience_id).name == ""


def test_it_offers_saved_audiences_only(admin, admin_client):
    unsaved = Audience.objects.create(source=Source.ALL, author=admin)
    said = errors(admin_client.post(NEW, typed(recipients=None, audience=unsaved.pk)))
    assert "audience" in said


def test_it_deletes_a_saved_audience_and_its_file(admin_client):
    draft = create(admin_client, recipients=None, recipients_file=table())
    kept = draft.audience
    save(admin_client, draft, "Clientes")
    draft.delete()
    assert media_storage().exists(kept.file.name)
    admin_client.post(f"/broadcasts/audiences/{kept.pk}/delete/")
    assert not Audience.objects.exists()
    assert not media_storage().exists(kept.file.name)


def test_it_takes_only_the_name_from_an_audience_in_use(admin_client):
    draft = create(admin_client)
    save(admin_client, draft, "Clientes")
    admin_client.post(f"/broadcasts/audiences/{draft.audience_id}/delete/")
    assert Audience.objects.get(pk=draft.audience_id).name == ""
    assert "Clientes" not in words(admin_client.get(NEW)).replace("audience Clientes was", "")


def test_it_removes_what_was_uploaded_for_nothing(admin, admin_client):
    used = create(admin_client)
    saved = Audience.objects.create(source=Source.ALL, name="Todos", author=admin)
    admin_client.post(NEW, typed(name="", recipients=None, recipients_file=table()))
    unused = Audience.objects.latest("id")
    assert audiences.remove_unused() == 0
    Audience.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert audiences.remove_unused() == 1
    assert set(Audience.objects.all()) == {used.audience, saved}
    assert not media_storage().exists(unused.file.name)


# --- Who is left out ------------------------------------------------------------------------------


@pytest.fixture
def leaving_out(make_broadcast):
    """101 rows without a valid number, and one that would be a formula."""
    broadcast = make_broadcast()
    rows = [
        LeftOut(broadcast=broadcast, line=line, text=f"n{line}", reason=Reason.INVALID)
        for line in range(1, 102)
    ]
    rows.append(LeftOut(broadcast=broadcast, line=900, text="=1+1", reason=Reason.DUPLICATE))
    LeftOut.objects.bulk_create(rows)
    return broadcast


def test_it_lists_who_is_left_out_by_reason(admin_client, leaving_out):
    path = f"/broadcasts/{leaving_out.pk}/left-out/"
    everybody = admin_client.get(path)
    assert "All 102 No valid number 101 The same number again 1" in words(everybody)
    assert len(everybody.context["page"].object_list) == 100
    assert "Page 2 of 2" in words(admin_client.get(path, {"page": "2"}))
    duplicates = admin_client.get(path, {"reason": "duplicate"})
    assert [row.line for row in duplicates.context["page"].object_list] == [900]
    assert len(admin_client.get(path, {"reason": "x"}).context["page"].object_list) == 100


def test_it_gives_the_list_as_a_file_without_formulas(admin_client, leaving_out):
    path = f"/broadcasts/{leaving_out.pk}/left-out.csv"
    response = admin_client.get(path, {"reason": "duplicate"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    content = b"".join(response.streaming_content).decode()
    assert content == "\ufeffLine,What it says,Reason\r\n900,'=1+1,the same number again\r\n"
    everybody = b"".join(admin_client.get(path).streaming_content).decode()
    assert len(everybody.splitlines()) == 103


@pytest.mark.parametrize("language", ["pt-br", "es"])
def test_the_file_is_for_a_spreadsheet_in_the_readers_language(admin_client, leaving_out, language):
    path = f"/broadcasts/{leaving_out.pk}/left-out.csv?reason=duplicate"
    response = admin_client.get(path, headers={"Accept-Language": language})
    with translation.override("en"):  # as when the thread already answers somebody else
        [header, row] = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    with translation.override(language):
        assert header == ";".join(map(gettext, ["Line", "What it says", "Reason"]))
        assert row == f"900;'=1+1;{Reason.DUPLICATE.label}"
    assert "the same number again" not in row


@pytest.mark.parametrize("text", ["=1+1", "+55", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_cell_is_no_formula(text):
    assert safe_cell(text).startswith("'")


def test_a_cell_is_no_formula_for_a_spreadsheet_that_separates_by_semicolons():
    assert safe_cell("Ana;=1+1") == "Ana;'=1+1"


@pytest.mark.parametrize(
    ("value", "cell"), [("5511", "5511"), (None, ""), (3, "3"), ("a=b", "a=b")]
)
def test_a_cell_that_is_no_formula_stays_as_it_is(value, cell):
    assert safe_cell(value) == cell


def test_it_writes_rows_one_by_one():
    response = csv_response("x.csv", ["a"], ([n] for n in range(3)))
    assert next(iter(response.streaming_content)) == "\ufeffa\r\n".encode()


# --- When it ends ---------------------------------------------------------------------------------


def at(day, hour, minute=0):
    """A moment in São Paulo."""
    return (
        datetime(2026, 6, day, hour + 3, minute, tzinfo=UTC)
        if hour < 21
        else datetime(2026, 6, day + 1, hour - 21, minute, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("count", "begin", "quiet", "end"),
    [
        (600, at(1, 10), True, at(1, 10, 10)),
        (600, at(1, 20, 55), False, at(1, 21, 5)),
        (600, at(1, 20, 55), True, at(2, 8, 5)),
        (600, at(1, 23), True, at(2, 8, 10)),
        (13 * 3600, at(1, 8), True, at(1, 21)),
        (14 * 3600, at(1, 8), True, at(2, 9)),
    ],
)
def test_it_foresees_the_end(count, begin, quiet, end):
    found = forecast.end_of({SAO_PAULO: count}, rate=1, begin=begin, quiet=quiet)
    assert abs(found - end) < timedelta(seconds=1)


def test_it_foresees_that_some_sleep_while_others_get_it():
    zones = {SAO_PAULO: 60, "Europe/Lisbon": 60}
    found = forecast.end_of(zones, rate=1, begin=at(1, 18), quiet=True)
    assert found == datetime(2026, 6, 2, 7, 1, tzinfo=UTC)  # 08:01 in Lisbon


@pytest.mark.parametrize(
    ("people", "level"),
    [(1, 250), (250, 250), (251, 2_000), (10_001, 100_000), (100_000, 100_000), (100_001, None)],
)
def test_it_knows_metas_levels(people, level):
    assert forecast.level_needed(people) == level


def test_a_slow_broadcast_reaches_fewer_people_a_day():
    assert forecast.most_a_day(100_000, 0.1) == 8_640


def test_nothing_of_a_draft_is_lost_when_it_is_copied(admin, admin_client):
    draft = create(admin_client, rate="2.5", quiet_hours="on")
    again = services.copy(broadcast=draft, author=admin)
    assert (again.audience, again.rate, again.quiet_hours) == (draft.audience, 2.5, True)


@pytest.mark.parametrize(
    ("name", "copies"),
    [
        ("Natal", ["Natal (copy)", "Natal (copy 2)"]),
        ("Natal (copy)", ["Natal (copy 2)", "Natal (copy 3)"]),
        ("Natal (cópia)", ["Natal (copy)", "Natal (copy 2)"]),
        ("Natal (copia 12)", ["Natal (copy)", "Natal (copy 2)"]),
        ("Natal (2)", ["Natal (2) (copy)", "Natal (2) (copy 2)"]),
        ("x" * 100, ["x" * 93 + " (copy)", "x" * 91 + " (copy 2)"]),
    ],
)
def test_each_copy_has_a_name_of_its_own_that_does_not_pile_up(admin, make_broadcast, name, copies):
    draft = make_broadcast(name=name)
    with translation.override("en"):
        made = [services.copy(broadcast=draft, author=admin) for _ in copies]
    assert [copy.name for copy in made] == copies


@pytest.mark.parametrize("language", ["pt-br", "en", "es"])
def test_a_copy_of_a_copy_does_not_pile_up_in_any_language(admin, make_broadcast, language):
    with translation.override(language):
        first = services.copy(broadcast=make_broadcast(name="Natal"), author=admin)
        second = services.copy(broadcast=first, author=admin)
    assert (first.name.count("("), second.name.count("(")) == (1, 1)
