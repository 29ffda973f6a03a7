"""What was written here, as the reports count it."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox import gate
from inbox.broadcasts.models import Broadcast
from inbox.models import Kind, Message, State
from inbox.reports import selectors
from inbox.reports.periods import Period
from inbox.reports.selectors import Written
from tests.reports.conftest import Put, days_ago
from wazime_admin.team.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("wazime")]

ADDRESS = "/reports/"


def written(client: Client, query: str = "?period=7") -> Written:
    return client.get(ADDRESS + query).context["written"]


def rows(client: Client, name: str, query: str = "?period=7") -> list[list[str]]:
    """A file's rows below its header."""
    response = client.get(f"{ADDRESS}{name}.csv{query}")
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))[1:]


# --- When ---------------------------------------------------------------------------------------


def test_half_past_eleven_at_night_is_that_day_and_hour(admin_client: Client, put: Put) -> None:
    put(3, "23:30")

    found = written(admin_client)

    assert found.by_day[days_ago(3)] == 1
    assert found.by_day[days_ago(2)] == 0
    assert found.by_hour[23] == 1


@pytest.mark.parametrize(
    ("zone", "days", "hour"), [("UTC", 2, 2), ("Asia/Kolkata", 2, 8), ("America/Manaus", 3, 22)]
)
def test_days_and_hours_are_the_readers(
    admin_client: Client, put: Put, zone: str, days: int, hour: int
) -> None:
    put(3, "23:40")
    admin_client.cookies["tz"] = zone

    found = written(admin_client)

    assert found.by_day[days_ago(days)] == 1
    assert found.by_hour[hour] == 1


def test_only_the_days_that_were_asked_for_count(admin_client: Client, put: Put) -> None:
    for days, clock in [(6, "23:59"), (5, "00:00"), (4, "23:59"), (3, "00:00")]:
        put(days, clock)

    found = written(admin_client, f"?period=dates&since={days_ago(5)}&until={days_ago(4)}")

    assert found.by_day == {days_ago(5): 1, days_ago(4): 1}
    assert found.total == 2


def test_what_has_just_been_written_counts(admin_client: Client, put: Put) -> None:
    put(created_at=timezone.now() - timedelta(seconds=1))

    assert written(admin_client).total == 1


@pytest.mark.parametrize("query", ["", "?period=x", "?period=7&since=y", "?period=dates&since=0"])
def test_no_address_is_an_error(admin_client: Client, query: str) -> None:
    assert admin_client.get(ADDRESS + query).status_code == 200


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", 29, 0),
        ("?period=90", 89, 0),
        ("?period=dates&since=1999-01-01", 29, 0),
        ("?period=dates&since=2000-01-01", 365, 0),
        ("?period=dates&until=2999-01-01", 29, 0),
    ],
)
def test_it_shows_whole_days_up_to_today(
    admin_client: Client, query: str, first: int, last: int
) -> None:
    period = admin_client.get(ADDRESS + query).context["period"]

    assert (period.first, period.last) == (days_ago(first), days_ago(last))


def test_a_time_that_ends_before_it_begins_is_its_last_day(admin_client: Client) -> None:
    query = f"?period=dates&since={days_ago(2)}&until={days_ago(4)}"

    period = admin_client.get(ADDRESS + query).context["period"]

    assert (period.first, period.last) == (days_ago(4), days_ago(4))


# --- What ---------------------------------------------------------------------------------------


def test_it_counts_kinds_and_people_and_outcomes(
    admin_client: Client, put: Put, other_agent: User
) -> None:
    put(kind=Kind.IMAGE)
    put(state=State.UNCERTAIN)
    put(author=other_agent, state=State.REJECTED)
    put(author=other_agent, state=State.QUEUED)
    put(author=other_agent)

    assert rows(admin_client, "kinds") == [["Texto", "4"], ["Imagem", "1"]]
    # Messages; sent, not sent, perhaps, cancelled, not yet
    assert rows(admin_client, "people") == [
        ["Bruno Lima", "3", "1", "1", "0", "0", "1"],
        ["Ana Souza", "2", "1", "0", "1", "0", "0"],
    ]
    assert [count for _, count in rows(admin_client, "outcomes")] == ["2", "1", "1", "0", "0", "1"]


def test_recipients_of_broadcasts_are_counted_by_themselves(
    admin_client: Client, put: Put, broadcast: Broadcast
) -> None:
    put(1, broadcast=broadcast)
    put(1, broadcast=broadcast, state=State.REJECTED)
    put(1, broadcast=broadcast, state=State.CANCELLED)

    [row] = rows(admin_client, "broadcasts")

    assert written(admin_client).total == 0
    assert [row[0], *row[2:]] == ["Novidades", "3", "1", "1", "0", "1", "0"]


def test_a_broadcast_of_another_time_is_not_shown(
    admin_client: Client, broadcast: Broadcast
) -> None:
    assert rows(admin_client, "broadcasts", f"?period=dates&until={days_ago(5)}") == []


def test_it_never_says_delivered(admin_client: Client, put: Put) -> None:
    put()

    page = admin_client.get(ADDRESS, headers={"Accept-Language": "en"}).content.decode()

    assert "Whether it arrived WaziMe does not tell." in page
    assert "delivered" not in page.lower()


def test_nothing_written_is_a_sentence_and_no_chart(admin_client: Client) -> None:
    page = admin_client.get(ADDRESS, headers={"Accept-Language": "en"}).content.decode()

    assert "Nothing was written in this time." in page
    assert "chart__column" not in page


# --- A large ledger -----------------------------------------------------------------------------


def look_again() -> None:
    """As after a while: the page is counted anew."""
    cache.delete_pattern("reports:written:*")


