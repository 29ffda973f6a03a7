"""Who gets no broadcast: the list, and the switch beside a contact."""

import pytest
from django.db import IntegrityError
from playwright.sync_api import expect

from contacts import services
from contacts.forms import MAX_PASTED
from contacts.models import OptOut
from contacts.numbers import Number, pasted
from contacts.selectors import NUMBERS_PER_QUERY, OPT_OUTS_PER_PAGE, opted_out
from contacts.services import add_opt_outs, remove_opt_out
from tests.contacts.conftest import ANA

LIST, ADD, PERSON = "/contacts/opt-outs/", "/contacts/opt-outs/new/", "/contacts/opt-outs/person/"
OLD, NEW = Number("55", "1181234567"), Number("55", "11981234567")
FOLDED = "5511981234567"


def text(response):
    return response.content.decode()


def numbers():
    return set(OptOut.objects.values_list("number", flat=True))


def many(count):
    return [Number("55", f"119{60_000_000 + n}") for n in range(count)]


@pytest.fixture
def opt_out(admin):
    add_opt_outs(numbers=[OLD], reason="Asked by phone", person=admin)
    return OptOut.objects.get()


# --- The list of numbers ----------------------------------------------------------------------


def test_it_keeps_a_number_with_who_and_why(admin, opt_out):
    assert (opt_out.number, opt_out.mobile_code, opt_out.mobile) == (FOLDED, "55", "1181234567")
    assert (opt_out.reason, opt_out.added_by) == ("Asked by phone", admin)


def test_both_forms_of_a_brazilian_number_are_one(admin):
    assert add_opt_outs(numbers=[OLD, NEW], reason="", person=admin) == 1
    assert numbers() == {FOLDED}


def test_it_counts_only_what_was_not_there_and_keeps_its_reason(admin, opt_out):
    other = Number("351", "912345678")
    assert add_opt_outs(numbers=[NEW, other], reason="Another", person=admin) == 1
    opt_out.refresh_from_db()
    assert opt_out.reason == "Asked by phone"


def test_the_database_takes_a_number_once(admin, opt_out):
    with pytest.raises(IntegrityError):
        OptOut.objects.create(number=FOLDED, mobile_code="55", mobile="1", added_by=admin)


def test_it_survives_that_somebody_else_adds_the_number_in_the_same_moment(
    admin, opt_out, monkeypatch
):
    monkeypatch.setattr(services.selectors, "opted_out", lambda numbers: set())
    add_opt_outs(numbers=[NEW], reason="Mine", person=admin)
    assert OptOut.objects.get().reason == "Asked by phone"


def test_it_says_which_of_any_number_of_numbers_are_opted_out(admin):
    everybody = many(2 * NUMBERS_PER_QUERY + 5)
    gone = everybody[:: NUMBERS_PER_QUERY // 2]
    add_opt_outs(numbers=gone, reason="", person=admin)
    asked = [f"55{number.mobile}" for number in everybody]
    assert opted_out(asked) == {f"55{number.mobile}" for number in gone}
    assert opted_out([]) == set()


def test_it_removes_a_number_once(opt_out):
    assert remove_opt_out(opt_out_id=opt_out.pk)
    assert not remove_opt_out(opt_out_id=opt_out.pk)
    assert opted_out([FOLDED]) == set()


# --- What people paste ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "11 98123-4567\n(21) 99876-5432",
        "+55 11 98123-4567, +55 21 99876-5432",
        "5511981234567;5521998765432;",
        "11981234567\t21998765432",
        "11981234567 21998765432",
        "11981234567|21998765432",
        "\r\n  Maria, 11 8123-4567 \r\n\r\n* João: 0055 21 9 9876 5432\r\n",
    ],
)
def test_it_reads_numbers_however_they_are_pasted(written):
    found = [number for _line, _text, number in pasted(written)]
    assert found in (
        [NEW, Number("55", "21998765432")],
        [OLD, Number("55", "21998765432")],
    )


def test_it_tells_the_line_of_what_is_no_number():
    written = "11981234567\n\nnobody\n21998765432, 123 , 11981234567\n11981234567 12"
    assert [piece for piece in pasted(written) if piece[2] is None] == [
        (3, "nobody", None),
        (4, "123", None),
        (5, "11981234567 12", None),
    ]


@pytest.mark.parametrize("written", ["", "\n \r\n\t", "\x0b\x1c\u2028"])
def test_it_finds_nothing_where_nothing_is_written(written):
    assert list(pasted(written)) == []


