"""The list of broadcasts and each one's live page: what it says, and what its buttons do."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox import sending
from inbox.broadcasts import course, selectors, services
from inbox.broadcasts.models import Broadcast, BroadcastState, PauseCause
from inbox.models import Attempt, CancelReason, Decision, Gate, Message, Outcome, State
from tests.redis_server import RedisServer
from wazime_admin.team.models import AuditEntry, User
from wazime_admin.wazime import client

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
VERBS = ["start", "pause", "resume", "cancel", "retry", "rate", "go-on", "copy", "decide"]


@pytest.fixture(autouse=True)
def english(settings, redis_server: RedisServer) -> None:
    settings.LANGUAGE_CODE = "en"
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": redis_server.url},
    }


def shown(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def page(client: Client, broadcast: Broadcast) -> str:
    response = client.get(f"/broadcasts/{broadcast.pk}/")
    assert response.status_code == 200
    return shown(response)


def post(client: Client, broadcast: Broadcast, verb: str, /, htmx: bool = True, **fields: object):
    headers = {**HTMX, "HX-Target": "broadcast"} if htmx else {}
    return client.post(f"/broadcasts/{broadcast.pk}/{verb}/", fields, headers=headers)


def polled(client: Client, broadcast: Broadcast, context: Any) -> Any:
    """The live fragment's next poll by somebody who sees this."""
    headers = {
        **HTMX,
        "HX-Target": "progress",
        "X-Version": context["version"],
        "X-Controls": context["controls_version"],
    }
    return client.get(f"/broadcasts/{broadcast.pk}/", headers=headers)


def state_of(broadcast: Broadcast) -> str:
    broadcast.refresh_from_db()
    return broadcast.state


def failed(broadcast: Broadcast, state: State, outcome: Outcome, **fields: object) -> Attempt:
    message = Message.objects.filter(broadcast=broadcast, state=state).latest("id")
    Message.objects.filter(pk=message.pk).update(attempt_number=1)
    return Attempt.objects.create(
        message=message, number=1, outcome=outcome, ended_at=timezone.now(), **fields
    )


def counted(text: str) -> dict[str, str]:
    """The numbers on the live page by their labels."""
    found = re.findall(r'state=(\w+)">[^<]*</a></p> <p class="\S+ numbers"><strong>(.*?)<', text)
    return dict(found)


# --- Who may ------------------------------------------------------------------------------------


def test_agents_see_none_of_it(agent_client: Client, running) -> None:
    broadcast = running(held=1)
    pages = ["", f"{broadcast.pk}/", f"{broadcast.pk}/results/", f"{broadcast.pk}/results.csv"]

    for path in pages:
        assert agent_client.get(f"/broadcasts/{path}").status_code == 403, path
    for verb in VERBS:
        assert post(agent_client, broadcast, verb).status_code == 403, verb
    assert state_of(broadcast) == "sending"


@pytest.mark.parametrize("verb", VERBS)
def test_looking_does_nothing(admin_client: Client, running, verb: str) -> None:
    broadcast = running(held=1)

    assert admin_client.get(f"/broadcasts/{broadcast.pk}/{verb}/").status_code == 405


def test_what_is_not_there_is_not_found(admin_client: Client) -> None:
    for address in ("/broadcasts/77/", "/broadcasts/77/results/", "/broadcasts/77/results.csv"):
        assert admin_client.get(address).status_code == 404
    assert admin_client.get(f"/broadcasts/{'9' * 30}/").status_code == 404
    for verb in VERBS:
        fields = {"rate": 1, "decision": "resend", "seen": 1}
        assert admin_client.post(f"/broadcasts/77/{verb}/", fields).status_code == 404


# --- The list -----------------------------------------------------------------------------------


def test_the_empty_list_leads_to_the_first_one(admin_client: Client) -> None:
    text = shown(admin_client.get("/broadcasts/"))

    assert "No broadcasts yet." in text
    assert 'href="/broadcasts/new/"' in text


