"""How broadcasts go out: real HTTP to the sandbox, a real Redis, the ledger."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Q
from django.utils import timezone

from contacts.models import OptOut
from inbox import gate, sending
from inbox import services as inbox_services
from inbox.broadcasts import course, pump, services, tasks
from inbox.broadcasts.models import Broadcast, BroadcastState, PauseCause
from inbox.models import Attempt, CancelReason, Decision, Gate, Message, Outcome, State
from inbox.sending import Result
from inbox.services import Conflict
from tests.broadcasts.conftest import MakeBroadcast
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime import client, pacing
from wazime_admin.wazime.errors import Cause

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


def run_for(seconds: float, once: Callable[[], object] = lambda: True) -> None:
    """Work as a worker that is told to end so long after something has happened."""
    ended = threading.Event()

    def end() -> None:
        while not once() and not ended.wait(0.05):
            pass
        ended.wait(seconds)
        pump.stop()

    ending = threading.Thread(target=end)
    ending.start()
    try:
        pump.run()
    finally:
        ended.set()
        ending.join()
        pump._stopping.clear()


def struck(wazime: Sandbox) -> bool:
    return any(rule["struck"] for rule in wazime.faults()["rules"])


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


# --- Who gets it -----------------------------------------------------------------------------


def test_who_opts_out_while_it_runs_gets_nothing(
    make_broadcast: MakeBroadcast, wazime, admin: User
) -> None:
    broadcast = make_broadcast(3, **SENDING)
    gone = Message.objects.first()
    OptOut.objects.create(
        number=gone.number, mobile_code=gone.mobile_code, mobile=gone.mobile, added_by=admin
    )
    pump.run()
    gone.refresh_from_db()
    assert (gone.state, gone.cancel_reason) == (State.CANCELLED, CancelReason.OPTED_OUT)
    assert gone.number not in numbers(wazime)
    assert len(numbers(wazime)) == 2
    assert state_of(broadcast) == BroadcastState.FINISHED


def test_who_opts_out_after_being_released_gets_nothing(
    make_broadcast: MakeBroadcast, wazime, admin: User
) -> None:
    broadcast = make_broadcast(3, **SENDING)
    assert course.release(broadcast, Q(), 3) == 3
    gone = Message.objects.first()
    OptOut.objects.create(
        number=gone.number, mobile_code=gone.mobile_code, mobile=gone.mobile, added_by=admin
    )
    pump.run()
    assert gone.number not in numbers(wazime)
    assert states(broadcast) == {"sent": 2, "cancelled": 1}


def test_nobody_gets_it_at_night_where_they_are(
    make_broadcast: MakeBroadcast, wazime, monkeypatch
) -> None:
    broadcast = make_broadcast(2, **SENDING, quiet_hours=True)
    far = Message.objects.first()
    Message.objects.filter(pk=far.pk).update(time_zone="Asia/Tokyo")
    # 20:30 in São Paulo, 8:30 in the morning in Tokyo; an hour later it is 21:30 and 9:30.
    for hour, awake in ((23, 2), (24, 1)):
        moment = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour, minutes=30)
        where = course.where_awake(broadcast, course.zones_of(broadcast), moment)
        assert Message.objects.filter(where, broadcast=broadcast).count() == awake
    night = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)  # 11:30 in São Paulo, 23:30 in Tokyo
    monkeypatch.setattr(pump.timezone, "now", lambda: night)
    run_for(1.5, once=lambda: numbers(wazime))
    assert len(numbers(wazime)) == 1
    assert far.number not in numbers(wazime)
    assert state_of(broadcast) == BroadcastState.SENDING


def test_a_new_number_becomes_a_contact_first(make_broadcast: MakeBroadcast, wazime) -> None:
    make_broadcast(2, **SENDING, create_contacts=True)
    ana = Message.objects.first()
    Message.objects.filter(pk=ana.pk).update(new_contact={"firstname": "Ana", "lastname": ""})
    pump.run()
    found = client().contacts(search=ana.mobile).rows
    assert [(row.firstname, row.lastname) for row in found] == [("Ana", "WhatsApp")]
    ana.refresh_from_db()
    assert ana.new_contact is None
    assert len(numbers(wazime)) == 2


def test_a_contact_that_has_the_other_form_of_a_number_is_sent_to_in_that_form(
    make_broadcast: MakeBroadcast, wazime
) -> None:
    client().create_contact(
        {"firstname": "Ana", "lastname": "S", "mobile_code": "55", "mobile": "1180000000"}
    )
    make_broadcast(1, **SENDING, create_contacts=True, recipients={"new_contact": {}})
    wazime.add_fault("image_upload_error", endpoints=["contact/store"], times=1)
    pump.run()
    assert numbers(wazime) == ["551180000000"]


def test_without_creating_contacts_it_sends_at_once(make_broadcast: MakeBroadcast, wazime) -> None:
    make_broadcast(2, **SENDING, recipients={"new_contact": {}})
    pump.run()
    assert len(numbers(wazime)) == 2
    assert client().contacts(search="1198000000").rows == ()


def test_at_the_plans_limit_of_contacts_it_pauses_and_can_go_on_without(
    make_broadcast: MakeBroadcast, wazime
) -> None:
    broadcast = make_broadcast(3, **SENDING, create_contacts=True, recipients={"new_contact": {}})
    wazime.settings(contact_limit=1)
    pump.run()
    assert state_of(broadcast) == BroadcastState.PAUSED
    assert broadcast.pause_cause == PauseCause.CONTACT_LIMIT
    assert numbers(wazime) == []
    services.go_on_without_new_contacts(broadcast=broadcast)
    Message.objects.update(not_before=None)
    pump.run()
    assert len(numbers(wazime)) == 3


# --- What answers do --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("http_502", PauseCause.UNCERTAIN), ("image_upload_error", PauseCause.REFUSED)],
)
def test_it_pauses_by_itself(
    make_broadcast: MakeBroadcast, wazime, monkeypatch, fault: str, cause: PauseCause
) -> None:
    monkeypatch.setattr(pump, "THREADS", 2)
    broadcast = make_broadcast(60, **SENDING, rate=500.0)
    wazime.add_fault(fault, endpoints=["inbox/send-template-message"])
    pump.run()
    assert state_of(broadcast) == BroadcastState.PAUSED
    assert broadcast.pause_cause == cause
    tried = Message.objects.filter(attempt_number__gt=0).count()
    assert tried <= {PauseCause.UNCERTAIN: 5, PauseCause.REFUSED: 20}[cause] + 2


def test_refusals_for_many_reasons_do_not_pause_it(make_broadcast: MakeBroadcast, wazime) -> None:
    broadcast = make_broadcast(30, **SENDING, rate=500.0)
    for row in Message.objects.all():
        wazime.add_fault("image_upload_error", numbers=[row.number], message=f"{row.pk}")
    pump.run()
    assert state_of(broadcast) == BroadcastState.FINISHED
    assert states(broadcast) == {"rejected": 30}


def test_a_success_ends_a_run_of_uncertain_answers(
    make_broadcast: MakeBroadcast, wazime, monkeypatch
) -> None:
    monkeypatch.setattr(pump, "THREADS", 1)
    broadcast = make_broadcast(12, **SENDING, rate=500.0)
    for place, row in enumerate(Message.objects.order_by("id")):
        if place % 4:
            wazime.add_fault("http_500", numbers=[row.number])
    pump.run()
    assert state_of(broadcast) == BroadcastState.FINISHED
    assert states(broadcast) == {"sent": 3, "uncertain": 9}


def test_a_closed_gate_holds_it_and_one_recipient_is_the_test(
    make_broadcast: MakeBroadcast, wazime
) -> None:
    broadcast = make_broadcast(5, **SENDING, rate=500.0)
    Gate.objects.create(closed_at=timezone.now(), cause="account")
    run_for(1)
    assert numbers(wazime) == []
    assert gate.try_now() is None
    pump.run()
    assert len(numbers(wazime)) == 5
    assert not gate.closed()
    assert state_of(broadcast) == BroadcastState.FINISHED


def test_a_stop_closes_the_gate_and_loses_nobody(make_broadcast: MakeBroadcast, wazime) -> None:
    broadcast = make_broadcast(40, **SENDING, rate=500.0)
    wazime.add_fault("maintenance", endpoints=["inbox/send-template-message"], times=1)
    run_for(1.5, once=lambda: struck(wazime))
    assert gate.closed()
    assert sum(states(broadcast).values()) == 40
    assert "uncertain" not in states(broadcast)
    assert len(numbers(wazime)) == states(broadcast).get("sent", 0)


def test_a_rate_limit_holds_everybody_off(make_broadcast: MakeBroadcast, wazime) -> None:
    broadcast = make_broadcast(400, **SENDING, rate=500.0)
    wazime.add_fault("rate_limited", endpoints=["inbox/send-template-message"], seconds=60)
    run_for(2, once=lambda: struck(wazime))
    tried = Message.objects.filter(attempt_number__gt=0).count()
    assert 1 <= tried < 400
    assert pacing.take_for_broadcast(broadcast.pk, rate=500.0, at_most=1) == 0
    assert pacing.take_for_reply("5511987654321") == 0
    assert numbers(wazime) == []


def test_contacts_that_cannot_be_created_pause_it(make_broadcast: MakeBroadcast, wazime) -> None:
    broadcast = make_broadcast(
        20, **SENDING, rate=500.0, create_contacts=True, recipients={"new_contact": {}}
    )
    wazime.add_fault("http_500", endpoints=["contact/store"])
    pump.run()
    assert state_of(broadcast) == BroadcastState.PAUSED
    assert broadcast.pause_cause == PauseCause.UNCERTAIN
    assert "uncertain" not in states(broadcast)
    assert numbers(wazime) == []


# --- What people do ---------------------------------------------------------------------------


def test_two_starts_start_it_once(make_broadcast: MakeBroadcast) -> None:
    broadcast = make_broadcast(3)
    services.start(broadcast=broadcast, confirm=3)
    with pytest.raises(Conflict):
        services.start(broadcast=broadcast, confirm=3)


@pytest.mark.parametrize("confirm", [0, 2, 4])
def test_it_does_not_start_with_another_number(make_broadcast: MakeBroadcast, confirm: int) -> None:
    broadcast = make_broadcast(3)
    with pytest.raises(Conflict):
        services.start(broadcast=broadcast, confirm=confirm)
    assert state_of(broadcast) == BroadcastState.DRAFT


def test_it_does_not_start_another_audience_than_the_one_seen(
    make_broadcast: MakeBroadcast,
) -> None:
    broadcast = make_broadcast(3)
    seen = broadcast.building
    Broadcast.objects.update(built_at=timezone.now())
    with pytest.raises(Conflict):
        services.start(broadcast=broadcast, confirm=3, seen=seen)
    broadcast.refresh_from_db()
    services.start(broadcast=broadcast, confirm=3, seen=broadcast.building)


def test_it_starts_at_its_time_once(make_broadcast: MakeBroadcast) -> None:
    later = timezone.now() + timedelta(hours=1)
    broadcast = make_broadcast(3, scheduled_at=later)
    services.start(broadcast=broadcast, confirm=3)
    services.start_due()
    assert state_of(broadcast) == BroadcastState.SCHEDULED
    Broadcast.objects.update(scheduled_at=timezone.now() - timedelta(seconds=1))
    services.start_due()
    assert state_of(broadcast) == BroadcastState.SENDING
    started = broadcast.started_at
    services.start_due()
    assert state_of(broadcast) == BroadcastState.SENDING
    assert broadcast.started_at == started


def test_a_paused_broadcast_sends_nothing_until_it_is_resumed(
    make_broadcast: MakeBroadcast, wazime
) -> None:
    broadcast = make_broadcast(3, **SENDING)
    course.release(broadcast, Q(), 3)
    services.pause(broadcast=broadcast)
    assert states(broadcast) == {"held": 3}
    pump.run()
    assert numbers(wazime) == []
    services.resume(broadcast=broadcast)
    pump.run()
    assert len(numbers(wazime)) == 3


def test_a_cancelled_broadcast_sends_nothing_any_more(
    make_broadcast: MakeBroadcast, wazime
) -> None:
    broadcast = make_broadcast(3, **SENDING)
    services.cancel(broadcast=broadcast)
    with pytest.raises(Conflict):
        services.resume(broadcast=broadcast)
    pump.run()
    assert numbers(wazime) == []
    assert states(broadcast) == {"cancelled": 3}


def test_what_comes_back_after_a_cancel_is_cancelled(make_broadcast: MakeBroadcast, wazime) -> None:
    broadcast = make_broadcast(3, **SENDING)
    course.release(broadcast, Q(), 3)
    attempts = sending.claim(course.ready(broadcast, Q()), 3)
    Attempt.objects.update(started_at=timezone.now() - timedelta(seconds=6))
    services.cancel(broadcast=broadcast)
    for attempt in attempts:
        sending.settle(attempt, Result(Outcome.NOT_NOW, cause=Cause.RATE_LIMIT))
    for _ in range(2):
        tasks.look()
    assert states(broadcast) == {"cancelled": 3}
    assert state_of(broadcast) == BroadcastState.CANCELLED


def test_one_recipient_of_a_cancelled_broadcast_is_sent_to_alone(
    make_broadcast: MakeBroadcast, wazime, admin: User
) -> None:
    broadcast = make_broadcast(5, **SENDING)
    first = Message.objects.first()
    Message.objects.filter(pk=first.pk).update(state=State.UNCERTAIN, attempt_number=1)
    Attempt.objects.create(message=first, number=1, outcome=Outcome.UNCERTAIN)
    services.cancel(broadcast=broadcast)
    services.decide_uncertain(broadcast=broadcast, person=admin, decision=Decision.RESEND, seen=1)
    tasks.look()
    pump.run()
    assert numbers(wazime) == [first.number]
    assert states(broadcast) == {"sent": 1, "cancelled": 4}


@pytest.mark.parametrize("again", ["retry", "decide"])
def test_sending_again_leaves_a_paused_broadcast_paused(
    make_broadcast: MakeBroadcast, wazime, admin: User, again: str
) -> None:
    broadcast = make_broadcast(5, state=BroadcastState.PAUSED)
    first = Message.objects.first()
    state = State.REJECTED if again == "retry" else State.UNCERTAIN
    Message.objects.filter(pk=first.pk).update(state=state, attempt_number=1)
    Attempt.objects.create(message=first, number=1, outcome=Outcome(state.value))
    if again == "retry":
        services.retry(broadcast=broadcast)
    else:
        services.decide_uncertain(
            broadcast=broadcast, person=admin, decision=Decision.RESEND, seen=1
        )
    tasks.look()
    pump.run()
    assert state_of(broadcast) == BroadcastState.PAUSED
    assert numbers(wazime) == []


def test_going_on_without_contacts_changes_nothing_that_is_not_paused(
    make_broadcast: MakeBroadcast,
) -> None:
    broadcast = make_broadcast(1, create_contacts=True)
    with pytest.raises(Conflict):
        services.go_on_without_new_contacts(broadcast=broadcast)
    broadcast.refresh_from_db()
    assert broadcast.create_contacts


def test_cancelling_goes_on_where_it_was_killed(make_broadcast: MakeBroadcast) -> None:
    broadcast = make_broadcast(3, state=BroadcastState.CANCELLED)
    tasks.look()
    assert states(broadcast) == {"cancelled": 3}


def test_the_clock_starts_what_is_due_and_no_other(make_broadcast: MakeBroadcast) -> None:
    due = make_broadcast(1, state=BroadcastState.SCHEDULED, scheduled_at=timezone.now())
    Broadcast.objects.update(scheduled_at=timezone.now() - timedelta(seconds=1))
    draft = make_broadcast(1)
    tasks.look()
    tasks.look()
    assert state_of(due) == BroadcastState.SENDING
    assert state_of(draft) == BroadcastState.DRAFT


def test_retry_takes_only_those_to_whom_it_never_left(
    make_broadcast: MakeBroadcast, wazime
) -> None:
    broadcast = make_broadcast(6, **SENDING)
    rows = list(Message.objects.order_by("id"))
    wazime.add_fault("image_upload_error", numbers=[rows[0].number], times=1)
    wazime.add_fault("http_500", numbers=[rows[1].number], times=1)
    pump.run()
    assert states(broadcast) == {"sent": 4, "rejected": 1, "uncertain": 1}
    assert services.retry(broadcast=broadcast) == 1
    pump.run()
    assert states(broadcast) == {"sent": 5, "uncertain": 1}
    assert rows[1].number not in numbers(wazime)
    with pytest.raises(Conflict):
        services.retry(broadcast=broadcast)


def test_uncertain_recipients_are_decided_at_once(
    make_broadcast: MakeBroadcast, wazime, admin: User
) -> None:
    broadcast = make_broadcast(4, **SENDING)
    for row in Message.objects.order_by("id")[:2]:
        wazime.add_fault("http_500", numbers=[row.number], times=1)
    pump.run()
    how = {"broadcast": broadcast, "person": admin}
    with pytest.raises(Conflict):
        services.decide_uncertain(**how, decision=Decision.RESEND, seen=1)
    assert services.decide_uncertain(**how, decision=Decision.RESEND, seen=2) == 2
    pump.run()
    assert states(broadcast) == {"sent": 4}
    assert len(numbers(wazime)) == 4


def test_one_that_a_person_sends_again_goes_out_after_the_end(
    make_broadcast: MakeBroadcast, wazime, admin: User
) -> None:
    broadcast = make_broadcast(2, **SENDING)
    first = Message.objects.first()
    wazime.add_fault("http_500", numbers=[first.number], times=1)
    pump.run()
    first.refresh_from_db()
    inbox_services.resend(message=first, person=admin, seen_attempt=1)
    services.reopen()
    pump.run()
    assert states(broadcast) == {"sent": 2}
    assert state_of(broadcast) == BroadcastState.FINISHED


# --- Pace ------------------------------------------------------------------------------------


def test_it_keeps_its_rate(make_broadcast: MakeBroadcast, wazime) -> None:
    make_broadcast(30, **SENDING, rate=20.0)
    begun = time.monotonic()
    pump.run()
    # Half a second's worth is there at once.
    assert time.monotonic() - begun > (30 - 10) / 20 - 0.1


def test_two_broadcasts_share_the_rate(make_broadcast: MakeBroadcast, wazime, settings) -> None:
    settings.WAZIME_SEND_RATE = 40.0
    first = make_broadcast(40, **SENDING, rate=40.0)
    second = make_broadcast(40, **SENDING, rate=40.0)
    begun = time.monotonic()
    run_for(0, once=lambda: len(numbers(wazime)) > 50)
    sent = [states(broadcast).get("sent", 0) for broadcast in (first, second)]
    assert min(sent) > 0.7 * max(sent)
    assert sum(sent) <= 40 * (time.monotonic() - begun + 1) + 2


@pytest.mark.parametrize(
    ("total", "wanted", "divided"),
    [
        (20, {1: 20}, {1: 20}),
        (20, {1: 20, 2: 20}, {1: 10, 2: 10}),
        (20, {1: 5, 2: 20}, {1: 5, 2: 15}),
        (30, {1: 20, 2: 4, 3: 20}, {1: 13, 2: 4, 3: 13}),
        (20, {}, {}),
    ],
)
def test_what_one_does_not_want_is_there_for_the_others(total, wanted, divided) -> None:
    assert pacing.shares(total, wanted) == divided


def test_replies_are_taken_before_broadcasts(wazime, settings) -> None:
    settings.WAZIME_SEND_RATE = 10.0
    assert pacing.take_for_broadcast(1, rate=10.0, at_most=100) == 5
    assert pacing.take_for_broadcast(2, rate=10.0, at_most=100) == 5
    assert [pacing.take_for_reply(f"55119{n}") for n in range(20)] == [0] * 20
    assert pacing.take_for_broadcast(3, rate=10.0, at_most=100) == 0