@pytest.mark.usefixtures("kept")
def test_a_day_that_is_over_is_counted_once(admin_client: Client, put: Put) -> None:
    put(30)
    put(3)
    admin_client.get(f"{ADDRESS}?period=90")
    look_again()

    with CaptureQueriesContext(connection) as queries:
        assert written(admin_client, "?period=90").total == 2

    days = [each for each in queries if 'AS "quarter"' in each["sql"]]
    assert 1 <= len(days) <= 2  # today's, and yesterday's in the first hour of a day in UTC


@pytest.mark.usefixtures("kept")
def test_what_was_decided_later_counts_in_a_day_that_is_over(
    admin_client: Client, put: Put
) -> None:
    message = put(3, state=State.UNCERTAIN)
    assert written(admin_client).outcomes.uncertain == 1

    Message.objects.filter(pk=message.pk).update(state=State.SENT)
    look_again()

    outcomes = written(admin_client).outcomes
    assert (outcomes.sent, outcomes.uncertain) == (1, 0)


@pytest.mark.usefixtures("kept")
def test_a_restored_ledger_is_counted_anew(admin_client: Client, put: Put) -> None:
    message = put(3)
    assert written(admin_client).total == 1

    message.delete()
    gate.begin_epoch("6f1ed002-ab5f-4f0c-8f0c-0d5a6f3b7a11")
    look_again()

    assert written(admin_client).total == 0


@pytest.mark.usefixtures("kept")
def test_nobody_has_to_wait_for_the_first_count(put: Put) -> None:
    put(3)
    selectors.count_settled_days()
    period = Period("7", days_ago(6), days_ago(2))

    with CaptureQueriesContext(connection) as queries:
        assert selectors.written(period).total == 1

    assert not [each for each in queries if 'AS "quarter"' in each["sql"]]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="of few rows PostgreSQL reads all")
def test_a_day_is_found_by_the_index_of_days(put: Put) -> None:
    put(3)

    with CaptureQueriesContext(connection) as queries:
        assert selectors.written(Period("7", days_ago(6), days_ago(0))).total == 1

    days = [each["sql"] for each in queries if 'AS "quarter"' in each["sql"]]
    assert days
    with connection.cursor() as cursor:
        for sql in days:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "USING INDEX ledger_written" in cursor.fetchall()[0][3]


# --- Who may see what ---------------------------------------------------------------------------


def test_an_agent_sees_their_own(
    agent_client: Client, agent: User, put: Put, other_agent: User, broadcast: Broadcast
) -> None:
    put(kind=Kind.IMAGE)
    put(state=State.UNCERTAIN, author=other_agent)

    response = agent_client.get(f"{ADDRESS}?period=7")
    page = response.content.decode()

    assert response.context["written"].total == 1
    assert rows(agent_client, "kinds") == [["Imagem", "1"]]
    assert sum(int(count) for _, count in rows(agent_client, "days")) == 1
    assert sum(int(count) for _, count in rows(agent_client, "hours")) == 1
    assert sum(int(count) for _, count in rows(agent_client, "outcomes")) == 1
    assert "Bruno" not in page
    assert broadcast.name not in page
    assert response.context.get("people") is None


@pytest.mark.parametrize("name", ["people", "broadcasts", "waiting"])
def test_an_agent_gets_no_file_of_others(agent_client: Client, name: str) -> None:
    assert agent_client.get(f"{ADDRESS}{name}.csv").status_code == 403


@pytest.mark.parametrize("name", ["kinds", "people", "hours", "conversations"])
def test_nobody_sees_it_without_a_login(client: Client, name: str, db: None) -> None:
    assert client.get(ADDRESS).status_code == 302
    assert client.get(f"{ADDRESS}{name}.csv").status_code == 302


def test_there_is_no_other_file(admin_client: Client) -> None:
    assert admin_client.get(f"{ADDRESS}messages.csv").status_code == 404


def test_nothing_can_be_posted(admin_client: Client) -> None:
    assert admin_client.post(ADDRESS).status_code == 405


def test_both_find_it_in_the_navigation(admin_client: Client, agent_client: Client) -> None:
    for client in (admin_client, agent_client):
        assert 'href="/reports/" aria-current="page"' in client.get(ADDRESS).content.decode()


# --- Files --------------------------------------------------------------------------------------


def test_a_name_is_no_formula(
    admin_client: Client, put: Put, broadcast: Broadcast, other_agent: User
) -> None:
    User.objects.filter(pk=other_agent.pk).update(first_name="=HYPERLINK(1)", last_name="")
    Broadcast.objects.update(name="@SUM(1)")
    put(author=other_agent)

    assert rows(admin_client, "people")[0][0] == "'=HYPERLINK(1)"
    assert rows(admin_client, "broadcasts")[0][0] == "'@SUM(1)"


def test_a_file_has_numbers_as_numbers_and_days_as_days(
    admin_client: Client, put: Put, monkeypatch: Any
) -> None:
    for _ in range(2):
        put(2)

    assert rows(admin_client, "days")[-3] == [days_ago(2).isoformat(), "2"]


def test_numbers_are_written_as_the_reader_does(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, put: Put
) -> None:
    put()
    counted = selectors._count
    monkeypatch.setattr(
        selectors,
        "_count",
        lambda *given: {
            author: {kind: dict.fromkeys(quarters, 1234) for kind, quarters in kinds.items()}
            for author, kinds in counted(*given).items()
        },
    )

    for language, number in [("pt-br", "1.234"), ("en", "1,234"), ("es", "1\xa0234")]:
        page = admin_client.get(ADDRESS, headers={"Accept-Language": language}).content.decode()
        assert f'<strong class="numbers">{number}</strong>' in page
