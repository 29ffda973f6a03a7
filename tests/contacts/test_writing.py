"""Creating, editing and deleting contacts."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from contacts.forms import MAX_IMAGE, ContactForm
from tests.contacts.conftest import ANA, by_mobile
from wazime_admin.wazime.errors import Cause, Rejected

pytestmark = pytest.mark.usefixtures("wazime")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 64
NEW = {**ANA, "address": "Rua das Flores, 10"}


def text(response):
    return response.content.decode()


def picture(content=PNG, name="me.png"):
    return SimpleUploadedFile(name, content)


def saved(api, contact, **changes):
    """Whether WaziMe has the contact with these changes and no others."""
    now = by_mobile(api, changes.get("mobile", contact.mobile))
    return all(getattr(now, name) == changes.get(name, getattr(contact, name)) for name in ANA)


def opened(client, contact, **changes):
    """The fields of the edit page as a browser would send them back, with these changes."""
    response = client.get(f"/contacts/{contact.id}/edit/", {"search": contact.mobile})
    values = {name: response.context["form"][name].value() for name in ANA}
    return {**values, "seen": response.context["signed"], **changes}


# --- Who may ----------------------------------------------------------------------------------

PATHS = ["/contacts/new/", "/contacts/{}/edit/", "/contacts/{}/delete/"]


@pytest.mark.parametrize("path", PATHS)
def test_it_forbids_an_agent_to_change_anything(agent_client, ana, api, path):
    path = path.format(ana.id)
    assert agent_client.get(path).status_code == 403
    assert agent_client.post(path, {**NEW, "firstname": "Changed"}).status_code == 403
    assert saved(api, ana)


@pytest.mark.parametrize("path", PATHS)
def test_it_sends_an_outsider_to_the_login(client, ana, api, path):
    response = client.post(path.format(ana.id), NEW)
    assert response.url.startswith("/accounts/login/")
    assert saved(api, ana)


def test_it_deletes_by_post_only(admin_client, ana):
    assert admin_client.get(f"/contacts/{ana.id}/delete/").status_code == 405


# --- Creating ---------------------------------------------------------------------------------


def test_it_creates_a_contact_with_every_field(admin_client, api, behaviour, calls):
    response = admin_client.post("/contacts/new/", NEW, follow=True)
    assert response.redirect_chain == [("/contacts/", 302)]
    assert "The contact Ana Paula Ferraz was created." in text(response)
    assert "+55 11 95555-4444" in text(response)
    assert calls() == {"contact/store": 1, "contact/list": 1}
    created = by_mobile(api, NEW["mobile"])
    assert {name: getattr(created, name) for name in NEW} == NEW


@pytest.mark.parametrize(
    ("code", "mobile", "kept"),
    [
        ("55", "+55 (11) 91234-4321", ("55", "11912344321")),
        ("+55", "011 91234 4321", ("55", "11912344321")),
        ("55", "+1 415 555 2671", ("1", "4155552671")),
        ("55", "(11) 8123-4567", ("55", "1181234567")),
        ("55", "(11) 3333-4321", ("55", "1133334321")),
    ],
    ids=["whole", "trunk zero", "abroad", "old mobile", "landline"],
)
def test_it_takes_the_number_as_people_write_it(admin_client, api, code, mobile, kept):
    response = admin_client.post("/contacts/new/", {**NEW, "mobile_code": code, "mobile": mobile})
    assert response.status_code == 302
    created = by_mobile(api, kept[1])
    assert (created.mobile_code, created.mobile) == kept


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("firstname", "", "This field is required."),
        ("lastname", "x" * 41, "at most 40 characters"),
        ("mobile_code", "Brazil", "Digits only"),
        ("mobile_code", "999", "no such phone number"),
        ("mobile", "", "This field is required."),
        ("mobile", "12345", "no such phone number"),
        ("mobile", "11 81234-5678", "no such phone number"),
        ("mobile", "call me", "no such phone number"),
    ],
)
def test_it_says_what_is_wrong_before_wazime_is_asked(admin_client, calls, field, value, words):
    response = admin_client.post("/contacts/new/", {**NEW, field: value})
    assert response.status_code == 422
    assert words in str(response.context["form"].errors)
    assert "Rua das Flores, 10" in text(response)
    assert calls() == {}


def test_it_shows_what_was_typed_as_text(admin_client):
    typed = {**NEW, "firstname": "\"><script>alert('x')</script>", "mobile": "1"}
    shown = text(admin_client.post("/contacts/new/", typed))
    assert "<script>alert" not in shown
    assert "&quot;&gt;&lt;script&gt;" in shown


@pytest.mark.parametrize("name", ["me.png", "photo.JPG", "../../etc/passwd"])
@pytest.mark.parametrize("content", [PNG, JPEG], ids=["png", "jpeg"])
def test_it_sends_the_picture(admin_client, api, behaviour, name, content):
    form = {**NEW, "profile_image": picture(content, name)}
    assert admin_client.post("/contacts/new/", form).status_code == 302
    ending = ".png" if content is PNG else ".jpg"
    assert by_mobile(api, NEW["mobile"]).image_src.endswith(ending)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a" + b"\0" * 64, "not a JPG or PNG"),
        (b"<svg onload=alert(1)>", "not a JPG or PNG"),
        (PNG + b"\0" * MAX_IMAGE, "larger than 5 MB"),
        (b"", "empty"),
    ],
    ids=["gif", "svg", "large", "empty"],
)
def test_it_takes_only_pictures_that_wazime_takes(admin_client, calls, content, words):
    response = admin_client.post("/contacts/new/", {**NEW, "profile_image": picture(content)})
    assert words in response.context["form"].errors["profile_image"][0]
    assert calls() == {}


def test_it_shows_wazimes_refusal_beside_its_field(admin_client, ana, behaviour):
    response = admin_client.post("/contacts/new/", NEW)
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert errors == {"mobile": ["There is already a contact with this number."]}
    assert 'value="Ana Paula"' in text(response)


@pytest.mark.parametrize(
    ("sentence", "field"),
    [
        ("The firstname field is required.", "firstname"),
        ("The first name must not be greater than 40 characters.", "firstname"),
        ("The lastname field is required.", "lastname"),
        ("The mobile code field is required.", "mobile_code"),
        ("The mobile_code must be a number.", "mobile_code"),
        ("The mobile field is required.", "mobile"),
        ("The post code field is too long.", "post_code"),
        ("The profile image must be a file of type: jpg, jpeg, png.", "profile_image"),
        ("The address field is too long.", "address"),
        ("The city field is too long.", "city"),
        ("The state field is too long.", "state"),
    ],
)
def test_it_finds_the_field_that_a_sentence_is_about(sentence, field):
    form = ContactForm(NEW)
    assert form.is_valid()
    assert form.add_refusal(Rejected(Cause.VALIDATION, messages=(sentence,)))
    assert form.errors == {field: [sentence]}


def test_it_takes_the_servers_word_for_which_field_it_is():
    form = ContactForm(NEW)
    assert form.is_valid()
    refusal = Rejected(Cause.VALIDATION, messages=("No.",), fields={"post_code": "No."})
    assert form.add_refusal(refusal)
    assert form.errors == {"post_code": ["No."]}


def test_it_puts_no_other_sentence_beside_a_field():
    form = ContactForm(NEW)
    assert form.is_valid()
    assert not form.add_refusal(Rejected(Cause.VALIDATION, messages=("The statement is wrong.",)))
    assert form.errors == {}


def test_it_says_that_the_plan_has_room_for_no_more(admin_client, wazime, behaviour):
    wazime.settings(contact_limit=0)
    response = admin_client.post("/contacts/new/", NEW)
    assert response.status_code == 422
    assert "limit of contacts is reached" in text(response)
    assert "You have reached the contact limit" in text(response)
    assert 'value="Ana Paula"' in text(response)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("ip_not_whitelisted", "203.0.113.7"),
        ("maintenance", "under maintenance"),
        ("rate_limited", "asks for fewer calls"),
    ],
)
def test_it_says_why_nothing_was_saved(admin_client, wazime, fault, words):
    wazime.add_fault(fault)
    shown = text(admin_client.post("/contacts/new/", NEW))
    assert "The contact was not saved." in shown
    assert words in shown
    assert 'value="Ana Paula"' in shown


@pytest.mark.parametrize("fault", ["http_502", "garbage", "drop", "exception", "empty"])
def test_it_says_when_nobody_knows_whether_it_was_saved(admin_client, wazime, api, fault):
    wazime.add_fault(fault, left=True, times=1)
    shown = text(admin_client.post("/contacts/new/", NEW))
    assert "It is unclear whether the contact was saved." in shown
    assert f"/contacts/?search={NEW['mobile']}" in shown
    assert 'value="Ana Paula"' in shown
    assert by_mobile(api, NEW["mobile"])


# --- Editing ----------------------------------------------------------------------------------


def test_it_shows_the_contact_as_it_is_now(admin_client, api, ana, calls):
    api.update_contact(ana.id, {**ANA, "city": "Santos"})
    calls()
    response = admin_client.get(f"/contacts/{ana.id}/edit/", {"search": ana.mobile})
    assert 'value="Santos"' in text(response)
    assert calls() == {"contact/list": 1}


def test_it_opens_a_contact_without_a_hint(admin_client, ana):
    assert 'value="Campinas"' in text(admin_client.get(f"/contacts/{ana.id}/edit/"))


def test_it_saves_a_change_and_loses_no_other_field(admin_client, api, ana, behaviour, calls):
    form = opened(admin_client, ana, firstname="Ana Lúcia")
    calls()
    response = admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert response.status_code == 302
    assert calls() == {"contact/list": 1, "contact/update": 1}
    assert saved(api, ana, firstname="Ana Lúcia")


def test_it_keeps_what_a_request_does_not_name(admin_client, api, ana, behaviour):
    admin_client.post(f"/contacts/{ana.id}/edit/", {"city": "Santos"})
    assert saved(api, ana, city="Santos")


def test_it_can_empty_a_field(admin_client, api, ana, behaviour):
    admin_client.post(f"/contacts/{ana.id}/edit/", opened(admin_client, ana, address=""))
    assert saved(api, ana, address="")


def test_it_changes_the_number(admin_client, api, ana, behaviour):
    form = opened(admin_client, ana, mobile="(11) 94444-5555")
    admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert saved(api, ana, mobile="11944445555")


def test_it_sends_nothing_when_nothing_changed(admin_client, api, ana, calls):
    browsers = ana.address.replace("\n", "\r\n")
    form = opened(admin_client, ana, address=browsers, firstname=f" {ana.firstname} ")
    calls()
    response = admin_client.post(f"/contacts/{ana.id}/edit/", form, follow=True)
    assert "Nothing changed." in text(response)
    assert "contact/update" not in calls()


def test_it_leaves_a_number_alone_that_nobody_would_accept_today(admin_client, api, behaviour):
    api.create_contact({**ANA, "mobile": "123"})
    odd = next(contact for contact in api.contacts().rows if contact.mobile == "123")
    form = opened(admin_client, odd, city="Santos")
    assert admin_client.post(f"/contacts/{odd.id}/edit/", form).status_code == 302
    assert api.contacts().rows[0].city == "Santos"


def test_it_replaces_the_picture_alone(admin_client, api, ana, behaviour):
    form = opened(admin_client, ana, profile_image=picture(JPEG))
    admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert by_mobile(api, ana.mobile).image_src.endswith(".jpg")
    assert saved(api, ana)


def test_it_shows_both_when_somebody_else_changed_it_meanwhile(admin_client, api, ana, behaviour):
    form = opened(admin_client, ana, firstname="Mine")
    api.update_contact(ana.id, {**ANA, "firstname": "Theirs", "city": "Santos"})
    response = admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert response.status_code == 409
    assert response.context["differences"] == [
        ("First name", "Mine", "Theirs"),
        ("City", "Campinas", "Santos"),
    ]
    assert "Somebody else changed this contact meanwhile" in text(response)
    assert saved(api, ana, firstname="Theirs", city="Santos")


def test_it_saves_mine_after_i_have_seen_theirs(admin_client, api, ana):
    form = opened(admin_client, ana, firstname="Mine")
    api.update_contact(ana.id, {**ANA, "firstname": "Theirs"})
    conflict = admin_client.post(f"/contacts/{ana.id}/edit/", form)
    form["seen"] = conflict.context["signed"]
    assert admin_client.post(f"/contacts/{ana.id}/edit/", form).status_code == 302
    assert saved(api, ana, firstname="Mine")


def test_it_shows_a_conflict_again_when_the_contact_moves_on_again(admin_client, api, ana):
    form = opened(admin_client, ana, firstname="Mine")
    for name in ("Theirs", "Theirs again"):
        api.update_contact(ana.id, {**ANA, "firstname": name})
        conflict = admin_client.post(f"/contacts/{ana.id}/edit/", form)
        assert conflict.context["differences"] == [("First name", "Mine", name)]
        form["seen"] = conflict.context["signed"]


def test_it_is_no_conflict_when_i_changed_nothing(admin_client, api, ana, calls):
    form = opened(admin_client, ana)
    api.update_contact(ana.id, {**ANA, "firstname": "Theirs"})
    calls()
    admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert "contact/update" not in calls()
    assert saved(api, ana, firstname="Theirs")


def test_it_does_not_put_old_values_back_with_a_new_picture(admin_client, api, ana):
    form = opened(admin_client, ana, profile_image=picture())
    api.update_contact(ana.id, {**ANA, "firstname": "Theirs"})
    assert admin_client.post(f"/contacts/{ana.id}/edit/", form).status_code == 409
    assert saved(api, ana, firstname="Theirs")


def test_it_does_not_believe_what_was_signed_for_another_contact(admin_client, api, ana):
    api.create_contact({**ANA, "mobile": "11955553333", "city": "Recife"})
    other = by_mobile(api, "11955553333")
    form = {"firstname": "Mine", "seen": opened(admin_client, other)["seen"]}
    admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert saved(api, ana, firstname="Mine")


def test_it_answers_404_for_a_contact_that_does_not_exist(admin_client):
    response = admin_client.get("/contacts/999999/edit/")
    assert response.status_code == 404
    assert "This contact was not found." in text(response)


def test_it_offers_to_create_anew_what_was_deleted_meanwhile(admin_client, api, ana):
    form = opened(admin_client, ana, firstname="Mine")
    api.delete_contact(ana.id)
    response = admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert response.status_code == 409
    assert "This contact is not there any more." in text(response)
    [action] = re.findall(r'id="contact"[^>]* action="([^"?]*)', text(response))
    assert action == "/contacts/new/"
    assert 'value="Mine"' in text(response)


@pytest.mark.parametrize("fault", ["ip_not_whitelisted", "http_500", "garbage", "drop"])
def test_it_keeps_what_was_typed_when_the_contact_cannot_be_read(admin_client, wazime, ana, fault):
    form = opened(admin_client, ana, firstname="Mine")
    wazime.add_fault(fault, endpoints=["contact/list"])
    response = admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert response.status_code == 422
    assert "The contact was not saved." in text(response)
    assert 'value="Mine"' in text(response)
    wazime.clear_faults()
    form["seen"] = response.context["signed"]
    assert admin_client.post(f"/contacts/{ana.id}/edit/", form).status_code == 302


def test_it_says_why_a_contact_cannot_be_opened(admin_client, wazime, ana):
    wazime.add_fault("http_502")
    response = admin_client.get(f"/contacts/{ana.id}/edit/")
    assert response.status_code == 200
    assert "has a fault" in text(response)


def test_it_says_when_nobody_knows_whether_a_change_was_saved(admin_client, wazime, api, ana):
    form = opened(admin_client, ana, firstname="Mine")
    wazime.add_fault("http_502", endpoints=["contact/update"], left=True, times=1)
    response = admin_client.post(f"/contacts/{ana.id}/edit/", form)
    assert "It is unclear whether the contact was saved." in text(response)
    form["seen"] = response.context["signed"]
    again = admin_client.post(f"/contacts/{ana.id}/edit/", form, follow=True)
    assert "Nothing changed." in text(again)
    assert saved(api, ana, firstname="Mine")


def test_it_goes_back_to_the_list_as_it_was_left(admin_client, ana):
    back = "/contacts/?search=ana&page=2"
    path = f"/contacts/{ana.id}/edit/?next=%2Fcontacts%2F%3Fsearch%3Dana%26page%3D2"
    assert admin_client.post(path, opened(admin_client, ana)).url == back


@pytest.mark.parametrize("page", ["https%3A%2F%2Fevil.example%2F", "foo"])
def test_it_leads_nowhere_else(admin_client, ana, page):
    path = f"/contacts/{ana.id}/edit/?next={page}"
    assert admin_client.post(path, opened(admin_client, ana)).url == "/contacts/"


def test_it_answers_htmx_with_the_form_alone_or_the_way_on(admin_client, ana):
    htmx = {"HX-Request": "true"}
    wrong = admin_client.post("/contacts/new/", {**NEW, "firstname": ""}, headers=htmx)
    assert wrong.status_code == 422
    assert "<html" not in text(wrong)
    right = admin_client.post(f"/contacts/{ana.id}/edit/", opened(admin_client, ana), headers=htmx)
    assert right.headers["HX-Redirect"] == "/contacts/"


# --- Deleting ---------------------------------------------------------------------------------


def test_it_deletes_a_contact(admin_client, api, ana, behaviour, calls):
    form = {"seen": opened(admin_client, ana)["seen"]}
    calls()
    response = admin_client.post(f"/contacts/{ana.id}/delete/", form, follow=True)
    assert response.redirect_chain == [("/contacts/", 302)]
    assert "The contact was deleted." in text(response)
    assert calls() == {"contact/delete": 1, "contact/list": 1}
    assert not api.contacts(search=ana.mobile).rows


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_it_shows_why_wazime_keeps_a_contact(admin_client, wazime, ana, behaviour, headers):
    wazime.inbound(ana.mobile_code, ana.mobile, "Oi")
    form = {"seen": opened(admin_client, ana)["seen"]}
    response = admin_client.post(f"/contacts/{ana.id}/delete/", form, headers=headers)
    assert response.status_code == 422
    assert "The contact was not deleted." in text(response)
    assert "A contact that has messages can not be deleted" in text(response)


def test_it_shows_why_wazime_keeps_a_blocked_contact(admin_client, api, behaviour):
    everybody = [row for number in (1, 2) for row in api.contacts(page=number, per_page=100).rows]
    blocked = next(contact for contact in everybody if contact.is_blocked)
    response = admin_client.post(f"/contacts/{blocked.id}/delete/")
    assert "Blocked contacts can not be deleted" in text(response)


def test_it_says_when_nobody_knows_whether_it_was_deleted(admin_client, wazime, ana):
    wazime.add_fault("drop", endpoints=["contact/delete"])
    response = admin_client.post(f"/contacts/{ana.id}/delete/")
    assert "It is unclear whether the contact was deleted." in text(response)


def test_a_script_that_edits_while_wazime_is_down_gets_its_fields_back(admin_client, wazime, ana):
    wazime.add_fault("http_502")

    response = admin_client.post(f"/contacts/{ana.id}/edit/", {"firstname": "Zuleica"})

    assert response.status_code == 422
    assert 'value="Zuleica"' in response.content.decode()
