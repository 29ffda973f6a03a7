"""How broadcasts go out: real HTTP to the sandbox, a real Redis, the ledger."""


import pytest

from inbox.broadcasts import pump, services
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.models import Message
from tests.broadcasts.conftest import MakeBroadcast
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pace")]
SENDING = {"state": BroadcastState.SENDING}


@pytest.fixture
def pace(wazime: Sandbox, redis_server: RedisServer, settings, monkeypatch) -> None:
    settings.WAZIME_SEND_RATE = 500.0
    monkeypatch.setattr(pump, "REST", 0.1)


def states(broadcast: Broadcast) -> dict[str, int]:
    rows = Message.objects.filter(broadcast=broadcast).values_list("state", flat=True)
    return {state: list(rows).count(state) for state in set(rows)}


def state_of(broadcast: Broadcast) -> str:
    broadcast.refresh_from_db()
    return broadcast.state


def numbers(wazime: Sandbox) -> list[str]:
    return [message["number"] for message in wazime.accepted()]


def test_it_sends_to_each_recipient_once_and_ends(make_broadcast: MakeBroadcast, wazime) -> None:
    broadcast = make_broadcast(30, rate=500.0)
    services.start(broadcast=broadcast, confirm=30)
    pump.run()
    sent = numbers(wazime)
    assert len(sent) == len(set(sent)) == 30
    assert states(broadcast) == {"sent": 30}
    assert state_of(broadcast) == BroadcastState.FINISHED
    pump.run()
    assert len(numbers(wazime)) == 30
