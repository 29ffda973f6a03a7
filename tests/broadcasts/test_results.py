"""What became of each recipient: the table, the file, and the outbox with a broadcast in it."""

import csv
import html
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.broadcasts import selectors
from inbox.broadcasts.models import Broadcast
from inbox.models import Attempt, CancelReason, Decision, Gate, Message, Outcome, State
from inbox.selectors import Signals
from wazime_admin.team.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def english(settings) -> None:
    settings.LANGUAGE_CODE = "en"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


def shown(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def results(client: Client, broadcast: Broadcast, **parameters: object) -> str:
    response = client.get(f"/broadcasts/{broadcast.pk}/results/", parameters)
    assert response.status_code == 200
    return shown(response)


def numbers(text: str) -> list[str]:
    """The last digits of the numbers in the table."""
    return re.findall(r'title="What happened">\+55 11 9\d{4}-(\d{4})<', text)


def table(client: Client, broadcast: Broadcast) -> list[dict[str, str]]:
    """The file as a spreadsheet reads it."""
    response = client.get(f"/broadcasts/{broadcast.pk}/results.csv")
    assert response.status_code == 200
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def attempted(message: Message, outcome: Outcome, **fields: object) -> Attempt:
    Message.objects.filter(pk=message.pk).update(attempt_number=1)
    return Attempt.objects.create(message=message, number=1, outcome=outcome, **fields)


def only(broadcast: Broadcast) -> Message:
    return Message.objects.get(broadcast=broadcast)


# --- The table ----------------------------------------------------------------------------------


def test_it_shows_everybody_in_the_audiences_order(admin_client: Client, running) -> None:
    assert numbers(results(admin_client, running(sent=2, held=1))) == ["0000", "0001", "0002"]


@pytest.mark.parametrize("part", list(selectors.Part))
def test_each_state_has_a_tab_with_its_count(admin_client: Client, running, part: str) -> None:
    broadcast = running(held=1, queued=1, sending=2, sent=2, rejected=2, uncertain=2, cancelled=2)

    text = results(admin_client, broadcast, state=part)

    tab = text.split(f'href="/broadcasts/{broadcast.pk}/results/?state={part}"')[1].split("</a>")[0]
    assert 'aria-current="page"' in tab
    assert '<span class="tabs__count">2</span>' in tab
    assert len(numbers(text)) == 2


@pytest.mark.parametrize(
    "search", ["80000001", "+55 11 98000-0001", "(11) 98000-0001", "11 8000-0001", "980000001"]
)
def test_a_number_is_found_however_it_is_written(
    admin_client: Client, running, search: str
) -> None:
    assert numbers(results(admin_client, running(sent=3), search=search)) == ["0001"]


def test_the_search_keeps_to_the_state_and_the_broadcast(admin_client: Client, running) -> None:
    running(sent=3)
    broadcast = running(sent=1, held=2)

    assert numbers(results(admin_client, broadcast, search="8000000", state="sent")) == ["0000"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"state": "x"},
        {"after": "x"},
        {"after": "-1"},
        {"after": "9" * 40},
        {"search": "\0"},
        {"search": "8" * 200},
    ],
)
def test_what_makes_no_sense_is_left_out(admin_client: Client, running, parameters) -> None:
    assert len(numbers(results(admin_client, running(sent=2), **parameters))) == 2


def test_it_says_when_nobody_is_found(admin_client: Client, running, make_broadcast) -> None:
    broadcast = running(sent=1)

    assert "Nobody found." in results(admin_client, broadcast, search="777")
    assert "Nobody found." in results(admin_client, broadcast, state="uncertain")
    assert "There are no more." in results(admin_client, broadcast, after=10**9)
    assert "This broadcast has no recipients." in results(admin_client, make_broadcast(0))


def test_pages_show_everybody_once(admin_client: Client, running, monkeypatch) -> None:
    monkeypatch.setattr(selectors, "RECIPIENTS_SHOWN", 3)
    broadcast = running(sent=8, held=1)
    address, found = f"/broadcasts/{broadcast.pk}/results/?state=sent", []
    while address:
        text = shown(admin_client.get(address))
        found += numbers(text)
        following = re.search(r'href="(\S+)" rel="next"', text)
        address = following[1] if following else ""

    assert found == [f"{number:04}" for number in range(8)]
    assert f'href="/broadcasts/{broadcast.pk}/results/?state=sent" id="first"' in text


def test_a_search_that_takes_long_says_so_and_goes_on(
    admin_client: Client, running, monkeypatch
) -> None:
    monkeypatch.setattr(selectors, "PORTION", 1)
    monkeypatch.setattr(selectors, "LOOKED_FOR", 0.0)
    broadcast = running(sent=4)
    address, found, pages = f"/broadcasts/{broadcast.pk}/results/?search=0003", [], 0
    while address:
        text = shown(admin_client.get(address))
        found += numbers(text)
        pages += 1
        assert ("Nothing found so far." in text) == (not found)
        further = re.search(r'href="(\S+)" rel="next"', text)
        address = further[1] if further else ""

    assert found == ["0003"]
    assert pages == 2


