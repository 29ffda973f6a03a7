"""The accounts that a start makes: two for everybody in the demo, the first admin when live."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from wazime_admin.team.models import Role, User


def seed_demo_accounts() -> None:
    """Make them what the login page says, also after somebody changed a password.

    The salt is fixed: the same password has the same hash, so nobody is logged out.
    """
    for username, password, role in settings.DEMO_ACCOUNTS:
        hashed = make_password(password, salt="the-demo-password-is-public")
        User.objects.update_or_create(
            username=username, defaults={"password": hashed, "role": role, "is_active": True}
        )


def demo_accounts_in_use() -> list[str]:
    """Names of the accounts into which everybody can log in with the demo's password."""
    passwords = {username: password for username, password, _ in settings.PUBLIC_ACCOUNTS}
    users = User.objects.filter(username__in=passwords, is_active=True).order_by("pk")
    return [user.username for user in users if user.check_password(passwords[user.username])]


def create_first_admin() -> None:
    """From DJANGO_SUPERUSER_USERNAME, _PASSWORD and _EMAIL, as long as there is no admin.

    Raises ImproperlyConfigured when the name is taken.
    """
    first = settings.FIRST_ADMIN
    if not first["username"] or has_admin():
        return
    if User.objects.filter(username=first["username"]).exists():
        raise ImproperlyConfigured(
            f"DJANGO_SUPERUSER_USERNAME {first['username']} is an account that is not an admin."
        )
    User.objects.create_superuser(**first)


def has_admin() -> bool:
    return User.objects.filter(role=Role.ADMIN, is_active=True).exists()


@register(Tags.database)
def check_demo_accounts(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """For `migrate` and `check --database`, which a live installation without `run` uses."""
    if settings.DEMO or not databases:
        return []
    if User._meta.db_table not in connection.introspection.table_names():
        return []
    return [
        Error(f"The demo's account {username} is in use with its public password.", id="team.E001")
        for username in demo_accounts_in_use()
    ]