def test_the_list_shows_the_newest_first(admin_client: Client, running, make_broadcast) -> None:
    older = running(sent=2, held=1, rejected=1, uncertain=1, name="Natal <b>")
    newer = make_broadcast(3, name="Páscoa")

    text = shown(admin_client.get("/broadcasts/"))

    places = [text.index(f'id="broadcast-{it.pk}"') for it in (newer, older)]
    assert places == sorted(places)
    assert "Natal <b>" in text
    assert "3 recipients" in text
    assert "2 of 5 sent · 1 left" in text
    assert "1 not sent" in text
    assert "1 perhaps sent" in text
    assert "Clara Reis" in text


@pytest.mark.parametrize("state", list(BroadcastState))
def test_the_list_names_each_state(admin_client: Client, make_broadcast, state: str) -> None:
    make_broadcast(1, state=state)

    text = shown(admin_client.get("/broadcasts/"))

    assert f'data-state="{state}"' in text
    assert f"{BroadcastState(state).label}</span>" in text


def test_the_list_has_pages(admin_client: Client, make_broadcast) -> None:
    made = [make_broadcast(0, name=f"Nr {number}") for number in range(21)]

    first, second = (shown(admin_client.get(f"/broadcasts/?page={n}")) for n in (1, 2))

    assert first.count("broadcasts__row") == 20
    assert second.count("broadcasts__row") == 1
    assert f'id="broadcast-{made[0].pk}"' in second


def test_the_list_asks_a_fixed_number_of_times(admin_client: Client, running) -> None:
    running(sent=1)
    with CaptureQueriesContext(connection) as one:
        admin_client.get("/broadcasts/")
    for _ in range(4):
        running(sent=1, held=2)
    with CaptureQueriesContext(connection) as five:
        admin_client.get("/broadcasts/")

    assert len(one) == len(five)


def test_the_list_polls_only_while_something_happens(admin_client: Client, running) -> None:
    def page() -> str:
        return shown(admin_client.get("/broadcasts/")).partition("<main")[2].partition("</main>")[0]

    running(sent=1, state=BroadcastState.FINISHED)
    assert "hx-trigger" not in page()

    running(held=1)
    assert 'hx-trigger="poll from:body"' in page()


def test_the_lists_poll_gets_nothing_until_something_changed(admin_client: Client, running) -> None:
    broadcast = running(held=2)
    version = admin_client.get("/broadcasts/").context["version"]
    poll = {**HTMX, "X-Version": version}
    assert admin_client.get("/broadcasts/", headers=poll).status_code == 204

    Message.objects.filter(broadcast=broadcast).update(state=State.SENT)
    selectors.forget(broadcast)

    answer = admin_client.get("/broadcasts/", headers=poll)
    assert "2 of 2 sent" in shown(answer)
    assert "<html" not in shown(answer)


# --- The live page ------------------------------------------------------------------------------


def test_it_counts_each_state(admin_client: Client, running) -> None:
    broadcast = running(held=1, queued=2, sending=3, sent=4, rejected=5, uncertain=6, cancelled=7)

    text = page(admin_client, broadcast)

    assert counted(text) == {
        "waiting": "3",
        "sending": "3",
        "sent": "4",
        "rejected": "5",
        "uncertain": "6",
        "cancelled": "7",
    }
    assert "4 of 28 sent" in text
    assert "14.3%" in text, "rounded"
    assert "delivered" not in text.lower()


@pytest.mark.parametrize("state", ["sending", "paused", "finished", "cancelled"])
def test_it_shows_the_message_that_goes_out(admin_client: Client, running, state: str) -> None:
    template = {"name": "natal", "body": "Feliz Natal <3", "footer": "Loja", "buttons": ["Ver"]}
    broadcast = running(sent=1, state=state, finished_at=timezone.now(), template=template)

    text = page(admin_client, broadcast).split('id="broadcast-message"')[1]

    assert "natal" in text
    assert "Feliz Natal <3" in text
    assert "Ver" in text


def test_an_agent_reads_in_the_conversation_what_the_customer_got(
    agent_client: Client, running, wazime
) -> None:
    row = next(row for row in client().conversations(per_page=100).rows if row.contact)
    template = {"name": "natal", "header": "Oi", "body": "Feliz Natal <3", "footer": "Loja"}
    running(sent=1, template=template)
    Message.objects.update(conversation_id=row.id)

    text = html.unescape(agent_client.get(f"/inbox/{row.id}/").content.decode())

    for part in ("Oi", "Feliz Natal <3", "Loja"):
        assert f'<p class="verbatim" dir="auto">{part}</p>' in text


