"""What live fragments and pages of the inbox cost, however much there is."""

import pytest
from django.test import Client
from django.utils import timezone

from inbox import seeing
from inbox.models import Gate, Message, Seen, State
from tests.polls import HTMX, cost_of_nothing_new, cost_of_page
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime.types import Conversation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def looked(agent: User, wazime: Sandbox) -> None:
    """Ana has been here before."""
    Seen.objects.create(person=agent, conversation_id=seeing.EVERY, until=timezone.now())


def version(client: Client, address: str, name: str) -> str:
    return client.get(address).context[name]["version"]


@pytest.mark.parametrize("moved", [False, True])
def test_the_list(agent_client: Client, deliver, write, *, moved: bool) -> None:
    if moved:
        deliver(write("Oi"))
    nothing = {"X-Version": version(agent_client, "/inbox/", "listing")}

    # session, user; whose they are; what was seen, and what we sent where something moved; which of
    # those that are Done are snoozed; signals
    assert cost_of_nothing_new(agent_client, "/inbox/", **nothing) == 6 + moved
    assert cost_of_page(agent_client, "/inbox/") == 6 + moved


@pytest.mark.parametrize("count", [1, 12])
def test_the_thread(
    agent_client: Client, deliver, write, conversation: Conversation, count: int
) -> None:
    for _ in range(count):
        deliver(write("Oi"))
    address = f"/inbox/{conversation.id}/"
    nothing = {"X-Version": agent_client.get(address).context["version"]}

    # session, user; the messages with their authors and files, their attempts; what the team has
    # settled
    assert cost_of_nothing_new(agent_client, f"{address}thread/", **nothing) == 5
    # The same, but the team with whose it is, and its notes; what was seen, what we sent; whose
    # those in the list are, what is snoozed of them; signals
    assert cost_of_page(agent_client, address) == 11


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("state", ["", "all"])
def test_the_outbox(agent_client: Client, deliver, write, count: int, state: str) -> None:
    for _ in range(count):
        deliver(write("Oi"))
        Message.objects.filter(state=State.SENT).update(state=State.UNCERTAIN)
    deliver(write("Oi"))
    address = f"/inbox/outbox/?state={state}"
    nothing = {"X-Version": version(agent_client, address, "outbox")}

    # session, user; signals; counts; which messages, the messages, their last attempts, and
    # once more the latest below those that need attention
    asked = 7 if state else 10
    assert cost_of_nothing_new(agent_client, address, **nothing) == asked
    assert cost_of_page(agent_client, address) == asked


@pytest.mark.parametrize("count", [1, 12])
def test_the_gate(agent_client: Client, write, count: int) -> None:
    for _ in range(count):
        write("Oi")
    Gate.objects.update_or_create(pk=1, defaults={"closed_at": timezone.now(), "cause": "plan"})
    nothing = {"X-Version": agent_client.get("/inbox/").context["signals"].gate_version}

    # session, user; signals, gate; what waits, of people's and of broadcasts
    assert cost_of_nothing_new(agent_client, "/inbox/gate/", **nothing) == 6


@pytest.mark.parametrize("moved", [False, True])
def test_the_count_of_what_is_new(agent_client: Client, deliver, write, *, moved: bool) -> None:
    if moved:
        deliver(write("Oi"))
    nothing = {"X-Version": agent_client.get("/inbox/news/").context["news"].version}

    # session, user; what was seen, and what we sent where something moved
    assert cost_of_nothing_new(agent_client, "/inbox/news/", **nothing) == 3 + moved


def test_whoever_may_no_longer_look_is_led_to_the_login(
    agent_client: Client, agent: User, conversation: Conversation
) -> None:
    User.objects.filter(pk=agent.pk).update(is_active=False)

    for address in (
        "/inbox/",
        f"/inbox/{conversation.id}/thread/",
        "/inbox/outbox/",
        "/inbox/gate/",
        "/inbox/news/",
    ):
        response = agent_client.get(address, headers=HTMX)
        assert response.status_code == 401
        assert response["HX-Redirect"].startswith("/accounts/login/?next=")
        assert response.content == b""
