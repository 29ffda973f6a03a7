"""What only a browser shows."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.contacts.conftest import ANA, by_mobile, log_in
from tests.contacts.test_writing import PNG


def fill_form(page: Page, **fields: str) -> None:
    for name in ("firstname", "lastname", "mobile_code", "mobile"):
        page.locator(f"#id_{name}").fill(fields.get(name, ANA[name]))


def test_it_searches_while_one_types(admin_page, ana):
    search = admin_page.get_by_role("searchbox")
    search.press_sequentially("Ferraz")
    expect(admin_page.locator("#contacts tbody tr")).to_have_count(1)
    expect(admin_page.locator("#found")).to_have_text("1 contact found")
    expect(search).to_be_focused()
    assert admin_page.url.endswith("/contacts/?search=Ferraz")
    admin_page.reload()
    expect(search).to_have_value("Ferraz")


def test_it_keeps_the_chosen_picture_when_wazime_refuses(admin_page, api, ana, tmp_path: Path):
    (tmp_path / "me.png").write_bytes(PNG)
    admin_page.get_by_role("link", name="New contact").click()
    admin_page.wait_for_url("**/contacts/new/**")  # and until its scripts have run
    fill_form(admin_page)
    admin_page.locator("#id_profile_image").set_input_files(tmp_path / "me.png")
    admin_page.get_by_role("button", name="Create contact").click()
    expect(admin_page.get_by_text("There is already a contact with this number.")).to_be_visible()
    expect(admin_page.locator("#id_mobile")).to_be_focused()

    admin_page.locator("#id_mobile").fill("(11) 94444-5555")
    admin_page.get_by_role("button", name="Create contact").click()
    expect(admin_page.get_by_text("The contact Ana Paula Ferraz was created.")).to_be_visible()
    assert by_mobile(api, "11944445555").image_src.endswith(".png")


def test_it_keeps_what_was_typed_when_the_session_has_expired(admin_page, api, live_server):
    admin_page.goto(f"{live_server.url}/contacts/new/")
    fill_form(admin_page, firstname="Typed before")
    admin_page.context.clear_cookies(name="sessionid")
    admin_page.get_by_role("button", name="Create contact").click()
    admin_page.wait_for_url("**/accounts/login/**")
    log_in(admin_page)
    expect(admin_page.locator("#id_firstname")).to_have_value("Typed before")
    admin_page.get_by_role("button", name="Create contact").click()
    expect(admin_page.get_by_text("The contact Typed before Ferraz was created.")).to_be_visible()


def test_it_solves_a_conflict(admin_page, api, ana, live_server):
    admin_page.goto(f"{live_server.url}/contacts/{ana.id}/edit/?search={ana.mobile}")
    admin_page.locator("#id_firstname").fill("Mine")
    api.update_contact(ana.id, {**ANA, "firstname": "Theirs"})
    admin_page.get_by_role("button", name="Save").click()
    expect(admin_page.get_by_role("row", name="First name Mine Theirs")).to_be_visible()
    admin_page.get_by_role("button", name="Save mine").first.click()
    expect(admin_page.get_by_text("The contact Mine Ferraz was saved.")).to_be_visible()
    assert by_mobile(api, ana.mobile).firstname == "Mine"


def test_it_asks_before_it_deletes(admin_page, api, wazime, ana, live_server):
    admin_page.goto(f"{live_server.url}/contacts/{ana.id}/edit/?search={ana.mobile}")
    confirm = admin_page.get_by_role("button", name="Delete contact", exact=True)
    expect(confirm).to_be_hidden()
    admin_page.get_by_text("Delete contact…").click()
    wazime.add_fault("exception", endpoints=["contact/delete"], times=1)
    confirm.click()
    expect(admin_page.get_by_text("It is unclear whether the contact was deleted.")).to_be_visible()
    confirm.click()
    expect(admin_page.get_by_text("The contact was deleted.", exact=True)).to_be_visible()
    assert not api.contacts(search=ana.mobile).rows