def test_a_filter_answers_with_the_table_alone(admin_client: Client, running) -> None:
    broadcast = running(sent=1)

    response = admin_client.get(f"/broadcasts/{broadcast.pk}/results/?state=sent", headers=HTMX)

    assert "<html" not in shown(response)
    assert response["HX-Replace-Url"] == f"/broadcasts/{broadcast.pk}/results/?state=sent"


def test_it_asks_a_fixed_number_of_times(admin_client: Client, running) -> None:
    few, many = running(rejected=1), running(rejected=20)
    for message in Message.objects.all():
        attempted(message, Outcome.REJECTED, cause="contact")
    asked = []
    for broadcast in (few, many):
        with CaptureQueriesContext(connection) as queries:
            results(admin_client, broadcast)
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_the_reason_is_told_in_words_and_in_wazimes_own(admin_client: Client, running) -> None:
    broadcast = running(rejected=1)
    attempted(only(broadcast), Outcome.REJECTED, cause="validation", said="<b>No</b> such number.")

    response = admin_client.get(f"/broadcasts/{broadcast.pk}/results/")

    assert "WaziMe did not accept the values." in shown(response)
    assert "&lt;b&gt;No&lt;/b&gt; such number." in response.content.decode()


def test_who_opted_out_got_nothing_for_that_reason(admin_client: Client, running) -> None:
    broadcast = running(cancelled=1)
    Message.objects.update(cancel_reason=CancelReason.OPTED_OUT)

    assert "Opted out" in results(admin_client, broadcast)
    assert table(admin_client, broadcast)[0]["reason"] == "Opted out"


def test_who_was_marked_as_sent_names_who_decided(
    admin_client: Client, admin: User, running
) -> None:
    broadcast = running(sent=1)
    attempted(
        only(broadcast),
        Outcome.UNCERTAIN,
        cause="read_timeout",
        decision=Decision.MARK_SENT,
        decided_by=admin,
    )

    assert "Marked as sent by Clara Reis" in results(admin_client, broadcast)


def test_a_name_is_shown_where_it_is_known(admin_client: Client, running) -> None:
    broadcast = running(held=1)
    Message.objects.update(name="Ana <Souza>")

    assert "Ana <Souza>" in results(admin_client, broadcast)


@pytest.mark.parametrize("state", [State.REJECTED, State.UNCERTAIN])
def test_a_row_leads_to_where_it_is_decided(admin_client: Client, running, state: State) -> None:
    broadcast = running(**{state.value: 1})
    message = only(broadcast)
    attempted(message, Outcome(state.value), cause="contact")
    assert f'href="/inbox/outbox/{message.pk}/"' in results(admin_client, broadcast)

    opened = admin_client.get(f"/inbox/outbox/{message.pk}/", follow=True)

    assert f'name="open" value="{message.pk}"' in shown(opened)
    assert f'action="/inbox/outbox/{message.pk}/resend/"' in shown(opened)


# --- The file -----------------------------------------------------------------------------------


def test_the_file_has_a_row_for_everybody(admin_client: Client, running) -> None:
    broadcast = running(sent=1, rejected=1, held=1)
    refused = Message.objects.get(state=State.REJECTED)
    attempted(refused, Outcome.REJECTED, cause="validation", said="No such number.")
    moment = timezone.now().replace(2026, 3, 9, 12, 30, 15)
    Message.objects.exclude(state=State.HELD).update(finished_at=moment)
    Message.objects.filter(state=State.SENT).update(name="Ana")

    sent, rejected, held = table(admin_client, broadcast)

    assert sent == {
        "mobile_code": "55",
        "mobile": "11980000000",
        "name": "Ana",
        "state": "sent",
        "reason": "",
        "attempts": "1",
        "finished_at": "2026-03-09T12:30:15+00:00",
    }
    assert rejected["state"] == "rejected"
    assert rejected["reason"] == "WaziMe did not accept the values. No such number."
    assert held["state"] == "held"
    assert held["finished_at"] == ""
    assert held["attempts"] == "0"


def test_it_is_a_download(admin_client: Client, running) -> None:
    broadcast = running(sent=1)

    response = admin_client.get(f"/broadcasts/{broadcast.pk}/results.csv")

    assert response["Content-Type"].startswith("text/csv")
    assert f'attachment; filename="broadcast-{broadcast.pk}.csv"' in response["Content-Disposition"]