def test_it_shows_the_message_as_the_first_recipient_gets_it(
    admin_client: Client, running, settings
) -> None:
    settings.WAZIME_TEMPLATE_VARIABLES = True
    broadcast = running(sent=2, variables={"body": [{"column": 1}]})
    Message.objects.update(fields={"template_id": "1", "body_variables[]": ["Célia"]})

    assert "Olá Célia" in page(admin_client, broadcast)


def test_hardly_all_is_not_all(admin_client: Client, running) -> None:
    broadcast = running(sent=2999, uncertain=1)

    text = page(admin_client, broadcast)

    assert "99.9%" in text
    assert "< 0.1%" in text


def test_it_says_how_fast_it_goes_and_when_it_ends(admin_client: Client, running) -> None:
    began = timezone.now() - timedelta(minutes=1)
    broadcast = running(sent=50, held=620, running_since=began)

    now = timezone.now()
    context = admin_client.get(f"/broadcasts/{broadcast.pk}/").context

    assert context["progress"].speed == pytest.approx(5)
    assert context["progress"].ends_at - now == pytest.approx(
        timedelta(seconds=124), abs=timedelta(seconds=3)
    )
    assert "2 minutes" in page(admin_client, broadcast)


def test_the_end_waits_for_the_morning(admin_client: Client, running) -> None:
    """With all in their quiet hours it goes on at eight, not at the rate's own pace."""
    broadcast = running(held=3, quiet_hours=True)
    zone = _zone_where_it_is_night()
    Message.objects.filter(broadcast=broadcast).update(time_zone=zone)

    ends_at = admin_client.get(f"/broadcasts/{broadcast.pk}/").context["progress"].ends_at

    assert ends_at > timezone.now() + timedelta(hours=1)


def test_everybody_gets_the_same_counts_for_a_second(
    admin_client: Client, running, monkeypatch
) -> None:
    monkeypatch.setattr("wazime_admin.cache.FRESH", 60)
    broadcast = running(sent=1, held=1)
    page(admin_client, broadcast)

    with CaptureQueriesContext(connection) as queries:
        page(admin_client, broadcast)

    assert not [query for query in queries if "GROUP BY" in query["sql"]]


def test_it_works_without_the_cache(admin_client: Client, running, settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"}
    }

    assert "1 of 2 sent" in page(admin_client, running(sent=1, held=1))


def test_a_poll_gets_nothing_until_something_changed(
    admin_client: Client, running, monkeypatch
) -> None:
    monkeypatch.setattr(selectors, "SPEED_OVER", timedelta())
    broadcast = running(held=2)
    seen = admin_client.get(f"/broadcasts/{broadcast.pk}/").context
    assert polled(admin_client, broadcast, seen).status_code == 204

    Message.objects.filter(broadcast=broadcast).update(state=State.QUEUED)
    selectors.forget(broadcast)
    assert polled(admin_client, broadcast, seen).status_code == 204, "it looks the same"

    Message.objects.filter(broadcast=broadcast).update(state=State.SENDING)
    selectors.forget(broadcast)
    answer = polled(admin_client, broadcast, seen)
    assert answer.status_code == 200
    assert answer.templates[0].name == "broadcasts/_progress.html"
    assert counted(shown(answer))["sending"] == "2"
    assert "<form" not in shown(answer), "nobody loses what they have typed"


def test_a_poll_brings_other_buttons_when_it_has_paused(admin_client: Client, running) -> None:
    broadcast = running(held=2)
    seen = admin_client.get(f"/broadcasts/{broadcast.pk}/").context
    Broadcast.objects.update(state=BroadcastState.PAUSED, pause_cause=PauseCause.REFUSED)

    answer = polled(admin_client, broadcast, seen)

    assert answer["HX-Retarget"] == "#broadcast"
    assert "Go on" in shown(answer)
    assert "It has paused by itself." in shown(answer)


