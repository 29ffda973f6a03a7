import pytest

from contacts import selectors
from tests.contacts.conftest import ANA, by_mobile
from wazime_admin.wazime import reading

pytestmark = pytest.mark.usefixtures("wazime")


def rows(response):
    return response.context["page"].rows


def test_it_shows_the_newest_contacts_to_an_agent(agent_client, ana):
    response = agent_client.get("/contacts/")
    text = response.content.decode()
    assert rows(response)[0].id == ana.id
    assert "Ana Paula Ferraz" in text
    assert "+55 11 95555-4444" in text
    assert "Campinas, SP" in text


def test_it_sends_an_outsider_to_the_login(client):
    response = client.get("/contacts/")
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


def test_it_refuses_the_wrong_method(agent_client):
    assert agent_client.post("/contacts/").status_code == 405


def test_it_offers_changes_to_admins_only(admin_client, agent_client, ana):
    assert f"/contacts/{ana.id}/edit/" in admin_client.get("/contacts/").content.decode()
    shown = agent_client.get("/contacts/").content.decode()
    assert "/edit/" not in shown
    assert "/contacts/new/" not in shown


def test_it_leads_to_the_conversation(agent_client, ana):
    assert f"/inbox/?search={ana.mobile}" in agent_client.get("/contacts/").content.decode()


@pytest.mark.parametrize("search", ["Ferraz", "ana paula", "5555444", "+55 (11) 95555-4444"])
def test_it_finds_by_name_and_by_number_however_written(agent_client, ana, search):
    found = rows(agent_client.get("/contacts/", {"search": search}))
    assert [contact.id for contact in found] == [ana.id]


def test_it_finds_a_mobile_that_is_stored_without_the_ninth_digit(agent_client, api):
    api.create_contact({**ANA, "mobile": "1181234567"})
    found = rows(agent_client.get("/contacts/", {"search": "+55 11 98123-4567"}))
    assert [contact.mobile for contact in found] == ["1181234567"]


def test_it_answers_htmx_with_the_list_alone(agent_client, ana):
    response = agent_client.get("/contacts/", {"search": "Ferraz"}, headers={"HX-Request": "true"})
    text = response.content.decode()
    assert "<html" not in text
    assert 'id="contacts"' in text
    assert "1 contact found" in text
    assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "1.5", "٣", "9" * 100, "9" * 5000])
def test_it_shows_a_page_for_any_page_number(agent_client, number):
    response = agent_client.get("/contacts/", {"page": number})
    assert response.status_code == 200
    assert rows(response)


def test_it_shows_the_last_page_for_one_past_the_end_and_says_so(agent_client, behaviour):
    response = agent_client.get("/contacts/", {"page": "999999"})
    assert rows(response)
    assert response.context["page"].number == response.context["page"].last
    assert "There is no page 999,999." in response.content.decode()


def test_it_asks_once_for_a_page(agent_client, calls, django_assert_num_queries):
    with django_assert_num_queries(4):  # session, user; opt-outs; signals
        agent_client.get("/contacts/")
    assert calls() == {"contact/list": 1}


def test_it_pages_through_a_server_that_sends_a_plain_list(agent_client, wazime, ana):
    wazime.settings(quirks={"plain_lists": True, "missing_keys": True})

    pages = [rows(agent_client.get("/contacts/", {"page": number})) for number in range(1, 8)]

    assert all(len(page) == 20 for page in pages[:5])
    assert ana.id in [contact.id for page in pages for contact in page]


def test_it_says_that_nothing_was_found(agent_client):
    shown = agent_client.get("/contacts/", {"search": "<script>nobody"}).content.decode()
    assert "Nothing found for “&lt;script&gt;nobody”." in shown


def test_it_shows_markup_in_names_as_text(agent_client):
    shown = agent_client.get("/contacts/", {"search": "alert(1)"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown


def test_it_shows_no_picture_from_another_server(agent_client, ana):
    assert ana.image_src.startswith("https://wazime.example/")
    assert "wazime.example" not in agent_client.get("/contacts/").content.decode()


def test_it_shows_pictures_of_the_wazime_server(agent_client, ana, settings):
    settings.WAZIME_ORIGIN = "https://wazime.example"
    assert f'src="{ana.image_src}"' in agent_client.get("/contacts/").content.decode()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("ip_not_whitelisted", "203.0.113.7"),
        ("invalid_credentials", "does not accept the credentials"),
        ("maintenance", "under maintenance"),
        ("http_502", "has a fault"),
        ("garbage", "makes no sense"),
        ("drop", "connection to WaziMe broke"),
    ],
)
def test_it_says_what_is_wrong_with_wazime_and_what_to_do(agent_client, wazime, fault, words):
    wazime.add_fault(fault)
    for headers in ({}, {"HX-Request": "true"}):
        response = agent_client.get("/contacts/", {"search": "x"}, headers=headers)
        assert response.status_code == 200
        text = response.content.decode()
        assert words in text
        assert "Try again" in text


@pytest.mark.usefixtures("shared_cache")
def test_it_shows_the_last_page_with_its_age_while_wazime_is_down(
    agent_client, admin_client, wazime, ana, monkeypatch
):
    agent_client.get("/contacts/")
    wazime.add_fault("ip_not_whitelisted")
    monkeypatch.setattr(reading, "FRESH", 0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0)
    for client, cure in ((agent_client, "Tell an admin"), (admin_client, "Add 203.0.113.7 to")):
        shown = client.get("/contacts/").content.decode()
        assert "Ana Paula Ferraz" in shown
        assert "These contacts may be out of date." in shown
        assert "Last read:" in shown
        assert cure in shown


@pytest.mark.usefixtures("shared_cache", "fresh")
def test_it_asks_wazime_once_for_everybody_who_looks(agent_client, admin_client, calls):
    for person in (agent_client, admin_client, agent_client):
        person.get("/contacts/")
    assert calls() == {"contact/list": 1}


@pytest.mark.usefixtures("shared_cache")
def test_it_shows_a_change_at_once(admin_client, ana):
    admin_client.get("/contacts/")
    admin_client.post(f"/contacts/{ana.id}/edit/", {"firstname": "Renamed"})
    assert "Renamed Ferraz" in admin_client.get("/contacts/").content.decode()


def test_it_finds_a_contact_by_its_id_however_far_back_it_stands(api, calls, monkeypatch):
    oldest = api.contacts(per_page=1000).rows[-1]
    monkeypatch.setattr(selectors, "FIND_PER_PAGE", 50)
    calls()
    assert selectors.find_contact(oldest.id) == oldest
    assert calls() == {"contact/list": 3}
    assert selectors.find_contact(oldest.id, hint=oldest.mobile) == oldest
    assert calls() == {"contact/list": 1}


def test_it_does_not_trust_the_hint(api, ana):
    other = by_mobile(api, "11912345678")
    assert selectors.find_contact(ana.id, hint=other.mobile) == ana
    assert selectors.find_contact(ana.id, hint="nobody at all") == ana


def test_it_ends_the_search_for_a_contact_that_does_not_exist(api, calls, monkeypatch):
    monkeypatch.setattr(selectors, "FIND_PER_PAGE", 10)
    monkeypatch.setattr(selectors, "FIND_PAGES", 3)
    assert selectors.find_contact(10**12) is None
    assert calls() == {"contact/list": 3}
