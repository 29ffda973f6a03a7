"""How many conversations there are, and were."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.reports import selectors, services, tasks
from inbox.reports.models import Sample
from inbox.reports.selectors import WAITING
from tests.at_once import at_once
from tests.polls import cost_of_page
from tests.reports.conftest import Put, days_ago
from tests.sandbox_server import Sandbox
from wazime_admin.wazime import client as wazime_client
from wazime_admin.wazime import reading
from wazime_admin.wazime.types import Status

pytestmark = pytest.mark.django_db

ADDRESS = "/reports/?period=7"


def noted(at: datetime, count: int, status: Status = Status.PENDING) -> None:
    Sample.objects.create(at=at, status=status, count=count)


def page(client: Client) -> str:
    return client.get(ADDRESS, headers={"Accept-Language": "en"}).content.decode()


# --- Samples ------------------------------------------------------------------------------------


def test_a_sample_is_what_the_inbox_shows(agent_client: Client, wazime: Sandbox) -> None:
    wazime.settings(behaviour="documented")

    tasks.sample()

    tabs = agent_client.get("/inbox/").context["listing"]["tabs"]
    shown = sorted(tab.count for tab in tabs[1:])
    assert sorted(Sample.objects.values_list("count", flat=True)) == shown
    assert set(Sample.objects.values_list("status", flat=True)) == {1, 2, 3, 4}


@pytest.mark.django_db(transaction=True)
def test_two_clocks_take_one_sample(wazime: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(services.timezone, "now", lambda: now)

    at_once(2, lambda _: services.take_sample())

    assert Sample.objects.count() == 4


@pytest.mark.parametrize(
    ("clock", "quarter"),
    [("12:00:03", "12:00"), ("11:59:59", "12:00"), ("12:06:00", "12:00"), ("12:14:59", "12:15")],
)
def test_it_belongs_to_the_nearest_quarter_of_an_hour(clock: str, quarter: str) -> None:
    moment = datetime.fromisoformat(f"2026-03-01T{clock}+00:00")

    assert services.nearest_quarter(moment) == datetime.fromisoformat(f"2026-03-01T{quarter}+00:00")


def test_while_wazime_is_down_nothing_is_noted(wazime: Sandbox) -> None:
    wazime.add_fault("http_502")

    tasks.sample()

    assert not Sample.objects.exists()


@pytest.mark.usefixtures("redis_server")
def test_a_number_from_before_is_not_noted_as_the_present(
    wazime: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert selectors.waiting()
    services.take_sample()
    Sample.objects.all().delete()
    monkeypatch.setattr(reading, "FRESH", 0.0)
    monkeypatch.setattr(reading, "FORGOTTEN", 0.0)
    wazime.add_fault("http_502")

    services.take_sample()

    assert not Sample.objects.exists()


def test_after_a_year_samples_are_removed(wazime: Sandbox) -> None:
    noted(timezone.now() - timedelta(days=367), 1)
    noted(timezone.now() - timedelta(days=365), 2)

    services.remove_old()

    assert list(Sample.objects.values_list("count", flat=True)) == [2]


# --- Over time ----------------------------------------------------------------------------------


def test_a_gap_is_a_gap_and_no_zero(agent_client: Client, wazime: Sandbox) -> None:
    day = datetime.combine(days_ago(3), datetime.min.time(), UTC) + timedelta(hours=15)
    for hours, count in [(0, 5), (2, 0), (6, 7)]:
        noted(day + timedelta(hours=hours), count)

    context = agent_client.get(ADDRESS).context
    counts = [counts[1] for at, counts in context["course"].rows if at.date() == days_ago(3)]
    chart = context["statuses"][1]["chart"]

    assert counts == [None] * 6 + [5, 0, None, 7, None, None]
    assert chart.path.count("M") == 2
    assert [point.value for point in chart.points] == [5, 0, 7]


def test_the_last_count_of_a_piece_stands_for_it(agent_client: Client, wazime: Sandbox) -> None:
    begin = datetime.combine(days_ago(3), datetime.min.time(), UTC) + timedelta(hours=15)
    noted(begin, 5)
    noted(begin + timedelta(minutes=105), 9)

    course = agent_client.get(ADDRESS).context["course"]

    assert [counts[1] for _, counts in course.rows if counts[1] is not None] == [9]


def test_a_new_installation_has_a_sentence_and_no_chart(
    agent_client: Client, wazime: Sandbox
) -> None:
    shown = page(agent_client)

    assert "is counted every quarter of an hour, from the installation on" in shown
    assert "chart__path" not in shown


def test_while_wazime_is_down_the_page_says_why_and_shows_what_was(
    agent_client: Client, wazime: Sandbox
) -> None:
    noted(timezone.now() - timedelta(days=1), 5)
    wazime.add_fault("http_502")

    shown = page(agent_client)

    assert "WaziMe does not tell how many there are now." in shown
    assert '<strong class="numbers">–</strong>' in shown
    assert "chart__path" in shown


def test_a_file_says_nothing_where_nothing_is_known(agent_client: Client, wazime: Sandbox) -> None:
    at = datetime.combine(days_ago(1), datetime.min.time(), UTC) + timedelta(hours=15)
    noted(at, 1234)

    response = agent_client.get("/reports/conversations.csv?period=7")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()

    assert f"{days_ago(1)} 12:00;;1234;;" in lines
    assert f"{days_ago(1)} 10:00;;;;" in lines


# --- What waits ---------------------------------------------------------------------------------


def test_where_wazime_cannot_look_for_unread_nobody_says_that_there_are_none(
    admin_client: Client, wazime: Sandbox
) -> None:
    tasks.sample()

    context = admin_client.get(ADDRESS).context

    assert [it["count"] == "–" for it in context["statuses"]] == [True, False, False, False]
    assert {counts[0] for _, counts in context["course"].rows} == {None}
    assert context["waits"].rows[0][1] is None


@pytest.mark.parametrize("looked_at", [100, 3])
def test_it_tells_how_long_what_waits_has_been_still(
    wazime: Sandbox, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    wazime.settings(behaviour="documented")
    monkeypatch.setattr(selectors, "LOOKED_AT", looked_at)

    for status, found in selectors.waiting().items():
        every = wazime_client().conversations(status=status, per_page=1000).rows
        still_since = [row.last_message_at for row in every]
        assert found is not None
        assert found.total == len(every) > 3
        assert found.median == still_since[(len(every) - 1) // 2]
        assert found.oldest == min(filter(None, still_since))


def test_few_rows_are_read_however_many_wait(
    wazime: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "LOOKED_AT", 2)

    for found in selectors.waiting().values():
        assert found is not None
        assert found.looked_at <= 6


def test_an_admin_sees_what_waits_and_what_is_not_known(
    admin_client: Client, wazime: Sandbox
) -> None:
    shown = page(admin_client)

    assert "How long customers waited for an answer before is not known." in shown


def test_while_wazime_is_down_nobody_knows_what_waits(
    admin_client: Client, wazime: Sandbox
) -> None:
    wazime.add_fault("http_502")

    assert dict.fromkeys(WAITING) == selectors.waiting()
    assert "What waits now" in page(admin_client)


# --- What it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 12])
def test_an_agents_page(
    agent_client: Client, wazime: Sandbox, put: Put, kept: Any, count: int
) -> None:
    fill(put, count)
    agent_client.get(ADDRESS)

    # session, user; signals; what was counted is kept for a moment
    assert cost_of_page(agent_client, ADDRESS) == 3


@pytest.mark.parametrize("count", [1, 12])
def test_an_admins_page(
    admin_client: Client, wazime: Sandbox, put: Put, kept: Any, broadcast: Any, count: int
) -> None:
    fill(put, count)
    admin_client.get(ADDRESS)

    # The same; the people's names, the broadcasts
    assert cost_of_page(admin_client, ADDRESS) == 5


def fill(put: Put, count: int) -> None:
    for days in range(count):
        put(1 + days % 5)  # not today: it may not be noon yet
        noted(timezone.now() - timedelta(hours=days), days)