@pytest.mark.parametrize(
    ("state", "recipients", "polls"),
    [
        ("sending", {"held": 1}, True),
        ("paused", {"held": 1}, True),
        ("cancelled", {"sending": 1}, True),
        ("cancelled", {"cancelled": 1}, False),
        ("finished", {"sent": 1}, False),
    ],
)
def test_it_polls_until_nothing_moves(
    admin_client: Client, running, state: str, recipients: dict[str, int], polls: bool
) -> None:
    broadcast = running(state=state, finished_at=timezone.now(), **recipients)

    assert ('hx-trigger="every 2s"' in page(admin_client, broadcast)) is polls


def test_a_drafts_page_that_polls_is_renewed_when_it_has_begun(
    admin_client: Client, running
) -> None:
    broadcast = running(held=1)

    answer = admin_client.get(f"/broadcasts/{broadcast.pk}/", headers={**HTMX, "HX-Target": "x"})

    assert answer["HX-Refresh"] == "true"


def test_the_last_failures_are_told_in_words(admin_client: Client, running) -> None:
    broadcast = running(held=3, rejected=1, uncertain=1)
    nasty = "<script>alert(1)</script>"
    failed(broadcast, State.REJECTED, Outcome.REJECTED, cause="validation", said=nasty)
    failed(broadcast, State.UNCERTAIN, Outcome.UNCERTAIN, cause="read_timeout")
    late = failed(broadcast, State.HELD, Outcome.NOT_NOW, cause="rate_limit")
    soon = timezone.now() + timedelta(minutes=5)
    Message.objects.filter(pk=late.message_id).update(not_before=soon)

    response = admin_client.get(f"/broadcasts/{broadcast.pk}/")

    text = shown(response)
    assert "WaziMe did not accept the values." in text
    assert "&lt;script&gt;alert(1)" in response.content.decode()
    assert "WaziMe took too long to answer." in text
    assert "WaziMe asks for fewer calls." in text
    assert "Tried again" in text
    assert text.count("failures__row") == 3


def test_the_live_page_asks_a_fixed_number_of_times(admin_client: Client, running) -> None:
    few, many = running(held=1, rejected=1), running(held=9, rejected=9)
    for broadcast in (few, many):
        for message in Message.objects.filter(broadcast=broadcast, state=State.REJECTED):
            Attempt.objects.create(message=message, number=1, outcome="rejected", cause="contact")
    numbers = []
    for broadcast in (few, many):
        with CaptureQueriesContext(connection) as queries:
            page(admin_client, broadcast)
        numbers.append(len(queries))

    assert numbers[0] == numbers[1]


# --- When nothing goes out ----------------------------------------------------------------------


@pytest.fixture
def still(running) -> Broadcast:
    """One that began five minutes ago, and nothing has happened since; workers are there."""
    cache.set("broadcasts:working", True, 10)
    return running(held=2, running_since=timezone.now() - timedelta(minutes=5))


def stall(text: str) -> str:
    found = re.search(r'id="stall" data-cause="(\w+)"', text)
    return found[1] if found else ""


def _zone_where_it_is_night() -> str:
    """Etc/GMT+3 is three hours behind UTC."""
    hours = (timezone.now().hour - 1) % 24
    return f"Etc/GMT+{hours}" if hours <= 12 else f"Etc/GMT-{24 - hours}"


def test_a_broadcast_that_just_began_has_not_stalled(admin_client: Client, running) -> None:
    cache.set("broadcasts:working", True, 10)

    assert stall(page(admin_client, running(held=2))) == ""


def test_one_that_sends_has_not_stalled(admin_client: Client, still: Broadcast) -> None:
    first = Message.objects.filter(broadcast=still).earliest("id")
    Message.objects.filter(pk=first.pk).update(state=State.SENT, finished_at=timezone.now())

    assert stall(page(admin_client, still)) == ""


def test_one_that_has_nothing_left_has_not_stalled(admin_client: Client, still) -> None:
    Message.objects.filter(broadcast=still).update(state=State.SENDING)

    assert stall(page(admin_client, still)) == ""


def test_it_says_when_nobody_knows_why(admin_client: Client, still: Broadcast) -> None:
    text = page(admin_client, still)

    assert stall(text) == "unknown"
    assert "Nothing was sent for 5 minutes." in text


