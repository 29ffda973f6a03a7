"""The accounts that a start makes."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django.fixtures import Settings

from tests.conftest import PASSWORD
from wazime_admin.team import accounts
from wazime_admin.team.models import User

FIRST_ADMIN = {"username": "carla", "password": PASSWORD, "email": "carla@example.com"}


@pytest.fixture
def live(settings: Settings, db: None) -> Settings:
    settings.DEMO, settings.DEMO_ACCOUNTS = False, []
    settings.FIRST_ADMIN = FIRST_ADMIN
    return settings


@pytest.mark.django_db
def test_it_makes_the_demo_accounts_that_the_login_page_shows(settings: Settings) -> None:
    accounts.seed_demo_accounts()
    assert settings.DEMO_ACCOUNTS
    for username, password, role in settings.DEMO_ACCOUNTS:
        user = User.objects.get(username=username)
        assert user.check_password(password)
        assert user.role == role


@pytest.mark.django_db
def test_it_restores_a_demo_password_and_logs_nobody_out() -> None:
    accounts.seed_demo_accounts()
    before = User.objects.get(username="admin").password
    user = User.objects.get(username="agent")
    user.set_password("changed by a visitor")
    user.save()
    accounts.seed_demo_accounts()
    assert User.objects.get(username="agent").check_password("wazime-demo")
    assert User.objects.get(username="admin").password == before


def test_it_makes_the_first_admin(live: Settings) -> None:
    accounts.create_first_admin()
    (admin,) = User.objects.all()
    assert (admin.username, admin.email) == ("carla", "carla@example.com")
    assert admin.is_admin
    assert admin.check_password(PASSWORD)


def test_it_makes_no_second_admin(live: Settings, admin: User) -> None:
    accounts.create_first_admin()
    assert list(User.objects.all()) == [admin]


def test_it_does_not_make_an_agent_the_first_admin(live: Settings, agent: User) -> None:
    live.FIRST_ADMIN = {**FIRST_ADMIN, "username": agent.username}
    with pytest.raises(ImproperlyConfigured, match="ana is an account that is not an admin"):
        accounts.create_first_admin()


def test_it_knows_a_demo_account_by_its_public_password(live: Settings) -> None:
    User.objects.create_user("admin", password=PASSWORD)  # somebody's own account
    User.objects.create_user("agent", password="wazime-demo")
    User.objects.create_user("carla", password="wazime-demo")
    assert accounts.demo_accounts_in_use() == ["agent"]


def test_a_live_installation_does_not_migrate_with_a_demo_account(live: Settings) -> None:
    User.objects.create_user("agent", password="wazime-demo")
    with pytest.raises(SystemCheckError, match="demo's account agent"):
        call_command("migrate", skip_checks=False, verbosity=0)


@pytest.mark.django_db
def test_the_demo_may_migrate_with_them() -> None:
    accounts.seed_demo_accounts()
    call_command("migrate", skip_checks=False, verbosity=0)
