"""What Prometheus reads: how the installation is doing, in numbers.

Asked for every few seconds for years, so nothing here costs more the more there is: it looks at
what waits or needs somebody, counts no further than COUNTED, and reads what was counted on the way.
"""

from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector
from redis import RedisError

from inbox import gate
from inbox.broadcasts import selectors
from inbox.broadcasts.models import Broadcast, BroadcastState
from inbox.models import NO_BROADCAST, UNDECIDED, UNFINISHED, Message, Outcome, State
from wazime_admin.connection import checks
from wazime_admin.wazime import counting

COUNTED = 10_000
QUEUES = ("replies", "broadcasts", "celery")
BEGUN = (BroadcastState.SCHEDULED, BroadcastState.SENDING, BroadcastState.PAUSED)


def render() -> bytes:
    """All of it as Prometheus's text format; what is away is missing, and its `up` is 0."""
    registry = CollectorRegistry()
    registry.register(_Installation())
    return generate_latest(registry)


class _Installation(Collector):
    def collect(self) -> Iterator[Metric]:
        yield _gauge(
            "wazime_send_rate_limit", "Messages a second at most.", settings.WAZIME_SEND_RATE
        )
        try:
            yield from [*_gate(), *_messages(), *_broadcasts(), _up("database", True)]
        except DatabaseError:
            yield _up("database", False)
        try:
            counts = counting.counts()
            yield from [*_calls(counts), _attempts(counts), *_workers(), _up("redis", True)]
        except RedisError:
            yield _up("redis", False)


def _gate() -> Iterator[Metric]:
    shut = gate.closed()
    yield _gauge("wazime_gate_open", "Whether messages may be sent.", shut is None)
    closed = GaugeMetricFamily(
        "wazime_gate_closed_seconds", "Since when nothing is sent, and why.", labels=["cause"]
    )
    if shut and shut.closed_at:
        closed.add_metric([shut.cause], (timezone.now() - shut.closed_at).total_seconds())
    yield closed


def _messages() -> Iterator[Metric]:
    written = Message.objects.filter(NO_BROADCAST).order_by()
    messages = GaugeMetricFamily(
        "wazime_messages",
        f"Messages outside of broadcasts that wait or need somebody, at most {COUNTED}.",
        labels=["state"],
    )
    for state in (*UNFINISHED, *UNDECIDED):
        messages.add_metric([state], written.filter(state=state)[:COUNTED].count())
    yield messages
    oldest = written.filter(state=State.QUEUED).order_by("id").first()
    waits = (timezone.now() - oldest.created_at).total_seconds() if oldest else 0
    yield _gauge("wazime_oldest_queued_seconds", "Since when the oldest of them is queued.", waits)


def _broadcasts() -> Iterator[Metric]:
    broadcasts = GaugeMetricFamily("wazime_broadcasts", "Broadcasts begun.", labels=["state"])
    begun = Broadcast.objects.filter(state__in=BEGUN).order_by()
    found = dict(begun.values_list("state").annotate(Count("id")))
    for state in BEGUN:
        broadcasts.add_metric([state], found.get(state, 0))
    yield broadcasts
    sending = Broadcast.objects.filter(state=BroadcastState.SENDING)
    left = sum(counts.left for counts in selectors.counts_of(sending).values())
    yield _gauge("wazime_recipients_left", "Recipients of the broadcasts being sent.", left)


def _calls(counts: counting.Counts) -> Iterator[Metric]:
    calls = CounterMetricFamily(
        "wazime_api_calls", "Calls of WaziMe's API.", labels=["endpoint", "result"]
    )
    seconds = SummaryMetricFamily("wazime_api_seconds", "How long they took.", labels=["endpoint"])
    made: dict[str, float] = {}
    for (name, *labels), count in counts.items():
        if name == counting.CALLS:
            calls.add_metric(labels, count)
            made[labels[0]] = made.get(labels[0], 0) + count
    for endpoint, count in made.items():
        total = counts.get((counting.SECONDS, endpoint), 0.0)
        seconds.add_metric([endpoint], count_value=int(count), sum_value=total)
    yield from (calls, seconds)


def _attempts(counts: counting.Counts) -> Metric:
    attempts = CounterMetricFamily(
        "wazime_attempts", "Attempts to send a message that ended.", labels=["outcome"]
    )
    for outcome in Outcome:
        attempts.add_metric([outcome], counts.get((counting.ATTEMPTS, outcome), 0.0))
    return attempts


def _workers() -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "wazime_queued_tasks", "Tasks that no worker has taken yet.", labels=["queue"]
    )
    lengths, heartbeat = checks.read_queues(QUEUES)
    for queue, length in lengths.items():
        waiting.add_metric([queue], length)
    yield waiting
    if heartbeat:
        yield _gauge(
            "wazime_heartbeat_timestamp_seconds",
            "When a worker last did what beat asked for.",
            heartbeat.timestamp(),
        )


def _up(what: str, is_up: bool) -> Metric:
    return _gauge(f"wazime_{what}_up", f"Whether the {what} answers.", is_up)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)
