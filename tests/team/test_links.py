"""Links that let somebody in once: to an account of their own, or to a new password."""

import logging
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.at_once import at_once
from tests.conftest import PASSWORD, logged_in
from wazime_admin.team import services
from wazime_admin.team.models import AuditEntry, Invitation, PasswordLink, Role, User
from wazime_admin.team.services import LinkGone, NameTaken

INVITE, JOIN, NEW_PASSWORD = "/team/invite/", "/join/", "/new-password/"
INBOX = "/inbox/"
STRONG = "corn-bridge-lantern-41"


@pytest.fixture(autouse=True)
def _in_english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


def text(response) -> str:
    return response.content.decode()


def link_on(response) -> str:
    """The address, without the host, that a page gives to copy."""
    assert response.status_code == 200
    address = text(response).partition('class="copy__value">')[2].partition("<")[0]
    parts = urlsplit(address)
    assert parts.netloc == "testserver"
    return f"{parts.path}?{parts.query}"


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


@pytest.fixture
def link(admin_client: Client) -> str:
    form = {"name": "Marina Alves", "email": "marina@example.com", "role": "agent"}
    return link_on(admin_client.post(INVITE, form))


@pytest.fixture
def password_link(admin_client: Client, agent: User) -> str:
    return link_on(admin_client.post(f"/team/{agent.pk}/password/"))


@pytest.fixture
def guest(link: str) -> Client:
    """The browser of whoever got the link, and opened it."""
    return following(link)


def following(link: str) -> Client:
    client = Client()
    client.get(link)
    return client


def about_me(**other: str) -> dict[str, str]:
    me = {
        "first_name": "Marina",
        "last_name": "Alves",
        "username": "marina",
        "email": "marina@example.com",
        "password1": STRONG,
        "password2": STRONG,
    }
    return me | other


# --- Invitations --------------------------------------------------------------------------------


def test_whoever_opens_an_invitation_chooses_and_lands_in_the_inbox(guest, wazime) -> None:
    form = text(guest.get(JOIN))
    response = guest.post(JOIN, about_me(first_name="Mari"))

    assert 'value="Marina"' in form
    assert 'value="marina@example.com"' in form
    assert response["Location"] == INBOX
    assert guest.get(INBOX).status_code == 200
    person = User.objects.get(username="marina")
    assert (person.first_name, person.role, person.is_active) == ("Mari", Role.AGENT, True)
    assert person.check_password(STRONG)
    assert person.last_login


def test_an_invitation_can_make_an_admin(admin_client) -> None:
    guest = following(link_on(admin_client.post(INVITE, {"role": "admin"})))
    guest.post(JOIN, about_me())

    assert User.objects.get(username="marina").is_admin
    assert guest.get("/team/").status_code == 200


def test_nobody_chooses_their_own_role(guest) -> None:
    guest.post(JOIN, about_me(role="admin", is_superuser="on", is_staff="on"))

    person = User.objects.get(username="marina")
    assert (person.role, person.is_superuser, person.is_staff) == (Role.AGENT, False, False)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"username": "clara"}, "id_username_error"),
        ({"username": "CLARA"}, "id_username_error"),
        ({"username": "two words"}, "id_username_error"),
        ({"username": ""}, "id_username_error"),
        ({"email": "CLARA@example.com"}, "id_email_error"),
        ({"email": "nothing"}, "id_email_error"),
        ({"password1": "1234", "password2": "1234"}, "id_password1_error"),
        ({"password1": "marina-m", "password2": "marina-m"}, "id_password1_error"),
        ({"password2": "another"}, "id_password2_error"),
        ({"first_name": "x" * 151}, "id_first_name_error"),
    ],
)
def test_it_says_beside_the_field_what_is_wrong_and_keeps_what_was_typed(
    guest, wrong: dict[str, str], said: str
) -> None:
    response = guest.post(JOIN, about_me(**{"last_name": "Kept", **wrong}))
    page = text(response)

    assert response.status_code == 422
    assert f'id="{said}"' in page
    assert 'value="Kept"' in page
    assert STRONG not in page
    assert not User.objects.filter(last_name="Kept").exists()
    assert guest.post(JOIN, about_me())["Location"] == INBOX  # the link was not used up


def test_an_invitation_needs_a_role_and_an_address_that_is_one(admin_client) -> None:
    response = admin_client.post(INVITE, {"name": "Kept", "email": "nothing", "role": "owner"})

    assert response.status_code == 422
    assert 'id="id_email_error"' in text(response)
    assert 'value="Kept"' in text(response)
    assert not Invitation.objects.exists()