@pytest.mark.parametrize("nasty", ["=1+1", "+55", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(admin_client: Client, running, nasty: str) -> None:
    broadcast = running(rejected=1)
    Message.objects.update(name=nasty, mobile=nasty)
    attempted(only(broadcast), Outcome.REJECTED, said=nasty)

    [row] = table(admin_client, broadcast)

    for column in ("name", "mobile", "reason"):
        assert row[column].startswith("'"), column
        assert nasty.strip() in row[column]


def test_the_file_asks_once_for_many(admin_client: Client, running, monkeypatch) -> None:
    few, many = running(sent=1), running(sent=400)
    asked = []
    for broadcast in (few, many):
        with CaptureQueriesContext(connection) as queries:
            assert len(table(admin_client, broadcast)) in (1, 400)
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_the_file_takes_few_rows_at_a_time(running) -> None:
    """A file of a hundred thousand rows is never in memory as a whole."""
    broadcast = running(sent=25)
    with CaptureQueriesContext(connection) as queries:
        rows = iter(selectors.every_recipient(broadcast, at_once=10))
        next(rows)

    attempts = [query["sql"] for query in queries if '"inbox_attempt"' in query["sql"]]
    assert len(attempts) == 1
    assert len(list(rows)) == 24


# --- The outbox ---------------------------------------------------------------------------------


@pytest.fixture
def own(admin: User, make_broadcast) -> Message:
    """A message that belongs to no broadcast."""
    [message] = Message.objects.filter(broadcast=make_broadcast(1))
    Message.objects.update(broadcast=None, state=State.REJECTED)
    return message


def outbox(client: Client, **parameters: object) -> Any:
    return client.get("/inbox/outbox/", {"state": "all", **parameters})


def rows(response: Any) -> list[int]:
    return [int(found) for found in re.findall(r'id="outbox-(\d+)"', shown(response))]


def ids(broadcast: Broadcast) -> list[int]:
    found = Message.objects.filter(broadcast=broadcast).order_by("-id")
    return list(found.values_list("id", flat=True))


def test_the_outbox_is_without_broadcasts_at_first(
    admin_client: Client, own: Message, running
) -> None:
    running(rejected=2)

    response = outbox(admin_client)

    assert rows(response) == [own.pk]
    assert [tab["count"] for tab in response.context["outbox"]["tabs"]][:2] == [1, 1]


def test_the_outbox_shows_one_broadcast_or_all(admin_client: Client, own: Message, running) -> None:
    first, second = running(rejected=2, name="Natal"), running(sent=1)

    one = outbox(admin_client, broadcast=first.pk)
    every = outbox(admin_client, broadcast="all")

    assert rows(one) == ids(first)
    assert [tab["count"] for tab in one.context["outbox"]["tabs"]][:2] == [2, 2]
    assert rows(every) == [*ids(second), *ids(first), own.pk]
    assert f'<option value="{first.pk}" selected>Natal</option>' in shown(one)
    assert f'href="/broadcasts/{first.pk}/"' in shown(one)


def test_the_tabs_keep_the_chosen_broadcast(admin_client: Client, running) -> None:
    broadcast = running(sent=1)

    text = shown(outbox(admin_client, broadcast=broadcast.pk))

    assert f'href="/inbox/outbox/?state=sent&broadcast={broadcast.pk}"' in text


@pytest.mark.parametrize("broadcast", ["x", "0", "-1", "9" * 40, "٣", "1 or 1=1"])
def test_a_senseless_broadcast_is_left_out(
    admin_client: Client, own: Message, broadcast: str
) -> None:
    assert rows(outbox(admin_client, broadcast=broadcast)) == [own.pk]


def test_agents_see_of_a_broadcast_only_what_they_wrote(agent_client: Client, running) -> None:
    broadcast = running(rejected=1)

    response = outbox(agent_client, broadcast=broadcast.pk)

    assert rows(response) == []
    assert 'name="broadcast"' not in shown(response).split('<div class="outbox"')[0]


def test_an_old_broadcast_stays_chosen(admin_client: Client, running, monkeypatch) -> None:
    monkeypatch.setattr("inbox.selectors.BROADCASTS_SHOWN", 1)
    old = running(sent=1, name="Velha")
    running(sent=1)

    assert ">Velha</option>" in shown(outbox(admin_client, broadcast=old.pk))
    assert ">Velha</option>" not in shown(outbox(admin_client))


def test_the_navigation_counts_no_broadcasts(admin: User, own: Message, running) -> None:
    running(rejected=2, uncertain=2)

    assert Signals(admin).attention == 1


def test_the_gate_tells_of_those_who_wait_in_broadcasts_too(
    admin: User, own: Message, running, make_broadcast
) -> None:
    Gate.objects.create(pk=1, closed_at=timezone.now() - timedelta(minutes=1), cause="maintenance")
    Message.objects.update(state=State.QUEUED)
    running(held=2, queued=1, sent=1)
    make_broadcast(5)

    assert Signals(admin).waiting == 4
