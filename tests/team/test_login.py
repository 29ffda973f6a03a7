"""Coming in, going out, and a new password."""

import time

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from tests.conftest import PASSWORD
from tests.redis_server import RedisServer
from wazime_admin.team.models import User

LOGIN = "/accounts/login/"
LOGOUT = "/accounts/logout/"
CHANGE = "/accounts/password/change/"


@pytest.fixture
def counted(settings: Settings) -> None:
    """A cache that works, so that failed logins are counted."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("name", ["ana", "ana@example.com", " ana "])
def test_it_logs_in_by_user_name_or_by_mail(client: Client, agent: User, name: str) -> None:
    response = client.post(LOGIN, {"login": name, "password": PASSWORD})

    assert response.status_code == 302
    assert response["Location"] == "/"
    assert is_logged_in(client)


@pytest.mark.parametrize(("login", "password"), [("ana", "wrong"), ("nobody", PASSWORD)])
def test_it_does_not_tell_what_was_wrong_and_keeps_the_name(
    client: Client, agent: User, login: str, password: str
) -> None:
    page = client.post(LOGIN, {"login": login, "password": password}).content.decode()
    reference = client.post(LOGIN, {"login": "ana", "password": "other"}).content.decode()

    assert 'role="alert"' in page
    assert f'value="{login}"' in page
    assert password not in page
    error = page.partition('role="alert"')[2].partition("</div>")[0]
    assert error == reference.partition('role="alert"')[2].partition("</div>")[0]
    assert not is_logged_in(client)


@pytest.mark.parametrize("login", ["ana", "ana@example.com", "nobody", "nobody@example.com"])
def test_it_takes_as_long_for_a_known_name_as_for_an_unknown(
    client: Client, agent: User, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted_encode(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted_encode)

    client.post(LOGIN, {"login": login, "password": "wrong"})

    assert hashed == ["wrong"]


def test_it_shows_the_typed_name_as_text(client: Client, db: None) -> None:
    page = client.post(LOGIN, {"login": '"><script>', "password": "x"}).content.decode()

    assert 'value="&quot;&gt;&lt;script&gt;"' in page


def test_it_goes_where_one_wanted_to_go(client: Client, agent: User) -> None:
    login = client.get(CHANGE)["Location"]
    form = client.get(login).content.decode()
    response = client.post(LOGIN, {"login": "ana", "password": PASSWORD, "next": f"{CHANGE}?tab=2"})

    assert login == f"{LOGIN}?next={CHANGE}"
    assert f'name="next" value="{CHANGE}"' in form
    assert response["Location"] == f"{CHANGE}?tab=2"


def test_it_keeps_where_one_wanted_to_go_after_a_wrong_password(
    client: Client, agent: User
) -> None:
    page = client.post(LOGIN, {"login": "ana", "password": "wrong", "next": "/contacts/?page=2"})

    assert 'name="next" value="/contacts/?page=2"' in page.content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:x()"])
def test_it_does_not_send_anybody_to_another_site(client: Client, agent: User, target: str) -> None:
    response = client.post(LOGIN, {"login": "ana", "password": PASSWORD, "next": target})

    assert response["Location"] == "/"


def test_it_refuses_a_closed_account_and_says_so_only_to_its_owner(
    client: Client, agent: User
) -> None:
    agent.is_active = False
    agent.save()

    wrong = client.post(LOGIN, {"login": "ana", "password": "wrong"})
    right = client.post(LOGIN, {"login": "ana", "password": PASSWORD}, follow=True)

    assert 'role="alert"' in wrong.content.decode()
    assert right.redirect_chain == [("/accounts/closed/", 302)]
    assert right.status_code == 200
    assert not is_logged_in(client)


def test_it_offers_neither_signing_up_nor_resetting_a_password(client: Client, db: None) -> None:
    page = client.get(LOGIN).content.decode()

    assert "signup" not in page
    assert "reset" not in page
    assert client.get("/accounts/signup/").status_code == 404


def test_it_says_when_there_were_too_many_wrong_passwords(
    client: Client, agent: User, counted: None
) -> None:
    for _ in range(5):
        client.post(LOGIN, {"login": "ana", "password": "wrong"})

    response = client.post(LOGIN, {"login": "ana", "password": PASSWORD}, headers=ENGLISH)

    assert "Too many failed login attempts" in response.content.decode()
    assert 'value="ana"' in response.content.decode()
    assert not is_logged_in(client)


def test_it_answers_429_to_a_flood_of_logins(client: Client, agent: User, counted: None) -> None:
    for _ in range(30):
        client.post(LOGIN, {"login": "", "password": ""})

    response = client.post(LOGIN, {"login": "ana", "password": PASSWORD}, headers=ENGLISH)

    assert response.status_code == 429
    assert response["Retry-After"] == "60"
    assert "Wait a minute" in response.content.decode()


def test_it_logs_in_while_redis_is_down(client: Client, agent: User, settings: Settings) -> None:
    cache_at = settings.CACHES["default"]
    settings.CACHES = {"default": {**cache_at, "LOCATION": "unix:///nobody/listens.sock?db=0"}}
    started = time.monotonic()

    client.post(LOGIN, {"login": "ana", "password": PASSWORD})

    assert is_logged_in(client)
    assert time.monotonic() - started < 5


def test_it_waits_only_once_for_a_frozen_redis(
    client: Client, agent: User, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with RedisServer(tmp_path_factory.mktemp("redis")) as redis:
        once = 4  # seconds
        cache_at = settings.CACHES["default"]
        options = {**cache_at["OPTIONS"], "SOCKET_TIMEOUT": once}
        settings.CACHES = {"default": {**cache_at, "LOCATION": redis.url, "OPTIONS": options}}
        redis.freeze()
        started = time.monotonic()
        client.post(LOGIN, {"login": "ana", "password": PASSWORD})

        assert is_logged_in(client)
        assert once <= time.monotonic() - started < 2 * once


def test_it_asks_redis_again_after_a_while(
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wazime_admin.cache.REST", 0.2)
    with RedisServer(tmp_path_factory.mktemp("redis")) as redis:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": redis.url}}
        redis.freeze()
        cache.set("key", "unheard")
        redis.thaw()
        time.sleep(0.3)
        cache.set("key", "heard")

        assert cache.get("key") == "heard"


def test_it_shows_the_demo_accounts_only_in_the_demo(
    client: Client, db: None, settings: Settings
) -> None:
    demo = client.get(LOGIN).content.decode()
    settings.DEMO, settings.DEMO_ACCOUNTS = False, []
    live = client.get(LOGIN).content.decode()

    assert 'data-fill-login="agent"' in demo
    assert "data-fill" not in live


def test_it_logs_out_by_post_alone(agent_client: Client) -> None:
    asked = agent_client.get(LOGOUT)
    still = is_logged_in(agent_client)
    response = agent_client.post(LOGOUT)

    assert asked.status_code == 200
    assert still
    assert response["Location"] == "/"
    assert not is_logged_in(agent_client)


def test_it_logs_out_twice_without_a_detour(client: Client, db: None) -> None:
    assert client.post(LOGOUT)["Location"] == "/"


def test_it_changes_the_password_and_stays_logged_in(agent_client: Client, agent: User) -> None:
    new = "another-long-password-9"
    agent_client.post(CHANGE, {"oldpassword": PASSWORD, "password1": new, "password2": new})

    agent.refresh_from_db()
    assert agent.check_password(new)
    assert agent_client.get(CHANGE).status_code == 200


def test_it_says_beside_the_field_what_is_wrong_with_a_new_password(
    agent_client: Client, agent: User
) -> None:
    page = agent_client.post(
        CHANGE, {"oldpassword": "wrong", "password1": "1234", "password2": "1234"}
    ).content.decode()

    assert 'id="id_oldpassword_error"' in page
    assert 'aria-describedby="id_password1_helptext id_password1_error"' in page
    agent.refresh_from_db()
    assert agent.check_password(PASSWORD)


def test_it_sends_an_htmx_request_without_a_session_to_the_login_and_back(client: Client) -> None:
    response = client.get(
        CHANGE,
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/inbox/7/?status=2"},
    )

    assert response.status_code == 401
    assert response["HX-Redirect"] == f"{LOGIN}?next=%2Finbox%2F7%2F%3Fstatus%3D2&ended=1"


@pytest.mark.parametrize("shown", ["https://evil.example/x", "//evil.example/x", "http://[", ""])
def test_it_sends_no_htmx_request_to_another_site(client: Client, shown: str) -> None:
    response = client.get(CHANGE, headers={"HX-Request": "true", "HX-Current-URL": shown})

    assert response["HX-Redirect"] == f"{LOGIN}?next=%2F&ended=1"


ENGLISH = {"Accept-Language": "en"}
