"""The address that Prometheus reads."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from inbox import gate
from inbox.models import Message, State
from tests.broadcasts.conftest import make_broadcast  # noqa: F401
from tests.inbox.conftest import conversation, deliver, write  # noqa: F401
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.celery import app
from wazime_admin.wazime.errors import Cause, NotNow
from wazime_admin.wazime.transport import READ, Transport

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-the-tests"


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus writes them: `name{label="x"}`."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            samples[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return samples


# --- Who may read it ----------------------------------------------------------------------------


def test_there_is_no_such_page_without_a_token(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""

    for given in ("", "Bearer ", f"Bearer {TOKEN}"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer wrong", TOKEN, "Bearer é"])
def test_who_does_not_know_the_token_reads_nothing(client: Client, given: str) -> None:
    answer = client.get("/metrics", headers={"Authorization": given})

    assert answer.status_code == 401
    assert answer.content == b""


def test_an_admin_needs_the_token_too(admin_client: Client) -> None:
    assert admin_client.get("/metrics").status_code == 401


def test_it_is_not_sent_on_to_https(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/metrics").status_code == 401


# --- What it tells ------------------------------------------------------------------------------


def test_it_tells_what_waits_and_what_needs_somebody(
    client: Client,
    write,  # noqa: F811
    redis_server: RedisServer,
) -> None:
    for text in ("One", "Two", "Three"):
        write(text)
    Message.objects.filter(text="Three").update(state=State.UNCERTAIN)

    told = scrape(client)

    assert told['wazime_messages{state="queued"}'] == 2
    assert told['wazime_messages{state="uncertain"}'] == 1
    assert told['wazime_messages{state="sending"}'] == 0
    assert told["wazime_oldest_queued_seconds"] > 0


def test_it_tells_that_the_gate_is_closed_and_why(
    client: Client, redis_server: RedisServer
) -> None:
    assert scrape(client)["wazime_gate_open"] == 1

    gate.close_restored()

    told = scrape(client)
    assert told["wazime_gate_open"] == 0
    assert told[f'wazime_gate_closed_seconds{{cause="{Cause.RESTORED}"}}'] >= 0


@pytest.mark.django_db(transaction=True)
def test_it_counts_calls_and_how_attempts_ended(
    client: Client,
    deliver,  # noqa: F811
    write,  # noqa: F811
    wazime: Sandbox,
) -> None:
    deliver(write("Fine"))
    wazime.add_fault("exception", endpoints=["inbox/send-message"], times=1)
    deliver(write("Perhaps"))

    told = scrape(client)

    assert told['wazime_attempts_total{outcome="sent"}'] == 1
    assert told['wazime_attempts_total{outcome="uncertain"}'] == 1
    calls = [
        count
        for name, count in told.items()
        if name.startswith('wazime_api_calls_total{endpoint="inbox/send-message"')
    ]
    assert sum(calls) == 2
    assert told['wazime_api_seconds_count{endpoint="inbox/send-message"}'] == 2
    assert told['wazime_api_seconds_sum{endpoint="inbox/send-message"}'] > 0


def test_a_call_that_broke_is_counted_by_what_broke_it(
    client: Client, redis_server: RedisServer, settings: Settings
) -> None:
    gone = Transport("http://127.0.0.1:9/external-api", "id", "secret")
    with pytest.raises(NotNow):
        gone.request("GET", "inbox/conversation-details/7", patience=READ)

    told = scrape(client)
    assert (
        told['wazime_api_calls_total{endpoint="inbox/conversation-details",result="refused"}'] == 1
    )


def test_it_tells_how_much_of_broadcasts_is_left(
    client: Client,
    make_broadcast,  # noqa: F811
    redis_server: RedisServer,
) -> None:
    make_broadcast(3, state="sending")
    make_broadcast(5, state="paused")

    told = scrape(client)

    assert told['wazime_broadcasts{state="sending"}'] == 1
    assert told['wazime_broadcasts{state="paused"}'] == 1
    assert told["wazime_recipients_left"] == 3


def test_it_tells_how_many_tasks_no_worker_has_taken(client: Client, redis: RedisServer) -> None:
    before = scrape(client)['wazime_queued_tasks{queue="replies"}']

    app.send_task("inbox.send_message", [0], queue="replies")

    assert scrape(client)['wazime_queued_tasks{queue="replies"}'] == before + 1


def test_it_answers_while_redis_is_away(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"

    told = scrape(client)

    assert (told["wazime_redis_up"], told["wazime_database_up"]) == (0, 1)
    assert told["wazime_gate_open"] == 1


def test_it_asks_the_database_no_more_the_more_there_is(
    client: Client,
    make_broadcast,  # noqa: F811
    redis_server: RedisServer,
) -> None:
    with CaptureQueriesContext(connection) as few:
        scrape(client)
    for _ in range(5):
        make_broadcast(2, state="sending")

    with CaptureQueriesContext(connection) as many:
        scrape(client)

    assert len(many) <= len(few) + 2  # how many recipients those have that are sending, and states