def test_it_says_that_no_worker_is_there(admin_client: Client, still: Broadcast) -> None:
    cache.delete("broadcasts:working")

    text = page(admin_client, still)

    assert stall(text) == "no_worker"
    assert "No program is running that sends broadcasts." in text


def test_it_says_that_the_gate_is_closed_and_why(admin_client: Client, still: Broadcast) -> None:
    Gate.objects.create(pk=1, closed_at=timezone.now(), cause="ip_address", ip_address="192.0.2.7")

    text = page(admin_client, still).split('id="stall"')[1]

    assert "Sending has stopped for everybody." in text
    assert "192.0.2.7" in text


def test_it_says_that_it_is_night_and_until_when(admin_client: Client, still: Broadcast) -> None:
    Broadcast.objects.update(quiet_hours=True)
    Message.objects.filter(broadcast=still).update(time_zone=_zone_where_it_is_night())

    response = admin_client.get(f"/broadcasts/{still.pk}/")

    assert stall(shown(response)) == "quiet_hours"
    assert "It is night where everybody is" in shown(response)
    until = response.context["progress"].stall.until
    assert until.minute == 0
    assert timedelta() < until - timezone.now() <= timedelta(hours=11)


def test_it_says_at_once_that_it_begins_in_the_night(admin_client: Client, running) -> None:
    broadcast = running(held=2, quiet_hours=True)
    Message.objects.filter(broadcast=broadcast).update(time_zone=_zone_where_it_is_night())

    assert stall(page(admin_client, broadcast)) == "quiet_hours"


def test_somebody_awake_is_no_quiet_hour(admin_client: Client, still: Broadcast) -> None:
    Broadcast.objects.update(quiet_hours=True)
    night = _zone_where_it_is_night()
    Message.objects.filter(broadcast=still).update(time_zone=night)
    other = Message.objects.filter(broadcast=still).latest("id")
    hours = int(night.removeprefix("Etc/GMT"))
    day = hours - 12 if hours > 0 else hours + 12
    Message.objects.filter(pk=other.pk).update(time_zone=f"Etc/GMT{day:+d}")

    assert stall(page(admin_client, still)) == "unknown"


def test_it_says_until_when_all_are_put_off(admin_client: Client, still: Broadcast) -> None:
    soon = timezone.now() + timedelta(minutes=9)
    Message.objects.filter(broadcast=still).update(not_before=soon)

    response = admin_client.get(f"/broadcasts/{still.pk}/")

    assert stall(shown(response)) == "put_off"
    assert response.context["progress"].stall.until == soon


def test_paused_is_not_stalled(admin_client: Client, still: Broadcast) -> None:
    Broadcast.objects.update(state=BroadcastState.PAUSED)

    assert stall(page(admin_client, still)) == ""


# --- Buttons ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        ("sending", {"pause", "cancel", "rate"}),
        ("paused", {"resume", "cancel", "rate"}),
        ("finished", {"copy"}),
        ("cancelled", {"copy"}),
    ],
)
def test_each_state_has_its_buttons(
    admin_client: Client, running, state: str, verbs: set[str]
) -> None:
    broadcast = running(state=state, sent=1, finished_at=timezone.now())

    text = page(admin_client, broadcast)

    found = set(re.findall(rf'action="/broadcasts/{broadcast.pk}/([\w-]+)/"', text))
    assert found == verbs
    assert f'href="/broadcasts/{broadcast.pk}/results/"' in text


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("pause", "sending", "paused"),
        ("resume", "paused", "sending"),
        ("go-on", "paused", "sending"),
        ("cancel", "sending", "cancelled"),
        ("cancel", "paused", "cancelled"),
    ],
)
def test_a_button_moves_it(
    admin_client: Client, running, verb: str, before: str, after: str
) -> None:
    broadcast = running(state=before, held=2)

    answer = post(admin_client, broadcast, verb)

    assert answer.status_code == 200
    assert f'id="broadcast" hx-target="this" hx-swap="outerHTML" data-state="{after}"' in shown(
        answer
    )
    assert state_of(broadcast) == after


