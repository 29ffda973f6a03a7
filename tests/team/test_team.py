"""The team's pages: who is there, what each may do, who is let in no more."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.at_once import at_once
from tests.conftest import PASSWORD, logged_in
from wazime_admin.team import selectors, services
from wazime_admin.team.models import Action, AuditEntry, Invitation, PasswordLink, Role, User
from wazime_admin.team.services import LastAdmin

TEAM, AUDIT, INVITE = "/team/", "/audit/", "/team/invite/"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _in_english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def second_admin(db: None) -> User:
    return User.objects.create_user("dora", "dora@example.com", PASSWORD, role="admin")


def text(response) -> str:
    return response.content.decode()


def of(person: User, what: str = "") -> str:
    return f"/team/{person.pk}/{what}"


def done() -> list[tuple[str, str, str | None]]:
    """What the audit says, oldest first: action, who, whom."""
    entries = AuditEntry.objects.order_by("pk").select_related("by", "whom")
    return [(it.action, it.by.username, it.whom and it.whom.username) for it in entries]


# --- The list -----------------------------------------------------------------------------------


def test_it_shows_everybody_with_role_login_and_account(admin_client, agent, other_agent) -> None:
    other_agent.is_active = False
    other_agent.save()

    page = text(admin_client.get(TEAM))

    for words in ("Ana Souza", "ana@example.com", "Bruno Lima", "Clara Reis", "Never"):
        assert words in page
    assert page.index("Clara Reis") < page.index("Bruno Lima")  # closed accounts come last
    assert page.count(">Closed<") == 1


@pytest.mark.parametrize("search", ["souza", "ANA", "ana@example", "ana souza", "souza ana"])
def test_it_finds_people_by_every_word(admin_client, agent, other_agent, search: str) -> None:
    page = text(admin_client.get(TEAM, {"search": search}, headers={"HX-Request": "true"}))

    assert "Ana Souza" in page
    assert "Bruno Lima" not in page
    assert "1 person found" in page


def test_it_says_that_nobody_was_found(admin_client) -> None:
    assert "Nothing found for “&lt;b&gt;”." in text(admin_client.get(TEAM, {"search": "<b>"}))
    assert admin_client.get(TEAM, {"search": "a\0b", "page": "99999999999"}).status_code == 200


def test_it_asks_as_often_for_many_people_as_for_one(
    admin_client, agent, django_assert_max_num_queries
) -> None:
    User.objects.bulk_create(User(username=f"person-{n}", password="!") for n in range(120))

    with django_assert_max_num_queries(12):
        page = text(admin_client.get(TEAM))

    assert "Page 1 of 3" in page


@pytest.mark.parametrize("path", [TEAM, AUDIT, INVITE])
def test_agents_see_none_of_it(agent_client, admin_client, wazime, path: str) -> None:
    assert agent_client.get(path).status_code == 403
    assert f'href="{TEAM}"' not in text(agent_client.get("/contacts/"))
    assert f'href="{TEAM}"' in text(admin_client.get("/contacts/"))
    assert Client().get(path)["Location"].startswith(LOGIN)


@pytest.mark.parametrize("what", ["role/", "deactivate/", "reactivate/", "password/"])
def test_agents_change_nobody(agent_client, agent, other_agent, what: str) -> None:
    response = agent_client.post(of(other_agent, what), {"role": "admin", "sure": "on"})

    assert response.status_code == 403
    other_agent.refresh_from_db()
    assert (other_agent.role, other_agent.is_active) == (Role.AGENT, True)
    assert not PasswordLink.objects.exists()
    assert agent_client.post(INVITE, {"role": "admin"}).status_code == 403
    assert not Invitation.objects.exists()
    assert done() == []


def test_it_shows_markup_in_names_as_text(admin_client, agent) -> None:
    agent.first_name = "<b>Ana"
    agent.save()

    assert "<b>Ana" not in text(admin_client.get(TEAM)) + text(admin_client.get(of(agent)))


# --- Roles --------------------------------------------------------------------------------------


def test_an_admin_makes_an_agent_an_admin_and_back(admin_client, agent) -> None:
    admin_client.post(of(agent, "role/"), {"role": "admin"})
    assert logged_in(agent).get(TEAM).status_code == 200

    admin_client.post(of(agent, "role/"), {"role": "agent"})
    assert logged_in(agent).get(TEAM).status_code == 403
    assert done() == [("made_admin", "clara", "ana"), ("made_agent", "clara", "ana")]


def test_the_same_role_once_more_is_no_change(admin_client, agent) -> None:
    admin_client.post(of(agent, "role/"), {"role": "agent"})

    assert done() == []


def test_it_takes_no_role_that_does_not_exist(admin_client, agent) -> None:
    response = admin_client.post(of(agent, "role/"), {"role": "owner"})

    assert response.status_code == 422
    agent.refresh_from_db()
    assert agent.role == Role.AGENT


@pytest.mark.parametrize("what", ["role/", "deactivate/"])
def test_the_last_admin_stays(admin_client, admin, agent, what: str) -> None:
    User.objects.create_user("closed", role="admin", is_active=False)

    response = admin_client.post(of(admin, what), {"role": "agent", "sure": "on"})

    assert response.status_code == 409
    assert "This is the last admin." in text(response)
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == (Role.ADMIN, True)


@pytest.mark.parametrize("what", ["role/", "deactivate/"])
def test_nobody_gives_up_their_own_rights_unasked(
    admin_client, admin, second_admin, what: str
) -> None:
    asked = admin_client.post(of(admin, what), {"role": "agent"})
    admin.refresh_from_db()
    assert asked.status_code == 422
    assert "confirm that you know" in text(asked)
    assert (admin.role, admin.is_active) == (Role.ADMIN, True)

    admin_client.post(of(admin, what), {"role": "agent", "sure": "on"})
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) != (Role.ADMIN, True)


@pytest.mark.parametrize("verb", ["demote", "deactivate"])
@pytest.mark.django_db(transaction=True)
def test_of_admins_who_remove_each_other_at_once_one_stays(verb: str) -> None:
    admins = [User.objects.create_user(f"admin-{n}", role="admin") for n in range(6)]

    def remove_the_next(place: int) -> None:
        me, other = admins[place], admins[(place + 1) % len(admins)]
        try:
            if verb == "demote":
                services.change_role(admin=me, person_id=other.pk, role=Role.AGENT)
            else:
                services.deactivate(admin=me, person_id=other.pk)
        except PermissionDenied:
            pass  # somebody else was quicker

    at_once(len(admins), remove_the_next)

    left = User.objects.filter(role=Role.ADMIN, is_active=True).count()
    assert left >= 1
    assert AuditEntry.objects.count() == len(admins) - left


@pytest.mark.django_db(transaction=True)
def test_of_admins_who_all_leave_at_once_one_stays() -> None:
    admins = [User.objects.create_user(f"admin-{n}", role="admin") for n in range(6)]

    def leave(place: int) -> bool:
        try:
            services.change_role(admin=admins[place], person_id=admins[place].pk, role=Role.AGENT)
        except LastAdmin:
            return False
        return True

    assert sorted(at_once(len(admins), leave)) == [False, *[True] * 5]
    assert User.objects.filter(role=Role.ADMIN).count() == 1


def test_who_is_no_admin_any_more_does_nothing_with_an_old_page(admin, second_admin, agent) -> None:
    services.change_role(admin=admin, person_id=second_admin.pk, role=Role.AGENT)

    for work in (
        lambda: services.deactivate(admin=second_admin, person_id=agent.pk),
        lambda: services.invite(admin=second_admin, role="admin", name="", email=""),
        lambda: services.make_password_link(admin=second_admin, person_id=agent.pk),
    ):
        with pytest.raises(PermissionDenied):
            work()


def test_who_loses_the_role_keeps_no_way_in(admin, second_admin, agent) -> None:
    services.invite(admin=second_admin, role="admin", name="", email="")
    services.make_password_link(admin=second_admin, person_id=agent.pk)

    services.change_role(admin=admin, person_id=second_admin.pk, role=Role.AGENT)

    assert not Invitation.objects.get().is_open
    assert not PasswordLink.objects.get().is_open


# --- Closed accounts ----------------------------------------------------------------------------


def test_closing_an_account_ends_every_session_at_once_and_for_good(
    admin_client, agent, wazime
) -> None:
    tabs = [logged_in(agent), logged_in(agent)]
    assert tabs[0].get("/contacts/").status_code == 200

    admin_client.post(of(agent, "deactivate/"))
    poll = tabs[0].get("/inbox/", headers={"HX-Request": "true"})
    page = tabs[1].get("/contacts/")
    admin_client.post(of(agent, "reactivate/"))
    later = tabs[1].get("/contacts/")

    assert poll.status_code == 401
    assert poll["HX-Redirect"].startswith(LOGIN)
    assert page["Location"].startswith(LOGIN)
    assert later["Location"].startswith(LOGIN)
    assert done() == [("deactivated", "clara", "ana"), ("reactivated", "clara", "ana")]


def test_who_comes_back_logs_in_with_the_password_of_before(admin_client, agent) -> None:
    admin_client.post(of(agent, "deactivate/"))
    closed = Client().post(LOGIN, {"login": "ana", "password": PASSWORD})
    admin_client.post(of(agent, "reactivate/"))
    client = Client()
    client.post(LOGIN, {"login": "ana", "password": PASSWORD})

    assert closed["Location"] == "/accounts/closed/"
    assert client.get("/accounts/password/change/").status_code == 200


def test_it_says_what_becomes_of_waiting_messages(admin_client, agent) -> None:
    page = text(admin_client.get(of(agent)))

    assert "messages of theirs that still wait, also broadcasts, go out" in page


def test_nobody_else_is_logged_out(admin_client, agent, other_agent) -> None:
    other = logged_in(other_agent)
    admin_client.post(of(agent, "deactivate/"))

    assert other.get("/accounts/password/change/").status_code == 200
    assert admin_client.get(TEAM).status_code == 200


def test_it_answers_404_for_nobody(admin_client) -> None:
    assert admin_client.get("/team/987654/").status_code == 404
    for what in ("deactivate/", "reactivate/", "password/"):
        assert admin_client.post(f"/team/987654/{what}").status_code == 404


# --- The audit ----------------------------------------------------------------------------------


def test_the_audit_pages_from_newest_to_oldest_and_loses_none(
    admin_client, admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "ENTRIES_PER_PAGE", 2)
    for number in range(5):
        AuditEntry.objects.create(by=admin, action=Action.INVITED_AGENT, about=f"guest-{number}")

    first, go_on = selectors.audit()
    AuditEntry.objects.create(by=admin, action=Action.INVITED_AGENT, about="meanwhile")
    second, then = selectors.audit(before=go_on)
    third, end = selectors.audit(before=then)

    assert [it.about[-1] for it in [*first, *second, *third]] == ["4", "3", "2", "1", "0"]
    assert end is None
    assert f"?before={then}" in text(admin_client.get(AUDIT, {"before": go_on}))


@pytest.mark.parametrize("before", ["", "x", "-1", "٣", "9" * 40])
def test_the_audit_has_a_page_for_any_address(admin_client, before: str) -> None:
    assert admin_client.get(AUDIT, {"before": before}).status_code == 200


def test_the_audit_shows_who_did_what_to_whom(admin_client, agent) -> None:
    admin_client.post(of(agent, "role/"), {"role": "admin"})
    page = text(admin_client.get(AUDIT))

    assert "Made an admin" in page
    assert "Ana Souza" in page
    assert "Clara Reis" in page


def test_the_audit_keeps_what_happens_to_opt_outs(admin_client, admin) -> None:
    admin_client.post("/contacts/opt-outs/new/", {"numbers": "11 91234-5678"})
    admin_client.post("/contacts/opt-outs/new/", {"numbers": "11 91234-5678"})  # is there already
    person = {"mobile_code": "55", "mobile": "11912345678"}
    admin_client.post("/contacts/opt-outs/person/", person)

    assert [(it.action, it.about) for it in AuditEntry.objects.order_by("pk")] == [
        ("opt_outs_added", "+55 11 91234-5678"),
        ("opt_out_removed", "+55 11 91234-5678"),
    ]


def test_the_audit_keeps_who_had_sending_tried_again(admin_client, wazime) -> None:
    admin_client.post("/inbox/gate/try/")

    assert done() == [("gate_tried", "clara", None)]


def test_the_audit_shows_markup_as_text(admin_client, admin) -> None:
    AuditEntry.objects.create(by=admin, action=Action.BROADCAST_STARTED, about="<b>Sale")

    assert "&lt;b&gt;Sale" in text(admin_client.get(AUDIT))


def test_last_login_is_when_somebody_logged_in(admin_client, agent) -> None:
    before = timezone.now()
    Client().post(LOGIN, {"login": "ana", "password": PASSWORD})
    agent.refresh_from_db()

    assert agent.last_login >= before
    assert "Never" not in text(admin_client.get(of(agent)))
