"""The record of what people with responsibility did."""

from wazime_admin.team.models import Action, AuditEntry, User


def record(*, by: User, action: Action, whom: User | None = None, about: object = "") -> None:
    AuditEntry.objects.create(by=by, action=action, whom=whom, about=str(about)[:300])
