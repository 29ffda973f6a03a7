"""What live fragments and pages of broadcasts cost, however much there is."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from inbox.broadcasts.models import Broadcast
from inbox.models import Attempt, Message, Outcome
from tests.polls import cost_of_nothing_new, cost_of_page
from tests.redis_server import RedisServer
from wazime_admin import cache as shared_cache

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted_once(settings, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is kept for longer than a slow machine takes."""
    monkeypatch.setattr(shared_cache, "FRESH", 60)
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": redis_server.url},
    }


@pytest.mark.parametrize("count", [1, 8])
def test_the_list(admin_client: Client, running, count: int) -> None:
    for place in range(count):
        running(sent=2, held=1, name=f"Novidades {place}")
    nothing = {"X-Version": admin_client.get("/broadcasts/").context["version"]}

    # session, user; how many, which; the counts are kept for a moment
    assert cost_of_nothing_new(admin_client, "/broadcasts/", **nothing) == 4
    cache.clear()
    # The same; the counts, in all and but for the sent ones; signals
    assert cost_of_page(admin_client, "/broadcasts/") == 7


@pytest.mark.parametrize("count", [1, 30])
def test_a_running_one(admin_client: Client, running, count: int) -> None:
    address = f"/broadcasts/{failing(running(sent=count, rejected=count, held=count)).pk}/"
    seen = admin_client.get(address).context
    nothing = {
        "HX-Target": "progress",
        "X-Version": seen["version"],
        "X-Controls": seen["controls_version"],
    }

    # session, user; the broadcast; how far it is is kept for a moment
    assert cost_of_nothing_new(admin_client, address, **nothing) == 3
    cache.clear()
    # The same; two for counts, five for failures, zones, speed, three for when the last one ended;
    # signals
    assert cost_of_page(admin_client, address) == 16


@pytest.mark.parametrize("count", [1, 30])
def test_a_draft(admin_client: Client, make_broadcast, count: int) -> None:
    address = f"/broadcasts/{make_broadcast(count).pk}/"
    nothing = {"X-Version": admin_client.get(address).context["outlook"].version}

    assert cost_of_nothing_new(admin_client, address, **nothing) == 7


@pytest.mark.parametrize("count", [1, 30])
def test_the_results(admin_client: Client, running, count: int) -> None:
    address = f"/broadcasts/{failing(running(rejected=count)).pk}/results/"

    cache.clear()
    assert cost_of_page(admin_client, address) == 9


def failing(broadcast: Broadcast) -> Broadcast:
    """Each of its rejected recipients has an attempt that says why."""
    Attempt.objects.bulk_create(
        Attempt(
            message=message,
            number=1,
            outcome=Outcome.REJECTED,
            cause="contact",
            ended_at=timezone.now(),
        )
        for message in Message.objects.filter(broadcast=broadcast, state="rejected")
    )
    return broadcast