def test_cancelling_leaves_nobody_waiting(admin_client: Client, running) -> None:
    broadcast = running(held=2, queued=1, sent=1)
    page(admin_client, broadcast)

    answer = post(admin_client, broadcast, "cancel")

    assert counted(shown(answer))["cancelled"] == "3"
    reasons = Message.objects.filter(state=State.CANCELLED).values_list("cancel_reason", flat=True)
    assert set(reasons) == {CancelReason.BROADCAST}


def test_cancelling_very_many_answers_before_it_has_come_to_all(
    admin_client: Client, running, monkeypatch, redis_server
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 1)
    monkeypatch.setattr(services, "SETTLING", 0.0)
    broadcast = running(held=2, queued=1)

    text = shown(post(admin_client, broadcast, "cancel"))

    assert counted(text)["cancelled"] == "1"
    assert counted(text)["waiting"] == "2"
    assert 'id="progress" hx-get' in text
    assert 'id="broadcasts"' in (listed := shown(admin_client.get("/broadcasts/")))
    assert 'hx-trigger="poll' in listed
    assert sending.claim(course.ready(broadcast, Q())) == []

    for _ in range(2):
        services.finish_cancelling()
    selectors.forget(broadcast)
    selectors.forget(Broadcast.objects.get(pk=broadcast.pk))

    text = page(admin_client, broadcast)
    assert counted(text)["cancelled"] == "3"
    assert 'id="progress" hx-get' not in text


@pytest.mark.parametrize("verb", ["pause", "resume", "go-on", "cancel", "retry"])
def test_the_slower_of_two_is_told(admin_client: Client, running, verb: str) -> None:
    broadcast = running(state="cancelled", cancelled=1, finished_at=timezone.now())

    answer = post(admin_client, broadcast, verb)

    assert answer.status_code == 409
    assert "Nothing was done: this broadcast has moved on since you looked." in shown(answer)
    assert state_of(broadcast) == "cancelled"


def test_without_a_script_a_button_leads_back(admin_client: Client, running) -> None:
    broadcast = running(held=1)
    address = f"/broadcasts/{broadcast.pk}/"

    assert post(admin_client, broadcast, "pause", htmx=False).url == address
    late = post(admin_client, broadcast, "pause", htmx=False)

    assert late.url == address
    assert "has moved on since you looked" in page(admin_client, broadcast)


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        ("uncertain", "Several answers in a row were uncertain."),
        ("refused", "Cure the reason first"),
        ("contact_limit", "Choose a larger plan"),
        ("", "Paused: nothing of it is sent."),
    ],
)
def test_it_says_why_it_is_paused(admin_client: Client, running, cause: str, sentence: str) -> None:
    broadcast = running(state="paused", held=1, pause_cause=cause, pause_said="<i>No.</i>")

    text = page(admin_client, broadcast)

    assert sentence in text
    assert ("/go-on/" in text) is (cause == "contact_limit")
    assert ("<i>No.</i>" in text) is bool(cause)


def test_going_on_creates_no_contacts(admin_client: Client, running) -> None:
    broadcast = running(state="paused", held=1, create_contacts=True)

    post(admin_client, broadcast, "go-on")

    broadcast.refresh_from_db()
    assert broadcast.create_contacts is False


@pytest.mark.parametrize("state", ["sending", "paused"])
def test_the_rate_is_changed(admin_client: Client, running, state: str) -> None:
    broadcast = running(state=state, held=1)

    answer = post(admin_client, broadcast, "rate", rate="2.5")

    broadcast.refresh_from_db()
    assert broadcast.rate == 2.5
    assert "2.5 a second" in shown(answer)


@pytest.mark.parametrize("rate", ["", "x", "0", "-1", "20.1", "nan", "inf", "9" * 400])
def test_a_senseless_rate_is_refused(admin_client: Client, running, rate: str) -> None:
    broadcast = running(held=1, rate=5)

    answer = post(admin_client, broadcast, "rate", rate=rate)
    plain = post(admin_client, broadcast, "rate", htmx=False, rate=rate)

    assert answer.status_code == 422
    assert "errorlist" in shown(answer)
    assert plain.status_code == 302
    assert "toast--error" in page(admin_client, broadcast)
    broadcast.refresh_from_db()
    assert broadcast.rate == 5