# --- Adding -----------------------------------------------------------------------------------


def test_it_adds_one_number_with_a_reason(admin_client, admin):
    form = {"numbers": "(11) 8123-4567", "reason": "Asked by phone"}
    response = admin_client.post(ADD, form, follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    assert "1 number was added." in text(response)
    for shown in ("+55 11 8123-4567", "Asked by phone", "Clara Reis"):
        assert shown in text(response)


def test_it_counts_those_that_were_there_already(admin_client, opt_out):
    form = {"numbers": "11 98123-4567\n11 98123-4567\n21 99876-5432"}
    response = admin_client.post(ADD, form, follow=True)
    assert "1 number was added. 2 numbers were on the list already." in text(response)
    assert len(numbers()) == 2


def test_it_adds_what_is_a_number_and_gives_back_what_is_none(admin_client):
    form = {"numbers": "11 98123-4567\n<b>nobody</b>\n12345; 21998765432", "reason": "Why not"}
    response = admin_client.post(ADD, form)
    assert response.status_code == 422
    assert numbers() == {FOLDED, "5521998765432"}
    assert response.context["unread"] == [(2, "<b>nobody</b>"), (3, "12345")]
    assert response.context["form"]["numbers"].value() == "<b>nobody</b>\n12345"
    assert response.context["form"]["reason"].value() == "Why not"
    assert "2 numbers were added." in text(response)
    assert "2 entries are no phone numbers" in text(response)
    assert "<b>nobody" not in text(response)


def test_it_gives_back_every_line_of_a_long_list_that_is_none(admin_client):
    lines = [f"nobody {n}" for n in range(1000)]
    response = admin_client.post(ADD, {"numbers": "\n".join(lines)})
    assert response.context["form"]["numbers"].value().splitlines() == lines
    assert "1,000 entries are no phone numbers" in text(response)


def test_it_takes_a_hundred_thousand_numbers(admin_client):
    written = [f"+55 (11) 9{60_000_000 + n:,d}".replace(",", "-") for n in range(MAX_PASTED)]
    response = admin_client.post(ADD, {"numbers": "\r\n".join(written)}, follow=True)
    assert "100,000 numbers were added." in text(response)
    assert OptOut.objects.count() == MAX_PASTED


def test_it_adds_nothing_of_more_than_a_hundred_thousand(admin_client):
    written = "1\n" * (MAX_PASTED + 1)
    response = admin_client.post(ADD, {"numbers": written})
    assert response.status_code == 422
    assert "These are more than 100,000 numbers." in text(response)
    assert response.context["form"]["numbers"].value() == written


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"numbers": " \n "},
        {"numbers": "11 98123-4567\0"},
        {"numbers": "11 98123-4567", "reason": "x" * 201},
        {"numbers": "11 98123-4567", "reason": "\0"},
    ],
)
def test_it_refuses_what_makes_no_sense_and_adds_nothing(admin_client, form):
    assert admin_client.post(ADD, form).status_code == 422
    assert numbers() == set()


@pytest.mark.parametrize("written", ["9" * 1_000_000, "=1+1", "😀", "+" * 99, "٠١٢", "-1", "1e99"])
def test_it_gives_back_anything_strange(admin_client, written):
    response = admin_client.post(ADD, {"numbers": written})
    assert response.status_code == 422
    assert response.context["form"]["numbers"].value() == written


def test_it_goes_back_to_the_list_as_it_was_left(admin_client):
    form = {"numbers": "11 98123-4567"}
    assert admin_client.post(f"{ADD}?next=/contacts/%3Fpage=2", form).url == "/contacts/?page=2"
    assert admin_client.post(f"{ADD}?next=https://evil.example/", form).url == LIST


def test_it_answers_htmx_with_the_form_alone_or_the_way_on(admin_client):
    htmx = {"HX-Request": "true"}
    wrong = admin_client.post(ADD, {"numbers": "nobody"}, headers=htmx)
    assert wrong.status_code == 422
    assert "<html" not in text(wrong)
    right = admin_client.post(ADD, {"numbers": "11 98123-4567"}, headers=htmx)
    assert right.headers["HX-Redirect"] == LIST


# --- The page ---------------------------------------------------------------------------------


def test_it_says_what_an_opt_out_means(admin_client):
    shown = text(admin_client.get(LIST))
    assert "These people get no broadcasts. Agents can still answer them." in shown
    assert "Nobody has opted out." in shown


