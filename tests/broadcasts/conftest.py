"""Broadcasts whose audience is built, without a file or a worker."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from inbox.broadcasts import selectors
from inbox.broadcasts.models import Audience, Broadcast, BroadcastState, Source
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


@pytest.fixture
def running(make_broadcast: MakeBroadcast) -> Callable[..., Broadcast]:
    """`running(sent=2, held=1)`: one that began a minute ago, with recipients in these states,
    in this order."""

    def make(**given: Any) -> Broadcast:
        counts = {state: given.pop(state) for state in list(given) if state in State.values}
        now = timezone.now()
        begun = {"started_at": now - timedelta(minutes=1), "running_since": now}
        made = make_broadcast(
            sum(counts.values()), **({"state": BroadcastState.SENDING} | begun | given)
        )
        rows = Message.objects.filter(broadcast=made).order_by("id")
        ids = list(rows.values_list("id", flat=True))
        for state, count in counts.items():
            chosen = Message.objects.filter(pk__in=[ids.pop(0) for _ in range(count)])
            ended = now if State(state) in (*selectors.TRIED, State.CANCELLED) else None
            tried = State(state) in (*selectors.TRIED, State.SENDING)
            chosen.update(state=state, finished_at=ended, attempt_number=int(tried))
        return made

    return make
