from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from wazime_admin.team.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are made by admins: nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Look for a mail address once: allauth takes it for a user name too, as which it tries it
        as an address again, and the time of a second hash would tell that the address is known."""
        if "username" in credentials:
            credentials.pop("email", None)
        user: User | None = super().authenticate(request, **credentials)
        return user