def test_the_link_is_shown_once_and_kept_nowhere(admin_client, link, guest) -> None:
    guest.post(JOIN, about_me())
    kept = [*Invitation.objects.values_list(), *AuditEntry.objects.values_list()]
    kept += [session.get_decoded() for session in Session.objects.all()]

    assert token_of(link) not in str(kept)
    assert token_of(link) not in text(admin_client.get("/team/")) + text(
        admin_client.get("/audit/")
    )


def test_the_page_with_the_link_is_stored_by_no_browser(admin_client) -> None:
    assert "no-store" in admin_client.post(INVITE, {"role": "agent"})["Cache-Control"]


def test_tokens_are_long_and_never_the_same(admin) -> None:
    tokens = {
        services.invite(admin=admin, role="agent", name="", email="")[1] for _number in range(20)
    }

    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 64  # 256 bits


def test_the_address_loses_the_token_and_logs_never_have_it(
    link, caplog: pytest.LogCaptureFixture, wazime
) -> None:
    client = Client(enforce_csrf_checks=True)
    with caplog.at_level(logging.DEBUG):
        followed = client.get(link)
        client.get(JOIN)
        client.post(JOIN, about_me())  # refused: without the form's own token
        client.post(link, about_me())

    assert followed["Location"] == JOIN
    assert followed["Referrer-Policy"] == "same-origin"
    assert token_of(link) not in caplog.text
    assert STRONG not in caplog.text


def test_looking_at_a_link_does_not_use_it_up(link) -> None:
    for _preview in range(3):
        assert "Welcome" in text(following(link).get(JOIN))


def test_a_used_link_says_so(link, guest) -> None:
    guest.post(JOIN, about_me())
    late = following(link)

    assert "This link was used already" in text(late.get(JOIN))
    assert late.post(JOIN, about_me(username="second")).status_code == 410
    assert not User.objects.filter(username="second").exists()


def test_an_expired_link_says_so_also_to_an_open_form(guest) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    response = guest.post(JOIN, about_me())

    assert response.status_code == 410
    assert "This link has expired" in text(response)
    assert not User.objects.filter(username="marina").exists()


def test_a_link_works_for_a_week(link) -> None:
    left = Invitation.objects.get().expires_at - timezone.now()

    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


def test_a_revoked_link_says_so_and_leaves_the_list(admin_client, guest) -> None:
    invitation = Invitation.objects.get()
    before = text(admin_client.get("/team/"))
    admin_client.post(f"/team/invitations/{invitation.pk}/revoke/")
    response = guest.post(JOIN, about_me())

    assert "Marina Alves" in before
    assert response.status_code == 410
    assert "This link was revoked" in text(response)
    assert "Marina Alves" not in text(admin_client.get("/team/"))
    assert not User.objects.filter(username="marina").exists()


def test_a_new_link_replaces_the_one_before(admin_client, link, guest) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert "Expired" in text(admin_client.get("/team/"))

    renewed = link_on(admin_client.post(f"/team/invitations/{Invitation.objects.get().pk}/renew/"))
    old = guest.post(JOIN, about_me())

    assert old.status_code == 404
    assert "a newer one took its place" in text(old)
    assert following(renewed).post(JOIN, about_me())["Location"] == INBOX


def test_what_was_used_is_neither_revoked_nor_renewed(admin_client, guest) -> None:
    guest.post(JOIN, about_me())
    invitation = Invitation.objects.get()
    for what in ("revoke", "renew"):
        page = admin_client.post(f"/team/invitations/{invitation.pk}/{what}/", follow=True)
        assert "used or revoked meanwhile" in text(page)

    invitation.refresh_from_db()
    assert invitation.revoked_at is None
    assert invitation.digest == Invitation.objects.get().digest


@pytest.mark.parametrize("token", ["", "x", "é\0", "a" * 5000])
def test_a_guess_finds_nothing_and_gets_no_session(db, token: str) -> None:
    client = Client()
    client.get(JOIN, {"token": token})
    response = client.get(JOIN)

    assert response.status_code == 404
    assert "This link does not work" in text(response)
    assert not Session.objects.exists()


def test_a_link_for_one_thing_does_no_other(password_link) -> None:
    client = following(f"{JOIN}?token={token_of(password_link)}")

    assert client.get(JOIN).status_code == 404


def test_somebody_logged_in_reads_why_there_is_no_form(link, agent_client) -> None:
    page = text(agent_client.get(link, follow=True))
    agent_client.post(JOIN, about_me())

    assert "You are logged in as <bdi>Ana Souza</bdi>" in page
    assert "Opening it has not used it up" in page
    assert not User.objects.filter(username="marina").exists()
    assert Invitation.objects.get().is_open


