"""Broadcasts whose audience is built, without a file or a worker."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from inbox.broadcasts.models import Audience, Broadcast, Source
from inbox.models import Kind, Message, State
from wazime_admin.team.models import User

MakeBroadcast = Callable[..., Broadcast]
TEMPLATE = {"name": "boas_vindas", "header": "", "body": "Olá {{1}}", "footer": "", "buttons": []}


@pytest.fixture
def make_broadcast(admin: User) -> MakeBroadcast:
    """`make_broadcast(3)`: to three Brazilian mobiles; other fields of Broadcast by name.

    recipients: fields that every recipient's row gets, such as a state.
    """

    def make(count: int = 3, recipients: dict[str, Any] | None = None, **choices: Any) -> Broadcast:
        audience = Audience.objects.create(source=Source.PASTED, author=admin)
        given = {
            "name": "Novidades",
            "template_id": 1,
            "template": TEMPLATE,
            "rate": 20.0,
            "quiet_hours": False,
            "create_contacts": False,
            "built_at": timezone.now(),
        }
        made = Broadcast.objects.create(author=admin, audience=audience, **(given | choices))
        rows = [
            Message(
                send_id=uuid4(),
                author=admin,
                broadcast=made,
                mobile_code="55",
                mobile=f"119{80_000_000 + place}",
                number=f"55119{80_000_000 + place}",
                kind=Kind.TEMPLATE,
                fields={"template_id": str(made.template_id)},
                label=TEMPLATE["name"],
                time_zone="America/Sao_Paulo",
                **({"state": State.HELD} | (recipients or {})),
            )
            for place in range(count)
        ]
        Message.objects.bulk_create(rows)
        return made

    return make
