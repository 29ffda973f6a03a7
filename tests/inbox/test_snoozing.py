"""Conversations that are put off until a time."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from inbox import selectors, services, snoozing
from inbox.models import Snooze
from tests.at_once import at_once
from tests.inbox.test_pages import HTMX, page_of, shown, status_of
from tests.polls import cost_of_page
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime import client, reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.types import Conversation, Status

pytestmark = pytest.mark.django_db

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
CHANGE = "inbox/change-conversation-status"


@pytest.fixture(autouse=True)
def english(settings) -> None:
    settings.LANGUAGE_CODE = "en"


def written(moment: datetime) -> str:
    """As the form of a person in São Paulo writes it."""
    return moment.astimezone(SAO_PAULO).strftime("%Y-%m-%dT%H:%M")


def snooze(client_: Client, conversation: Conversation, until: str, seen: int | str = 2):
    client_.cookies["tz"] = "America/Sao_Paulo"
    address = f"{page_of(conversation)}snooze/"
    return client_.post(address, {"until": until, "seen": seen}, headers=HTMX)


def tomorrow() -> datetime:
    day = timezone.now().astimezone(SAO_PAULO) + timedelta(days=1)
    return day.replace(hour=9, minute=0, second=0, microsecond=0)


@pytest.fixture
def sleeping(agent_client: Client, conversation: Conversation) -> Conversation:
    """A conversation that was Pending and is snoozed, and its time has come."""
    assert snooze(agent_client, conversation, written(tomorrow())).status_code == 200
    past = timezone.now() - timedelta(seconds=1)
    Snooze.objects.update(until=past, due_at=past)
    return conversation


def changes(wazime: Sandbox) -> int:
    """How often WaziMe was told to set a status."""
    return wazime.calls().get(CHANGE, 0)


# --- Snoozing ---------------------------------------------------------------------------------


def test_a_snoozed_conversation_is_done_until_its_time_in_the_persons_zone(
    agent_client, agent: User, conversation
) -> None:
    response = snooze(agent_client, conversation, written(tomorrow()))

    assert response.status_code == 200
    assert "Snoozed until" in shown(response)
    assert "Undo" in shown(response)
    assert response["HX-Trigger"] == "conversation-changed"
    assert status_of(conversation) == Status.DONE
    kept = Snooze.objects.get()
    assert (kept.conversation_id, kept.until, kept.person) == (conversation.id, tomorrow(), agent)


def test_list_and_head_tell_until_when_to_everybody(
    agent_client, other_agent_client, conversation
) -> None:
    snooze(agent_client, conversation, written(tomorrow()))
    other_agent_client.cookies["tz"] = "America/Sao_Paulo"

    for address in ("/inbox/?status=1", "/inbox/", page_of(conversation)):
        text = shown(other_agent_client.get(address))
        assert "Snoozed until" in text
        assert "9:00" in text
    assert "by Ana Souza" in text


def test_a_row_that_is_not_done_shows_no_snooze(agent_client, sleeping) -> None:
    client().set_status(sleeping.id, Status.IMPORTANT)
    reading.drop("conversations")

    assert "Snoozed until" not in shown(agent_client.get("/inbox/"))
    assert "Snoozed until" not in shown(agent_client.get(page_of(sleeping)))


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        ("", "Choose a date and a time."),
        ("soon", "that exist"),
        ("2020-02-30T09:00", "that exist"),
        ("2020-02-20T09:00", "This time is past"),
        ("0001-01-01T00:00", "This time is past"),
        ("9999-12-31T23:59", "more than a year away"),
    ],
)
def test_a_time_that_cannot_be_is_told_beside_the_field(
    agent_client, conversation, until: str, sentence: str
) -> None:
    response = snooze(agent_client, conversation, until)

    assert response.status_code == 422
    assert sentence in shown(response)
    assert 'aria-invalid="true"' in shown(response)
    assert status_of(conversation) == Status.PENDING
    assert not Snooze.objects.exists()


def test_without_javascript_it_works_too(agent_client, conversation) -> None:
    address = f"{page_of(conversation)}snooze/"

    refused = agent_client.post(address, {"until": "2020-02-20T09:00", "seen": 2}, follow=True)
    done = agent_client.post(address, {"until": written(tomorrow()), "seen": 2}, follow=True)

    assert "This time is past" in shown(refused)
    assert "Snoozed until" in shown(done)
    assert status_of(conversation) == Status.DONE


def test_a_conversation_that_somebody_changed_meanwhile_is_not_snoozed(
    agent_client, conversation
) -> None:
    client().set_status(conversation.id, Status.IMPORTANT)

    response = snooze(agent_client, conversation, written(tomorrow()))

    assert response.status_code == 409
    assert "it is now Important" in shown(response)
    assert status_of(conversation) == Status.IMPORTANT
    assert not Snooze.objects.exists()


def test_one_that_wazime_refuses_leaves_the_earlier_snooze(
    agent_client, conversation, wazime
) -> None:
    snooze(agent_client, conversation, written(tomorrow()))
    wazime.add_fault("ip_not_whitelisted", endpoints=[CHANGE])

    response = snooze(agent_client, conversation, written(tomorrow() + timedelta(days=2)), seen=1)

    assert response.status_code == 502
    assert Snooze.objects.get().until == tomorrow()


def test_one_that_may_have_been_done_comes_back(agent_client, conversation, wazime) -> None:
    wazime.add_fault("drop", endpoints=[CHANGE])

    assert snooze(agent_client, conversation, written(tomorrow())).status_code == 502

    assert Snooze.objects.get().until == tomorrow()


@pytest.mark.parametrize("status", [Status.PENDING, Status.IMPORTANT, Status.DONE])
def test_whatever_status_a_person_chooses_ends_it(agent_client, sleeping, status: Status) -> None:
    agent_client.post(f"{page_of(sleeping)}status/", {"status": int(status), "seen": 1})
    snoozing.wake_due()

    assert status_of(sleeping) == status
    assert not Snooze.objects.exists()


def test_one_that_is_put_off_again_can_be_woken_to_what_it_was_at_first(
    agent_client, conversation
) -> None:
    client().set_status(conversation.id, Status.IMPORTANT)
    snooze(agent_client, conversation, written(tomorrow()), seen=3)

    later = tomorrow() + timedelta(days=1)
    response = snooze(agent_client, conversation, written(later), seen=1)

    assert "Snoozed until" in shown(response)
    assert Snooze.objects.get().until == later
    assert '<button class="menu__item" name="status" value="3">' in shown(response)


def test_one_that_was_unread_is_woken_to_pending(agent_client, sleeping) -> None:
    """There are servers that refuse Unread."""
    Snooze.objects.update(previous=Status.UNREAD)

    page = shown(agent_client.get(page_of(sleeping)))

    assert '<button class="menu__item" name="status" value="2">' in page


def overtaken(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, by: Callable[[], object]
) -> None:
    """Let somebody else do something just before this is called the next time."""
    call = getattr(place, name)

    def after(*arguments: object) -> object:
        monkeypatch.undo()
        by()
        return call(*arguments)

    monkeypatch.setattr(place, name, after)


@pytest.mark.parametrize(
    ("place", "name", "codes"),
    [(selectors, "current_status", [200, 409]), (WaziMeClient, "set_status", [200, 200])],
)
def test_of_two_who_snooze_it_until_the_same_time_one_snooze_stays(
    agent_client, other_agent_client, conversation, monkeypatch, place, name, codes
) -> None:
    until, answers = written(tomorrow()), []

    def snooze_too() -> None:
        answers.append(snooze(other_agent_client, conversation, until).status_code)

    overtaken(monkeypatch, place, name, snooze_too)
    answers.append(snooze(agent_client, conversation, until).status_code)

    assert answers == codes
    assert status_of(conversation) == Status.DONE
    assert Snooze.objects.get().until == tomorrow()


def test_it_comes_back_also_if_somebody_set_another_status_before_it_was_done(
    agent_client, other_agent_client, conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose_another() -> None:
        choose(other_agent_client, conversation, Status.IMPORTANT)

    overtaken(monkeypatch, WaziMeClient, "set_status", choose_another)

    assert snooze(agent_client, conversation, written(tomorrow())).status_code == 200

    assert status_of(conversation) == Status.DONE
    assert Snooze.objects.get().until == tomorrow()


def choose(client_: Client, conversation: Conversation, status: Status, **fields: object):
    address = f"{page_of(conversation)}status/"
    return client_.post(address, {"status": status, **fields}, headers=HTMX)


def test_who_takes_back_a_change_has_the_snooze_back(agent_client, conversation) -> None:
    snooze(agent_client, conversation, written(tomorrow()))
    changed = choose(agent_client, conversation, Status.IMPORTANT, seen=Status.DONE)
    assert not Snooze.objects.exists()

    undo = dict(re.findall(r'name="(until|seen)" value="([^"]+)"', said(changed)))
    choose(agent_client, conversation, Status.DONE, **undo)

    assert status_of(conversation) == Status.DONE
    assert Snooze.objects.get().until == tomorrow()


def test_a_change_that_ended_no_snooze_is_taken_back_without_one(
    agent_client, conversation
) -> None:
    assert "until" not in said(choose(agent_client, conversation, Status.DONE, seen=2))


def said(response: HttpResponse) -> str:
    """What became of a change, with the way back."""
    return response.content.decode().split('class="triage__said"')[1]


def test_an_id_that_no_conversation_can_have_is_not_found(agent_client, wazime) -> None:
    address = f"/inbox/{2**63}/snooze/"
    assert agent_client.post(address, {"until": written(tomorrow())}).status_code == 404


def test_only_people_may_snooze(client: Client, conversation) -> None:
    assert snooze(client, conversation, written(tomorrow())).status_code == 401
    assert client.get(f"{page_of(conversation)}snooze/").status_code in (302, 405)
    assert status_of(conversation) == Status.PENDING


def test_a_list_costs_one_query_more_where_something_is_done(agent_client, conversation) -> None:
    agent_client.get("/inbox/")
    client().set_status(conversation.id, Status.DONE)
    before = cost_of_page(agent_client, "/inbox/?status=2")

    snooze(agent_client, conversation, written(tomorrow()))

    assert cost_of_page(agent_client, "/inbox/?status=2") == before
    assert cost_of_page(agent_client, "/inbox/?status=1") == before + 1


# --- Waking -------------------------------------------------------------------------------------


def test_it_is_pending_again_at_its_time(sleeping) -> None:
    snoozing.wake_due()

    assert status_of(sleeping) == Status.PENDING
    assert not Snooze.objects.exists()


def test_it_sleeps_until_its_time(agent_client, conversation) -> None:
    snooze(agent_client, conversation, written(tomorrow()))

    snoozing.wake_due()

    assert status_of(conversation) == Status.DONE
    assert Snooze.objects.exists()


def test_it_stays_as_somebody_set_it_elsewhere(sleeping, wazime) -> None:
    client().set_status(sleeping.id, Status.IMPORTANT)
    before = changes(wazime)

    snoozing.wake_due()

    assert status_of(sleeping) == Status.IMPORTANT
    assert changes(wazime) == before
    assert not Snooze.objects.exists()


@pytest.mark.parametrize("fault", ["http_502", "ip_not_whitelisted", "rate_limited", "drop"])
def test_while_wazime_is_down_it_sleeps_on_and_is_woken_later(sleeping, wazime, fault: str) -> None:
    wazime.add_fault(fault)
    snoozing.wake_due()
    assert Snooze.objects.get().due_at > timezone.now()
    wazime.clear_faults()
    assert status_of(sleeping) == Status.DONE

    Snooze.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    snoozing.wake_due()

    assert status_of(sleeping) == Status.PENDING
    assert not Snooze.objects.exists()


def test_a_conversation_that_is_gone_is_forgotten(agent: User, wazime) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Snooze.objects.create(conversation_id=10**9, until=past, due_at=past, person=agent)

    snoozing.wake_due()

    assert not Snooze.objects.exists()


def test_one_that_wazime_refuses_to_wake_sleeps_on(sleeping, wazime) -> None:
    wazime.add_fault("image_upload_error", endpoints=[CHANGE], times=1)
    snoozing.wake_due()
    assert status_of(sleeping) == Status.DONE
    Snooze.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    snoozing.wake_due()

    assert status_of(sleeping) == Status.PENDING
    assert not Snooze.objects.exists()


def test_one_that_is_snoozed_anew_while_it_is_woken_keeps_its_new_time(
    sleeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_status = services.set_status

    def while_somebody_snoozes(**call: object) -> None:
        set_status(**call)
        Snooze.objects.update(until=tomorrow(), due_at=tomorrow(), version=uuid4())

    monkeypatch.setattr(services, "set_status", while_somebody_snoozes)
    snoozing.wake_due()

    assert Snooze.objects.get().until == tomorrow()


@pytest.mark.django_db(transaction=True)
def test_many_who_wake_at_once_wake_it_once(sleeping, wazime) -> None:
    before = changes(wazime)

    at_once(8, lambda _: snoozing.wake_due())

    assert changes(wazime) == before + 1
    assert status_of(sleeping) == Status.PENDING
    assert not Snooze.objects.exists()