def test_a_flood_of_forms_is_answered_429(guest, settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    for _try in range(30):
        guest.post(JOIN, {})

    assert guest.post(JOIN, about_me()).status_code == 429
    assert not User.objects.filter(username="marina").exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_an_invitation_at_once_one_gets_an_account(link) -> None:
    invitation = Invitation.objects.get()

    def use(place: int) -> bool:
        person = User(username=f"guest-{place}", password="!")
        try:
            services.join(invitation=invitation, person=person)
        except LinkGone:
            return False
        return True

    assert sorted(at_once(8, use)) == [*[False] * 7, True]
    assert User.objects.filter(username__startswith="guest-").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_a_user_name_at_once_one_gets_it_and_no_link_is_lost(admin) -> None:
    invitations = [
        services.invite(admin=admin, role="agent", name="", email="")[0] for _number in range(5)
    ]

    def use(place: int) -> bool:
        try:
            services.join(invitation=invitations[place], person=User(username="marina"))
        except NameTaken:
            return False
        return True

    assert sorted(at_once(5, use)) == [*[False] * 4, True]
    assert Invitation.objects.filter(used_at=None).count() == 4


def test_the_audit_keeps_how_somebody_came(guest, admin_client) -> None:
    guest.post(JOIN, about_me())
    entries = [(it.action, it.by.username, it.about) for it in AuditEntry.objects.order_by("pk")]

    assert entries == [
        ("invited_agent", "clara", "Marina Alves · marina@example.com"),
        ("joined", "marina", ""),
    ]
    assert "<bdi>Invited by Clara Reis</bdi>" in admin_client.get("/audit/").content.decode()


# --- New passwords ------------------------------------------------------------------------------


def choose(link: str, password: str = STRONG, again: str = "") -> tuple[Client, object]:
    client = following(link)
    form = {"new_password1": password, "new_password2": again or password}
    return client, client.post(NEW_PASSWORD, form)


def test_who_forgot_the_password_chooses_another_and_is_logged_out_elsewhere(
    password_link, agent, wazime
) -> None:
    elsewhere = logged_in(agent)
    assert elsewhere.get(INBOX).status_code == 200

    client, response = choose(password_link)

    assert response["Location"] == INBOX
    assert client.get(INBOX).status_code == 200
    assert elsewhere.get(INBOX).status_code == 302
    agent.refresh_from_db()
    assert agent.check_password(STRONG)
    assert agent.first_name == "Ana"


def test_the_old_password_works_until_then(password_link, agent) -> None:
    following(password_link).get(NEW_PASSWORD)

    assert (
        Client().post("/accounts/login/", {"login": "ana", "password": PASSWORD})["Location"] == "/"
    )


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("1234", "1234", "id_new_password1_error"),
        ("ana-souza", "ana-souza", "id_new_password1_error"),
        (STRONG, "other", "id_new_password2_error"),
    ],
)
def test_a_weak_password_is_refused_beside_its_field(
    password_link, agent, password: str, again: str, said: str
) -> None:
    _client, response = choose(password_link, password, again)

    assert response.status_code == 422
    assert f'id="{said}"' in text(response)
    agent.refresh_from_db()
    assert agent.check_password(PASSWORD)
    assert PasswordLink.objects.get().is_open


def test_a_password_link_works_once_and_only_the_newest(admin_client, agent, password_link) -> None:
    newer = link_on(admin_client.post(f"/team/{agent.pk}/password/"))

    assert choose(password_link)[1].status_code == 410
    assert choose(newer)[1]["Location"] == INBOX
    assert choose(newer, "another-lantern-7")[1].status_code == 410
    agent.refresh_from_db()
    assert agent.check_password(STRONG)


def test_a_closed_account_gets_no_new_password(admin_client, agent, password_link) -> None:
    admin_client.post(f"/team/{agent.pk}/deactivate/")

    assert choose(password_link)[1].status_code == 410
    assert admin_client.post(f"/team/{agent.pk}/password/").status_code == 403
    agent.refresh_from_db()
    assert agent.check_password(PASSWORD)


def test_nobody_gets_round_their_own_old_password(admin_client, admin) -> None:
    assert admin_client.post(f"/team/{admin.pk}/password/").status_code == 403
    assert not PasswordLink.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_passwords_chosen_at_once_one_holds(password_link, agent) -> None:
    link = PasswordLink.objects.get()
    words = [f"{STRONG}-{place}" for place in range(4)]

    def use(place: int) -> bool:
        try:
            services.choose_password(link=link, password=words[place])
        except LinkGone:
            return False
        return True

    won = at_once(len(words), use)

    assert won.count(True) == 1
    agent.refresh_from_db()
    assert agent.check_password(words[won.index(True)])
