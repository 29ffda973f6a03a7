import pytest

from tests.sandbox.conftest import ANA, PNG, STRANGER, Api

NEW = {**STRANGER, "firstname": "Rita", "lastname": "Lee"}


def test_it_lists_the_newest_contacts_first_in_pages(either: Api) -> None:
    answer = either.get("contact/list", page=2, paginate=50)
    page = answer["data"]["contacts"]
    ids = [int(row["id"]) for row in page["data"]]
    assert answer["status"] == "success"
    assert ids == list(range(70, 20, -1))
    assert (page["current_page"], page["last_page"], page["total"]) == (2, 3, 120)
    assert (page["from"], page["to"], int(page["per_page"])) == (51, 100, 50)
    assert page["prev_page_url"].endswith("?page=1")
    assert page["next_page_url"].endswith("?page=3")


@pytest.mark.parametrize("page", ["0", "-1", "x", "²"])
def test_it_takes_a_senseless_page_as_the_first(api: Api, page: str) -> None:
    assert api.get("contact/list", page=page)["data"]["contacts"]["current_page"] == 1


def test_a_page_beyond_the_last_is_empty(api: Api) -> None:
    page = api.get("contact/list", page=999999)["data"]["contacts"]
    assert (page["data"], page["from"], page["to"]) == ([], None, None)


def test_a_page_is_capped_only_as_documented(api: Api) -> None:
    assert len(api.get("contact/list", paginate=500)["data"]["contacts"]["data"]) == 120
    api.sandbox.settings(quirks={"uncapped_pages": False})
    assert len(api.get("contact/list", paginate=500)["data"]["contacts"]["data"]) == 100


@pytest.mark.parametrize("search", ["Joaquim", "JOAQUIM", "figueir", "912345678", "joaquim\t"])
def test_it_finds_by_name_and_mobile_whatever_the_case(either: Api, search: str) -> None:
    found = either.get("contact/list", search=search)["data"]["contacts"]["data"]
    assert "Joaquim Figueiredo" in [row["full_name"] for row in found]


def test_it_finds_without_the_accents(api: Api) -> None:
    assert api.get("contact/list", search="gutierrez")["data"]["contacts"]["total"] == 1


def test_an_array_can_stand_in_the_paginators_place(api: Api) -> None:
    api.sandbox.settings(quirks={"plain_lists": True})
    contacts = api.get("contact/list", page=3, paginate=2)["data"]["contacts"]
    assert isinstance(contacts, list)
    assert len(contacts) == 120


def test_it_stores_a_contact(either: Api) -> None:
    answer = either.post("contact/store", {**NEW, "city": "São Paulo", "post_code": "01310-100"})
    row = either.contact(STRANGER["mobile"])
    assert answer["status"] == "success"
    assert answer["data"]["contact"]["id"] == row["id"]
    assert row["full_name"] == "Rita Lee"
    assert row["address"]["city"] == "São Paulo"


def test_it_says_one_message_for_each_wrong_field(either: Api) -> None:
    answer = either.post(
        "contact/store", {"lastname": "x" * 41, "mobile": "11 9", "mobile_code": 55}
    )
    assert answer["remark"] == "validation_error"
    assert answer["message"] == [
        "The firstname field is required.",
        "The lastname field must not be greater than 40 characters.",
        "The mobile field must be a number.",
    ]


def test_a_number_is_unique(either: Api) -> None:
    answer = either.post("contact/store", {**NEW, **ANA})
    assert answer["message"] == ["The mobile has already been taken."]


def test_the_ninth_digit_makes_another_number(api: Api) -> None:
    short = {**NEW, "mobile": "1112345678"}
    assert api.post("contact/store", short)["status"] == "success"


def test_a_profile_image_is_told_by_its_content(either: Api) -> None:
    wrong = either.post("contact/store", NEW, files={"profile_image": ("a.png", b"<svg/>")})
    assert wrong["message"] == ["The profile image field must be a file of type: jpg, jpeg, png."]
    right = either.post("contact/store", NEW, files={"profile_image": ("a.txt", PNG)})
    assert right["data"]["contact"]["image"].endswith(".png")


@pytest.mark.parametrize(("behaviour", "http"), [("observed", 200), ("documented", 422)])
def test_errors_come_with_http_200_only_as_observed(api: Api, behaviour: str, http: int) -> None:
    api.sandbox.settings(behaviour=behaviour)
    assert api.ask("POST", "contact/store").status_code == http