def test_a_copy_is_a_new_draft(admin_client: Client, running) -> None:
    broadcast = running(state="finished", sent=1)

    answer = post(admin_client, broadcast, "copy")
    plain = post(admin_client, broadcast, "copy", htmx=False)

    first, second = Broadcast.objects.exclude(pk=broadcast.pk).order_by("id")
    assert {first.state, second.state} == {"draft"}
    assert answer["HX-Redirect"] == f"/broadcasts/{first.pk}/"
    assert plain.url == f"/broadcasts/{second.pk}/"


# --- Start --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["1200", "1,200", "1.200", " 1 200 "])
def test_it_starts_when_the_number_was_typed(
    admin_client: Client, make_broadcast, typed: str
) -> None:
    broadcast = make_broadcast(1200)

    answer = post(admin_client, broadcast, "start", confirm=typed)

    assert answer["HX-Redirect"] == f"/broadcasts/{broadcast.pk}/"
    assert state_of(broadcast) == "sending"
    assert broadcast.running_since


@pytest.mark.parametrize("typed", ["", "2", "x", "-3", "3x", "3.0", "٣", "9" * 5000])
def test_another_number_starts_nothing(admin_client: Client, make_broadcast, typed: str) -> None:
    broadcast = make_broadcast(3)

    for htmx in (True, False):
        answer = post(admin_client, broadcast, "start", htmx=htmx, confirm=typed)

        assert answer.status_code == 422
        assert "This is not the number of recipients." in answer.context["error"]
    assert state_of(broadcast) == "draft"


def test_what_is_not_counted_yet_does_not_start(admin_client: Client, make_broadcast) -> None:
    broadcast = make_broadcast(3, built_at=None)

    answer = post(admin_client, broadcast, "start", confirm=3)

    assert answer.status_code == 422
    assert "still being gathered" in answer.context["error"]


def test_the_audit_keeps_who_started_and_who_cancelled_it_and_no_click_that_did_nothing(
    admin_client: Client, make_broadcast
) -> None:
    broadcast = make_broadcast(3)
    for confirm in (2, 3, 3):
        post(admin_client, broadcast, "start", confirm=confirm)
    for _click in range(2):
        post(admin_client, broadcast, "cancel")

    entries = AuditEntry.objects.order_by("pk")
    assert [(it.action, it.about, it.by.username) for it in entries] == [
        ("broadcast_started", broadcast.name, "clara"),
        ("broadcast_cancelled", broadcast.name, "clara"),
    ]


def test_two_clicks_start_it_once(admin_client: Client, make_broadcast) -> None:
    broadcast = make_broadcast(3)
    post(admin_client, broadcast, "start", htmx=False, confirm=3)
    first = Broadcast.objects.get().started_at

    post(admin_client, broadcast, "start", htmx=False, confirm=3)

    assert Broadcast.objects.get().started_at == first
    assert "Somebody else was quicker" in page(admin_client, broadcast)


# --- After it -----------------------------------------------------------------------------------


def test_those_that_never_left_are_tried_again(admin_client: Client, running) -> None:
    broadcast = running(state="finished", sent=1, rejected=2, finished_at=timezone.now())
    text = page(admin_client, broadcast)
    assert "2 messages did not leave." in text

    answer = post(admin_client, broadcast, "retry")

    assert state_of(broadcast) == "sending"
    assert counted(shown(answer))["waiting"] == "2"
    assert counted(shown(answer))["sent"] == "1"


@pytest.mark.parametrize(
    ("decision", "part", "state"),
    [("mark_sent", "sent", "finished"), ("resend", "waiting", "sending")],
)
def test_uncertain_ones_are_decided_at_once(
    admin_client: Client, admin: User, running, decision: str, part: str, state: str
) -> None:
    broadcast = running(state="finished", uncertain=2, finished_at=timezone.now())
    for message in Message.objects.filter(broadcast=broadcast):
        Attempt.objects.create(message=message, number=1, outcome=Outcome.UNCERTAIN)
    text = page(admin_client, broadcast)
    assert "2 messages may or may not have left." in text
    assert "gets it twice" in text

    answer = post(admin_client, broadcast, "decide", decision=decision, seen=2)

    assert answer.status_code == 200
    assert counted(shown(answer))[part] == "2"
    assert state_of(broadcast) == state
    decided = Attempt.objects.values_list("decision", "decided_by")
    assert set(decided) == {(decision, admin.pk)}