def test_it_shows_markup_in_reasons_as_text(admin_client, admin):
    add_opt_outs(numbers=[NEW], reason="<script>alert(1)</script>", person=admin)
    shown = text(admin_client.get(LIST))
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown


@pytest.mark.parametrize("stored", [OLD, NEW])
@pytest.mark.parametrize(
    "search",
    ["+55 (11) 98123-4567", "11 8123-4567", "011981234567", "8123-4567", "(11) 9812", "5511"],
)
def test_it_finds_a_number_however_it_is_written(admin_client, admin, stored, search):
    add_opt_outs(numbers=[stored, Number("351", "912345678")], reason="", person=admin)
    page = admin_client.get(LIST, {"search": search}).context["page"]
    assert [row.number for row in page] == [FOLDED]


def test_it_finds_a_part_of_a_number_as_it_was_written(admin_client, opt_out):
    assert len(admin_client.get(LIST, {"search": "1181"}).context["page"]) == 1


@pytest.mark.parametrize("search", ["<b>x", "%", "'", "\0", "9" * 5000, "+351 912 345 679"])
def test_it_says_that_nothing_was_found(admin_client, opt_out, search):
    response = admin_client.get(LIST, {"search": search})
    assert response.status_code == 200
    assert "Nothing found for" in text(response)
    assert "<b>x" not in text(response)


def test_it_pages_newest_first_with_as_many_queries_for_many_as_for_one(
    admin_client, agent, opt_out, django_assert_num_queries
):
    with django_assert_num_queries(5):  # session, user, signals; the count, the rows
        admin_client.get(LIST)
    add_opt_outs(numbers=many(OPT_OUTS_PER_PAGE), reason="", person=agent)
    with django_assert_num_queries(5):
        first = admin_client.get(LIST).context["page"]
    last = admin_client.get(LIST, {"page": "999"}).context["page"]
    assert len(first) == OPT_OUTS_PER_PAGE
    assert [row.number for row in last] == [FOLDED]


@pytest.mark.parametrize("page", ["0", "-1", "x", "٣", "9" * 5000])
def test_it_shows_a_page_for_any_page_number(admin_client, opt_out, page):
    assert len(admin_client.get(LIST, {"page": page}).context["page"]) == 1


def test_it_answers_htmx_with_the_list_alone(admin_client, opt_out):
    response = admin_client.get(LIST, {"search": "8123"}, headers={"HX-Request": "true"})
    assert "<html" not in text(response)
    assert "1 number found" in text(response)
    assert "HX-Request" in response.headers["Vary"]


# --- Removing ---------------------------------------------------------------------------------


def test_it_removes_a_number_and_goes_back(admin_client, opt_out):
    path = f"{LIST}{opt_out.pk}/remove/?next={LIST}%3Fsearch%3D11"
    response = admin_client.post(path, follow=True)
    assert response.redirect_chain == [(f"{LIST}?search=11", 302)]
    assert "This number can get broadcasts again." in text(response)
    assert numbers() == set()


@pytest.mark.parametrize("opt_out_id", ["0", "999999"])
def test_it_says_when_a_number_was_not_there_any_more(admin_client, opt_out, opt_out_id):
    response = admin_client.post(f"{LIST}{opt_out_id}/remove/", follow=True)
    assert "This number was not on the list any more." in text(response)
    assert numbers() == {FOLDED}


# --- Who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LIST, ADD])
def test_agents_do_not_see_the_pages(agent_client, client, path):
    assert agent_client.get(path).status_code == 403
    assert client.get(path).url.startswith("/accounts/login/")


@pytest.mark.parametrize("path", [ADD, PERSON, f"{LIST}{{id}}/remove/"])
def test_agents_change_nothing(agent_client, client, opt_out, path):
    form = {"numbers": "21 99876-5432", "mobile_code": "55", "mobile": "11981234567"}
    path = path.format(id=opt_out.pk)
    assert agent_client.post(path, form).status_code == 403
    assert client.post(path, form).status_code in (302, 401)
    assert numbers() == {FOLDED}


def test_it_refuses_the_wrong_method(admin_client, opt_out):
    assert admin_client.post(LIST).status_code == 405
    assert admin_client.put(ADD).status_code == 405
    assert admin_client.get(PERSON).status_code == 405
    assert admin_client.get(f"{LIST}{opt_out.pk}/remove/").status_code == 405
    assert numbers() == {FOLDED}


