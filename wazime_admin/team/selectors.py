"""Reads of the team, its invitations, and what was done."""

from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from wazime_admin.team.models import AuditEntry, Invitation, OneTimeLink, User

PEOPLE_PER_PAGE = 50
ENTRIES_PER_PAGE = 50

Link = TypeVar("Link", bound=OneTimeLink)


def people(*, search: str = "", page: int = 1) -> Page[User]:
    """One page of everybody, closed accounts last; the last one for a page past the end.

    search: words that are all found in the names, the user name or the e-mail.
    """
    found = User.objects.order_by("-is_active", Lower("first_name"), Lower("username"), "pk")
    for word in search.replace("\0", "").split():
        names = ("username", "first_name", "last_name", "email")
        found = found.filter(Q.create([(f"{name}__icontains", word) for name in names], Q.OR))
    return Paginator(found, PEOPLE_PER_PAGE).get_page(page)


def invitations() -> QuerySet[Invitation]:
    """Those that nobody has used or revoked, newest first; also those whose time is up."""
    waiting = Invitation.objects.filter(used_at=None, revoked_at=None)
    return waiting.select_related("made_by").order_by("-pk")


def link(model: type[Link], digest: str) -> Link | None:
    return model._default_manager.filter(digest=digest).first()


def audit(*, before: int | None = None) -> tuple[list[AuditEntry], int | None]:
    """Entries, newest first, from below the id `before`; and from where the next ones go on."""
    entries = AuditEntry.objects.select_related("by", "whom").order_by("-pk")
    if before is not None:
        entries = entries.filter(pk__lt=before)
    found = list(entries[: ENTRIES_PER_PAGE + 1])
    shown = found[:ENTRIES_PER_PAGE]
    return shown, shown[-1].pk if len(found) > len(shown) else None