def test_others_than_those_seen_are_not_decided(admin_client: Client, running) -> None:
    broadcast = running(state="finished", uncertain=2, finished_at=timezone.now())

    answer = post(admin_client, broadcast, "decide", decision=Decision.MARK_SENT, seen=1)

    assert answer.status_code == 409
    assert Message.objects.filter(state=State.UNCERTAIN).count() == 2


@pytest.mark.parametrize(
    "fields",
    [{}, {"decision": "resend"}, {"decision": "x", "seen": 1}, {"decision": "resend", "seen": "x"}],
)
def test_a_decision_that_is_none_is_refused(admin_client: Client, running, fields) -> None:
    broadcast = running(state="finished", uncertain=1)

    assert post(admin_client, broadcast, "decide", **fields).status_code == 404
    assert Message.objects.filter(state=State.UNCERTAIN).count() == 1


def test_it_shows_how_fast_it_went(admin_client: Client, running) -> None:
    end = timezone.now().replace(microsecond=0)
    broadcast = running(state="finished", sent=90, finished_at=end)
    rows = list(Message.objects.filter(broadcast=broadcast).order_by("id"))
    for place, message in enumerate(rows):
        # 60 in the first minute, 30 in the second.
        second = place if place < 60 else 60 + (place - 60) * 2
        message.finished_at = end - timedelta(seconds=119 - second)
    Message.objects.bulk_update(rows, ["finished_at"])

    response = admin_client.get(f"/broadcasts/{broadcast.pk}/")

    speeds = [column.value for column in response.context["chart"].columns]
    assert sum(column.count for column in response.context["course"]) == 90
    assert max(speeds[:30]) == 60
    assert max(speeds[30:]) == 30
    assert len(speeds) <= selectors.MOST_COLUMNS
    assert "<caption>Messages a minute</caption>" in shown(response)
    assert "style=" not in shown(response).split("<main")[1]


def test_what_was_marked_as_sent_later_is_not_in_the_chart(admin_client: Client, running) -> None:
    ended = timezone.now() - timedelta(days=2)
    broadcast = running(state="finished", sent=3, finished_at=ended)
    first, second, _later = Message.objects.filter(broadcast=broadcast).order_by("id")
    Message.objects.filter(pk=first.pk).update(finished_at=ended - timedelta(minutes=5))
    Message.objects.filter(pk=second.pk).update(finished_at=ended)

    columns = admin_client.get(f"/broadcasts/{broadcast.pk}/").context["course"]

    assert sum(column.count for column in columns) == 2


def test_what_was_over_within_a_minute_is_no_chart(admin_client: Client, running) -> None:
    """Three messages in a second would be drawn as 180 a minute."""
    broadcast = running(state="finished", sent=3, finished_at=timezone.now())

    assert 'id="chart"' not in page(admin_client, broadcast)


def test_nothing_sent_is_no_chart(admin_client: Client, running) -> None:
    broadcast = running(state="cancelled", cancelled=2, finished_at=timezone.now())

    assert 'id="chart"' not in page(admin_client, broadcast)


# --- Before it ----------------------------------------------------------------------------------


def test_a_draft_is_shown_as_one_and_its_poll_gets_nothing_new(
    admin_client: Client, make_broadcast
) -> None:
    broadcast = make_broadcast(3)
    address = f"/broadcasts/{broadcast.pk}/"
    response = admin_client.get(address)
    assert "broadcasts/draft.html" in [template.name for template in response.templates]

    poll = {**HTMX, "HX-Target": "draft", "X-Version": response.context["outlook"].version}

    assert admin_client.get(address, headers=poll).status_code == 204
    Broadcast.objects.update(state=BroadcastState.SCHEDULED, scheduled_at=timezone.now())
    assert admin_client.get(address, headers=poll).status_code == 200