# --- Beside a contact -------------------------------------------------------------------------


def test_it_marks_contacts_that_have_opted_out_with_one_query_more(
    agent_client, admin, ana, django_assert_num_queries
):
    path = f"/contacts/?search={ANA['mobile']}"
    assert "Opted out" not in text(agent_client.get(path))
    add_opt_outs(numbers=[Number("55", "1155554445")], reason="", person=admin)
    assert "Opted out" not in text(agent_client.get(path))
    add_opt_outs(numbers=[Number("55", ANA["mobile"])], reason="", person=admin)
    with django_assert_num_queries(4):
        assert "Opted out" in text(agent_client.get(path))


def test_only_admins_are_led_to_the_list(admin_client, agent_client, wazime):
    assert LIST in text(admin_client.get("/contacts/"))
    assert LIST not in text(agent_client.get("/contacts/"))


def test_it_opts_a_contact_out_and_in_again(admin_client, ana):
    edit = f"/contacts/{ana.id}/edit/?search={ana.mobile}"
    form = {"mobile_code": ana.mobile_code, "mobile": ana.mobile}
    assert "Opt back in" not in text(admin_client.get(edit))

    left = admin_client.post(f"{PERSON}?next=/contacts/", {**form, "opted_out": "on"})
    assert left.url == "/contacts/"
    assert "This person gets no broadcasts." in text(admin_client.get(edit))
    assert numbers() == {"5511955554444"}

    answer = admin_client.post(PERSON, form, headers={"HX-Request": "true"})
    assert "<html" not in text(answer)
    assert "Opted out" not in text(answer)
    assert numbers() == set()


def test_the_switch_does_the_same_twice(admin_client, opt_out):
    form = {"mobile_code": "55", "mobile": "11981234567"}
    for opted_out_field in ({"opted_out": "on"}, {"opted_out": "on"}, {}, {}):
        assert admin_client.post(PERSON, form | opted_out_field).status_code == 302
    assert numbers() == set()


def test_a_contact_opts_out_with_a_number_that_nobody_would_accept_today(admin_client):
    admin_client.post(PERSON, {"mobile_code": "55", "mobile": "123", "opted_out": "on"})
    assert numbers() == {"55123"}


@pytest.mark.parametrize(
    "form", [{}, {"mobile": "abc"}, {"mobile": "1" * 33}, {"mobile": "1", "mobile_code": "1" * 9}]
)
def test_it_refuses_a_person_without_a_number(admin_client, form):
    assert admin_client.post(PERSON, {**form, "opted_out": "on"}).status_code == 400
    assert numbers() == set()


# --- In a browser -----------------------------------------------------------------------------


def test_it_asks_before_it_removes(admin_page, opt_out, live_server):
    admin_page.get_by_role("link", name="Opt-outs").click()
    row = admin_page.get_by_role("row", name="+55 11 8123-4567")
    sure = row.get_by_role("button", name="Remove", exact=True)
    expect(sure).to_be_hidden()
    row.locator("summary").click()
    sure.click()
    expect(admin_page.get_by_text("Nobody has opted out.")).to_be_visible()
    assert numbers() == set()


def test_it_keeps_what_is_typed_in_the_contact_when_somebody_opts_out(
    admin_page,
    ana,
    live_server,
):
    admin_page.goto(f"{live_server.url}/contacts/{ana.id}/edit/?search={ana.mobile}")
    admin_page.locator("#id_firstname").fill("Typed before")
    admin_page.get_by_role("button", name="Opt out").click()
    expect(admin_page.get_by_text("This person gets no broadcasts.")).to_be_visible()
    expect(admin_page.locator("#id_firstname")).to_have_value("Typed before")
    admin_page.get_by_role("button", name="Opt back in").click()
    expect(admin_page.get_by_role("button", name="Opt out")).to_be_focused()


def test_it_brings_back_what_is_no_number(admin_page, live_server):
    admin_page.goto(f"{live_server.url}{ADD}")
    admin_page.locator("#id_numbers").fill("11 98123-4567\nnobody")
    admin_page.get_by_role("button", name="Add to the opt-outs").click()
    expect(admin_page.get_by_role("row", name="2 nobody")).to_be_visible()
    admin_page.locator("#id_numbers").fill("21 99876-5432")
    admin_page.get_by_role("button", name="Add to the opt-outs").click()
    admin_page.wait_for_url(f"**{LIST}")
    assert numbers() == {FOLDED, "5521998765432"}