def test_documented_an_update_changes_only_what_is_sent(documented: Api) -> None:
    documented.post("contact/store", {**NEW, "city": "Santos", "state": "SP"})
    contact_id = documented.contact(STRANGER["mobile"])["id"]
    answer = documented.post(f"contact/update/{contact_id}", {"state": "RJ"})
    row = answer["data"]["contact"]
    assert (row["firstname"], row["address"]["city"], row["address"]["state"]) == (
        "Rita",
        "Santos",
        "RJ",
    )


def test_observed_an_update_wants_all_four_fields(api: Api) -> None:
    contact_id = api.contact(ANA["mobile"])["id"]
    answer = api.post(f"contact/update/{contact_id}", {"firstname": "Ana", "city": "Santos"})
    assert answer["message"] == [
        "The lastname field is required.",
        "The mobile code field is required.",
        "The mobile field is required.",
    ]


def test_observed_an_update_blanks_the_address_that_is_not_sent(api: Api) -> None:
    contact_id = api.post("contact/store", {**NEW, "city": "Santos", "state": "SP"})["data"][
        "contact"
    ]["id"]
    row = api.post(f"contact/update/{contact_id}", {**NEW, "state": "RJ"})["data"]["contact"]
    assert (row["address"]["city"], row["address"]["state"]) == ("", "RJ")


def test_an_update_is_found_by_the_new_name(either: Api) -> None:
    contact_id = either.contact(ANA["mobile"])["id"]
    either.post(
        f"contact/update/{contact_id}", {**ANA, "firstname": "Anita", "lastname": "Malfatti"}
    )
    found = either.get("contact/list", search="Malfatti")["data"]["contacts"]["data"]
    assert [row["full_name"] for row in found] == ["Anita Malfatti"]


def test_an_unknown_contact_is_not_found(either: Api) -> None:
    assert either.post("contact/update/9999", NEW)["remark"] == "not_found"
    assert either.ask("DELETE", "contact/delete/9999").json()["remark"] == "not_found"


def test_it_refuses_beyond_the_plans_contact_limit(either: Api) -> None:
    either.sandbox.settings(contact_limit=121)
    assert either.post("contact/store", NEW)["status"] == "success"
    again = either.post("contact/store", {**NEW, "mobile": "11900000002"})
    assert again["remark"] == "contact_limit_error"


@pytest.mark.parametrize(
    ("behaviour", "remark"), [("observed", "contact_limit_error"), ("documented", "contact_update")]
)
def test_observed_an_update_counts_against_the_limit(api: Api, behaviour: str, remark: str) -> None:
    api.sandbox.settings(behaviour=behaviour, contact_limit=120)
    row = api.contact(ANA["mobile"])
    answer = api.post(f"contact/update/{row['id']}", {**ANA, "firstname": "A", "lastname": "B"})
    assert answer["remark"] == remark


def test_it_deletes_a_contact_without_messages(either: Api) -> None:
    contact_id = either.post("contact/store", NEW)["data"]["contact"]["id"]
    assert either.ask("DELETE", f"contact/delete/{contact_id}").json()["status"] == "success"
    assert either.get("contact/list", search=NEW["mobile"])["data"]["contacts"]["total"] == 0


def test_it_does_not_delete_a_contact_with_messages(either: Api) -> None:
    contact_id = either.contact(ANA["mobile"])["id"]
    answer = either.ask("DELETE", f"contact/delete/{contact_id}").json()
    assert answer["remark"] == "contact_error"
    assert either.contact(ANA["mobile"])["id"] == contact_id


def test_it_does_not_delete_a_blocked_contact(either: Api) -> None:
    rows = either.get("contact/list", paginate=100)["data"]["contacts"]["data"]
    blocked = next(row for row in rows if int(row["is_blocked"]))
    answer = either.ask("DELETE", f"contact/delete/{blocked['id']}").json()
    assert answer["remark"] == "contact_error"


def test_observed_ids_and_flags_are_texts_and_what_is_empty_is_null(api: Api) -> None:
    row = api.contact(ANA["mobile"])
    assert isinstance(row["id"], str)
    assert row["is_blocked"] == "0"
    assert row["address"] is None


def test_documented_ids_are_numbers_and_what_is_empty_is_there(documented: Api) -> None:
    row = documented.contact(ANA["mobile"])
    assert isinstance(row["id"], int)
    assert row["details"] == []
    assert row["address"]["city"] == ""


def test_keys_can_be_missing(api: Api) -> None:
    api.sandbox.settings(quirks={"missing_keys": True})
    assert not {"address", "details", "full_name"} & set(api.contact(ANA["mobile"]))
