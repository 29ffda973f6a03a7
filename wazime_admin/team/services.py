"""What can be done to the team. Whoever acts must be an admin when it is done, not when they asked.

All take the admins' rows first, in one order: two people who act at once do it one after the other.
"""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from wazime_admin.team.audit import record
from wazime_admin.team.models import Action, Invitation, OneTimeLink, PasswordLink, Role, User

LINK_DAYS = 7


class LastAdmin(Exception):
    """Nobody would be left who may look after the team."""


class LinkGone(Exception):
    """Somebody used or revoked the link, or its time was up."""


class NameTaken(Exception):
    """Somebody else took the user name meanwhile."""


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


# --- Roles and accounts -----------------------------------------------------------------------


def change_role(*, admin: User, person_id: int, role: Role) -> None:
    """Raises LastAdmin, User.DoesNotExist."""
    with transaction.atomic():
        person = _locked(admin, person_id, stays_admin=role == Role.ADMIN)
        if person.role == role:
            return
        person.role = role
        person.save(update_fields=["role"])
        if role != Role.ADMIN:
            _revoke_made_by(person)
        action = Action.MADE_ADMIN if role == Role.ADMIN else Action.MADE_AGENT
        record(by=admin, action=action, whom=person)


def deactivate(*, admin: User, person_id: int) -> None:
    """End all sessions too, for good: opening the account again does not bring them back.

    Raises LastAdmin, User.DoesNotExist.
    """
    with transaction.atomic():
        person = _locked(admin, person_id, stays_admin=False)
        if not person.is_active:
            return
        person.is_active = False
        person.sessions_ended += 1
        person.save(update_fields=["is_active", "sessions_ended"])
        _revoke_made_by(person)
        _revoke(PasswordLink, person=person)
        record(by=admin, action=Action.DEACTIVATED, whom=person)


def reactivate(*, admin: User, person_id: int) -> None:
    """Raises User.DoesNotExist."""
    with transaction.atomic():
        person = _locked(admin, person_id)
        if person.is_active:
            return
        person.is_active = True
        person.save(update_fields=["is_active"])
        record(by=admin, action=Action.REACTIVATED, whom=person)


def _locked(admin: User, person_id: int, *, stays_admin: bool = True) -> User:
    """The person, whom nobody else changes meanwhile.

    As the one who acts is an admin, only they themselves can be the last one.
    Raises PermissionDenied, LastAdmin, User.DoesNotExist.
    """
    admins = _lock_admins(admin)
    person = User.objects.select_for_update(no_key=True).get(pk=person_id)
    if not stays_admin and admins == [person]:
        raise LastAdmin
    return person


def _lock_admins(admin: User) -> list[User]:
    """All who are active. Raises PermissionDenied when `admin` is none of them any more."""
    active = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk")
    admins = list(active.select_for_update(no_key=True))
    if admin not in admins:
        raise PermissionDenied
    return admins


# --- Invitations ------------------------------------------------------------------------------


def invite(*, admin: User, role: str, name: str, email: str) -> tuple[Invitation, str]:
    """The invitation, and the token of its link, which nobody can read again."""
    token = secrets.token_hex(32)
    with transaction.atomic():
        _lock_admins(admin)
        invitation = Invitation.objects.create(
            made_by=admin, role=role, name=name, email=email, **_new_link(token)
        )
        action = Action.INVITED_ADMIN if role == Role.ADMIN else Action.INVITED_AGENT
        record(by=admin, action=action, about=_about(invitation))
    return invitation, token


def renew(*, admin: User, invitation_id: int) -> tuple[Invitation, str]:
    """A new link in place of the one before, which works no more. Raises LinkGone."""
    token = secrets.token_hex(32)
    with transaction.atomic():
        _lock_admins(admin)
        waiting = Invitation.objects.filter(pk=invitation_id, used_at=None, revoked_at=None)
        if not waiting.update(made_by=admin, **_new_link(token)):
            raise LinkGone
        invitation = Invitation.objects.get(pk=invitation_id)
        record(by=admin, action=Action.INVITATION_RENEWED, about=_about(invitation))
    return invitation, token


def revoke(*, admin: User, invitation_id: int) -> None:
    """Raises LinkGone."""
    with transaction.atomic():
        _lock_admins(admin)
        if not _revoke(Invitation, pk=invitation_id):
            raise LinkGone
        invitation = Invitation.objects.get(pk=invitation_id)
        record(by=admin, action=Action.INVITATION_REVOKED, about=_about(invitation))


def join(*, invitation: Invitation, person: User) -> None:
    """Make the account of a person who is not saved yet. Raises LinkGone, NameTaken."""
    with transaction.atomic():
        _take(invitation)
        person.role = invitation.role
        try:
            person.save()
        except IntegrityError as error:
            raise NameTaken from error
        record(by=person, action=Action.JOINED, whom=invitation.made_by)


# --- Passwords --------------------------------------------------------------------------------


def make_password_link(*, admin: User, person_id: int) -> tuple[PasswordLink, str]:
    """In place of one made before. For others only: oneself changes it by the old password.

    Raises PermissionDenied, also when the account is closed; User.DoesNotExist.
    """
    token = secrets.token_hex(32)
    with transaction.atomic():
        person = _locked(admin, person_id)
        if person == admin or not person.is_active:
            raise PermissionDenied
        _revoke(PasswordLink, person=person)
        link = PasswordLink.objects.create(made_by=admin, person=person, **_new_link(token))
        record(by=admin, action=Action.PASSWORD_LINK, whom=person)
    return link, token


@sensitive_variables("password", "hashed")
def choose_password(*, link: PasswordLink, password: str) -> User:
    """All sessions of the person end: they know the old password's hash. Raises LinkGone."""
    hashed = make_password(password)  # takes its time, and nobody should wait for it
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=link.person_id)
        _take(link)
        person.password = hashed
        person.save(update_fields=["password"])
        record(by=person, action=Action.PASSWORD_CHOSEN)
    return person


# --- Links ------------------------------------------------------------------------------------


def _new_link(token: str) -> dict[str, object]:
    expires_at = timezone.now() + timedelta(days=LINK_DAYS)
    return {"digest": digest_of(token), "expires_at": expires_at}


def _take(link: OneTimeLink) -> None:
    """Of two who use a link at once, one gets it. The digest too: it may have been renewed."""
    model = type(link)._default_manager
    still_open = model.filter(
        pk=link.pk, digest=link.digest, used_at=None, revoked_at=None, expires_at__gt=timezone.now()
    )
    if not still_open.update(used_at=Now()):
        raise LinkGone


def _revoke(model: type[OneTimeLink], **which: object) -> int:
    waiting = model._default_manager.filter(used_at=None, revoked_at=None, **which)
    return waiting.update(revoked_at=Now())


def _revoke_made_by(person: User) -> None:
    """Who may not let people in any more must not have kept a way in."""
    _revoke(Invitation, made_by=person)
    _revoke(PasswordLink, made_by=person)


def _about(invitation: Invitation) -> str:
    return " · ".join(filter(None, [invitation.name, invitation.email]))
