"""A ledger with known rows."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from inbox.broadcasts.models import Audience, Broadcast, BroadcastState, Source
from inbox.models import Kind, Message, State
from tests.redis_server import RedisServer
from wazime_admin import cache
from wazime_admin.team.models import User

Put = Callable[..., Message]
SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def days_ago(days: int) -> date:
    return timezone.localdate(timezone=SAO_PAULO) - timedelta(days=days)


@pytest.fixture
def put(agent: User) -> Put:
    """`put(3, "23:30")`: a text of Ana's three days ago, by the clock in São Paulo."""

    def write(days: int = 3, clock: str = "12:00", **given: Any) -> Message:
        moment = datetime.combine(days_ago(days), time.fromisoformat(clock), SAO_PAULO)
        fields = {"author": agent, "kind": Kind.TEXT, "state": State.SENT, "created_at": moment}
        return Message.objects.create(
            send_id=uuid4(), mobile_code="55", mobile="1", number=uuid4().hex, **(fields | given)
        )

    return write


@pytest.fixture
def broadcast(admin: User) -> Broadcast:
    """One that began yesterday."""
    return Broadcast.objects.create(
        name="Novidades",
        author=admin,
        audience=Audience.objects.create(source=Source.PASTED, author=admin),
        template_id=1,
        rate=20.0,
        state=BroadcastState.FINISHED,
        started_at=timezone.now() - timedelta(days=1),
    )


@pytest.fixture
def kept(settings: Any, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted is kept, for longer than a slow machine takes."""
    monkeypatch.setattr(cache, "FRESH", 60)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": redis_server.url}}
