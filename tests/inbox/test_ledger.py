"""The ledger against a real server: what is sent, what is tried again, what never is."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now
from django.utils import timezone

from inbox import gate, sending, services
from inbox.models import Attempt, Decision, Gate, Message, Outcome, State
from tests.at_once import at_once
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.team.models import User
from wazime_admin.wazime import client, pacing
from wazime_admin.wazime.types import Conversation

pytestmark = pytest.mark.django_db

SEND = ["inbox/send-message"]


@pytest.fixture(autouse=True)
def pace(wazime: Sandbox, redis_server: RedisServer) -> None:
    """Nothing is sent without it."""


def texts(sandbox: Sandbox) -> list[str]:
    return [message["text"] for message in sandbox.accepted()]


@pytest.fixture
def elsewhere(conversation: Conversation) -> Conversation:
    """A conversation with somebody else."""
    rows = client().conversations(per_page=100).rows
    return next(
        row for row in rows if row.contact and row.contact.mobile != conversation.contact.mobile
    )


def number_of(message: Message) -> str:
    return message.mobile_code + message.mobile


def expire() -> None:
    """Let the time of every claim be up, and sweep."""
    Message.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    sending.expire_claims()


def claim(message_id: int) -> Attempt:
    return sending.claim(sending.waiting(message_id))[0]


def only_attempt(message: Message) -> Attempt:
    return message.attempts.get()


# --- Sending ----------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["documented", "observed"])
def test_it_sends_a_queued_message_once(deliver, write, wazime: Sandbox, behaviour: str) -> None:
    wazime.settings(behaviour=behaviour)

    message = deliver(write("Bom dia! 👋🏽\nשלום"))

    assert message.state == State.SENT
    assert message.finished_at is not None
    assert texts(wazime) == ["Bom dia! 👋🏽\nשלום"]
    attempt = only_attempt(message)
    assert attempt.outcome == Outcome.SENT
    assert attempt.ended_at is not None
    assert "success" in attempt.raw


def test_it_does_not_send_a_sent_message_again(deliver, write, wazime: Sandbox) -> None:
    message = deliver(write("Oi"))

    assert sending.deliver(message_id=message.pk) is None
    assert texts(wazime) == ["Oi"]


def test_it_uses_the_chosen_number(deliver, write, wazime: Sandbox) -> None:
    wazime.settings(behaviour="documented")
    chosen = "5511930000002"

    deliver(write("Oi", from_number=chosen))

    assert len(wazime.accepted()) <= 1
    assert Message.objects.get().from_number == chosen


@pytest.mark.django_db(transaction=True)
def test_twenty_workers_with_one_message_send_it_once(write, wazime: Sandbox) -> None:
    message = write("Só uma vez")

    winners = at_once(20, lambda _: sending.deliver(message_id=message.pk) is not None)

    assert sum(winners) == 1
    assert texts(wazime) == ["Só uma vez"]


# --- Outcomes ---------------------------------------------------------------------------------


def test_a_refusal_is_rejected_with_the_reason(deliver, write, wazime: Sandbox) -> None:
    message = write("x")
    Message.objects.update(mobile="")

    assert deliver(message).state == State.REJECTED
    assert "required" in only_attempt(message).said
    assert texts(wazime) == []


@pytest.mark.parametrize("fault", ["http_500", "garbage", "empty", "exception", "drop", "reset"])
@pytest.mark.parametrize("left", [True, False])
def test_what_may_have_left_is_uncertain_and_never_sent_again(
    deliver, write, wazime: Sandbox, fault: str, left: bool
) -> None:
    wazime.add_fault(fault, endpoints=SEND, left=left)

    message = deliver(write("Talvez"))

    assert message.state == State.UNCERTAIN
    wazime.clear_faults()
    assert sending.due_messages() == []
    assert sending.deliver(message_id=message.pk) is None
    assert texts(wazime) == (["Talvez"] if left else [])


def test_a_rate_limit_is_waited_out(deliver, write, wazime: Sandbox) -> None:
    wazime.add_fault("rate_limited", endpoints=SEND, seconds=40, times=1)
    began = timezone.now()

    message = deliver(write("Depois"))

    assert message.state == State.QUEUED
    assert message.not_before >= began + timedelta(seconds=38)
    assert sending.deliver(message_id=message.pk) is None, "too early"
    Message.objects.update(not_before=Now())
    assert deliver(message).state == State.SENT
    assert texts(wazime) == ["Depois"]
    assert [attempt.outcome for attempt in message.attempts.all()] == ["not_now", "sent"]


def test_a_server_that_is_down_is_tried_again(deliver, write, wazime: Sandbox, settings) -> None:
    message = write("Oi")
    address, settings.WAZIME_BASE_URL = settings.WAZIME_BASE_URL, "http://127.0.0.1:9/external-api"

    assert deliver(message).state == State.QUEUED
    assert only_attempt(message).cause == "refused"

    settings.WAZIME_BASE_URL = address
    Message.objects.update(not_before=None)
    assert deliver(message).state == State.SENT


# --- The gate ---------------------------------------------------------------------------------

STOPS = {
    "ip_not_whitelisted": "ip_address",
    "invalid_credentials": "credentials",
    "client_id_missing": "client_id",
    "client_secret_missing": "client_secret",
    "subscription_required": "subscription",
    "not_available": "plan",
    "user_error": "account",
    "maintenance": "maintenance",
}


@pytest.mark.parametrize(("fault", "cause"), STOPS.items())
def test_a_stop_closes_the_gate_and_keeps_the_message(
    deliver, write, elsewhere, wazime: Sandbox, fault: str, cause: str
) -> None:
    wazime.add_fault(fault, endpoints=SEND)
    first, second = write("um"), write("dois", conversation=elsewhere)

    assert deliver(first).state == State.QUEUED
    assert gate.closed().cause == cause
    assert deliver(second).attempt_number == 0, "nothing is claimed behind a closed gate"
    assert sending.due_messages() == []


def test_a_wrong_base_url_closes_the_gate(deliver, write, wazime: Sandbox, settings) -> None:
    message = write("Oi")
    settings.WAZIME_BASE_URL = f"{wazime.url}/extern-api"

    assert deliver(message).state == State.QUEUED
    assert gate.closed().cause == "wrong_path"


def test_while_reads_fail_the_gate_stays_closed(deliver, write, wazime: Sandbox) -> None:
    wazime.add_fault("maintenance")
    message = deliver(write("Já volto"))

    gate.probe()

    assert deliver(message).attempt_number == 1


def test_after_a_good_read_one_message_is_the_test_and_opens_the_gate(
    deliver, write, elsewhere, wazime: Sandbox
) -> None:
    wazime.add_fault("maintenance", times=1)
    first, second = write("um"), write("dois", conversation=elsewhere)
    deliver(first)

    gate.probe()
    assert gate.closed().testing
    assert sending.due_messages() == [first.pk], "the oldest, and it alone"
    test = claim(first.pk)
    assert deliver(second).attempt_number == 0, "the test is under way"
    sending.settle(test, sending.call(test, time.monotonic()))

    assert gate.closed() is None
    assert deliver(second).state == State.SENT
    assert texts(wazime) == ["um", "dois"]


def test_a_rejected_test_opens_the_gate_too(deliver, write, wazime: Sandbox) -> None:
    wazime.add_fault("maintenance", endpoints=SEND, times=1)
    message = deliver(write("um"))
    gate.probe()
    Message.objects.update(mobile="")

    assert deliver(message).state == State.REJECTED
    assert gate.closed() is None


def test_a_message_that_closes_the_gate_twice_after_good_reads_is_rejected(
    deliver, write, elsewhere, wazime: Sandbox
) -> None:
    wazime.add_fault("user_error", endpoints=SEND, numbers=[number_of(write("x"))])
    Message.objects.all().delete()
    poison, healthy = write("veneno"), write("são", conversation=elsewhere)

    for _ in range(3):
        deliver(poison)
        gate.try_now()

    poison.refresh_from_db()
    assert poison.state == State.REJECTED
    assert poison.attempts.last().cause == "account"
    assert deliver(healthy).state == State.SENT
    assert gate.closed() is None


def test_the_test_waits_longer_each_time_it_fails(deliver, write, wazime: Sandbox) -> None:
    wazime.add_fault("maintenance", endpoints=SEND)
    message = deliver(write("Oi"))
    gate.probe()
    deliver(message)

    gate.probe()

    assert not gate.closed().testing, "too early"
    gate.try_now()
    assert gate.closed().testing, "an admin need not wait"


def test_a_test_that_is_put_off_leaves_room_for_another(
    deliver, write, elsewhere, wazime: Sandbox
) -> None:
    wazime.add_fault("maintenance", endpoints=SEND, times=1)
    first, second = write("um"), write("dois", conversation=elsewhere)
    deliver(first)
    gate.probe()
    wazime.add_fault("rate_limited", endpoints=SEND, times=1, seconds=60)
    assert deliver(first).state == State.QUEUED

    assert deliver(second).state == State.SENT
    assert gate.closed() is None


def test_a_test_whose_worker_died_does_not_block_the_gate_for_ever(
    deliver, write, elsewhere, wazime: Sandbox
) -> None:
    wazime.add_fault("maintenance", endpoints=SEND, times=1)
    first, second = write("um"), write("dois", conversation=elsewhere)
    deliver(first)
    gate.probe()
    claim(first.pk)
    expire()
    assert gate.closed()

    gate.try_now()

    assert deliver(second).state == State.SENT
    assert gate.closed() is None


def test_an_answer_from_before_the_opening_cannot_close_the_gate(
    deliver, write, wazime: Sandbox
) -> None:
    wazime.add_fault("maintenance", endpoints=SEND)
    Gate.objects.create(pk=1, opened_at=timezone.now() + timedelta(minutes=1))

    deliver(write("Oi"))

    assert gate.closed() is None


def test_a_run_of_uncertain_answers_closes_the_gate(deliver, write, wazime: Sandbox) -> None:
    wazime.add_fault("http_502", endpoints=SEND)
    messages = [deliver(write(f"Oi {n}")) for n in range(gate.UNCERTAIN_RUN + 3)]

    states = [message.state for message in messages]
    assert states == [State.UNCERTAIN] * gate.UNCERTAIN_RUN + [State.QUEUED] * 3
    assert gate.closed().cause == "server_fault"


def test_a_success_ends_a_run_of_uncertain_answers(deliver, write, wazime: Sandbox) -> None:
    for _ in range(3):
        wazime.add_fault("http_502", endpoints=SEND, times=gate.UNCERTAIN_RUN - 1)
        for _ in range(gate.UNCERTAIN_RUN):
            deliver(write("Oi"))

    assert gate.closed() is None


# --- Pace and patience ------------------------------------------------------------------------


def test_a_message_is_put_off_while_its_recipient_has_had_too_many(
    deliver, write, elsewhere, wazime: Sandbox, redis_server: RedisServer
) -> None:
    message, other = write("Oi"), write("Oi", conversation=elsewhere)
    began = timezone.now()
    for _ in range(pacing.PAIR_BURST):
        assert pacing.take_for_reply(message.number) == 0

    assert deliver(message).state == State.QUEUED

    assert message.not_before > began + timedelta(seconds=4)
    assert message.not_before <= timezone.now() + timedelta(seconds=6)
    assert deliver(other).state == State.SENT, "another recipient does not wait"


def test_nothing_is_sent_without_the_shared_pace(deliver, write, wazime, settings) -> None:
    message = write("Oi")
    settings.REDIS_URL = "redis://127.0.0.1:9/0"

    assert deliver(message).attempt_number == 0
    assert sending.due_messages() == [message.pk]


def test_trying_again_ends_when_its_time_is_up(deliver, write, wazime: Sandbox) -> None:
    wazime.add_fault("rate_limited", endpoints=SEND, seconds=3600)
    message = write("Oi")
    for _ in range(6):
        assert deliver(message).state == State.QUEUED
        Message.objects.update(not_before=None)

    assert deliver(message).state == State.REJECTED
    assert message.attempts.last().cause == "rate_limit"


def test_a_claim_that_is_used_too_late_sends_nothing(deliver, write, wazime: Sandbox) -> None:
    attempt = claim(write("Oi").pk)

    result = sending.call(attempt, time.monotonic() - 6)

    assert result.outcome == Outcome.NOT_NOW
    assert texts(wazime) == []


# --- Order ------------------------------------------------------------------------------------


def test_messages_to_one_customer_go_out_in_order(deliver, write, wazime: Sandbox) -> None:
    first, second = write("um"), write("dois")

    assert sending.deliver(message_id=second.pk) is None, "its turn has not come"
    deliver(first)
    deliver(second)

    assert texts(wazime) == ["um", "dois"]


def test_an_uncertain_message_does_not_hold_back_the_next(deliver, write, wazime: Sandbox) -> None:
    wazime.add_fault("http_500", endpoints=SEND, times=1)
    first, second = write("um"), write("dois")

    assert deliver(first).state == State.UNCERTAIN
    assert deliver(second).state == State.SENT


# --- Recovery ---------------------------------------------------------------------------------


def test_a_claim_whose_process_died_becomes_uncertain(write, wazime: Sandbox) -> None:
    message = write("Oi")
    claim(message.pk)
    assert sending.expire_claims() == 0, "its time is not up yet"
    Message.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))

    assert sending.expire_claims() == 1

    message.refresh_from_db()
    assert message.state == State.UNCERTAIN
    assert only_attempt(message).cause == "process_died"
    assert texts(wazime) == []


def test_an_answer_that_comes_late_settles_its_own_attempt(write, wazime: Sandbox) -> None:
    message = write("Oi")
    attempt = claim(message.pk)
    result = sending.call(attempt, time.monotonic())
    expire()

    sending.settle(attempt, result)

    message.refresh_from_db()
    assert message.state == State.SENT
    assert texts(wazime) == ["Oi"]


def test_a_late_answer_does_not_touch_a_newer_attempt(write, agent: User, wazime: Sandbox) -> None:
    message = write("Oi")
    old = claim(message.pk)
    expire()
    message.refresh_from_db()
    services.resend(message=message, person=agent, seen_attempt=1)
    claim(message.pk)

    sending.settle(old, sending.Result(Outcome.REJECTED, cause="validation"))

    message.refresh_from_db()
    assert (message.state, message.attempt_number) == (State.SENDING, 2)


def test_a_row_whose_task_got_lost_is_found_again(write, wazime: Sandbox) -> None:
    message = write("Oi")
    Message.objects.update(nudged_at=timezone.now())
    assert sending.due_messages() == []

    Message.objects.update(nudged_at=timezone.now() - timedelta(minutes=1))

    assert sending.due_messages() == [message.pk]


# --- Writing ----------------------------------------------------------------------------------


def test_the_same_send_id_is_the_same_message(write, wazime: Sandbox) -> None:
    send_id = uuid4()

    first, again = write("Oi", send_id=send_id), write("Oi", send_id=send_id)

    assert first.pk == again.pk
    assert Message.objects.count() == 1


def test_the_same_send_id_with_another_text_is_a_conflict(write) -> None:
    send_id = uuid4()
    write("Oi", send_id=send_id)

    with pytest.raises(services.Conflict):
        write("Tchau", send_id=send_id)


def test_the_same_send_id_by_another_person_is_a_conflict(write, admin: User) -> None:
    send_id = uuid4()
    write("Oi", send_id=send_id)

    with pytest.raises(services.Conflict):
        write("Oi", send_id=send_id, author=admin)


@pytest.mark.django_db(transaction=True)
def test_twenty_submits_at_once_make_one_message(deliver, write, wazime: Sandbox) -> None:
    send_id = uuid4()

    rows = at_once(20, lambda _: write("Só uma vez", send_id=send_id).pk)

    assert len(set(rows)) == 1
    deliver(Message.objects.get())
    assert texts(wazime) == ["Só uma vez"]


# --- A person decides -------------------------------------------------------------------------


@pytest.fixture
def uncertain(deliver, write, wazime: Sandbox) -> Message:
    wazime.add_fault("drop", endpoints=SEND, times=1, left=False)
    return deliver(write("Talvez"))


def test_its_author_sends_an_uncertain_message_again(
    deliver, uncertain, agent, wazime: Sandbox
) -> None:
    services.resend(message=uncertain, person=agent, seen_attempt=1)

    assert deliver(uncertain).state == State.SENT
    assert texts(wazime) == ["Talvez"]
    attempt = uncertain.attempts.get(number=1)
    assert (attempt.decision, attempt.decided_by) == (Decision.RESEND, agent)


def test_its_author_marks_an_uncertain_message_as_sent(uncertain, agent, wazime) -> None:
    services.mark_sent(message=uncertain, person=agent, seen_attempt=1)

    uncertain.refresh_from_db()
    assert uncertain.state == State.SENT
    assert uncertain.attempts.get().decided_by == agent
    assert texts(wazime) == []


def test_an_admin_decides_about_everybodys_messages(uncertain, admin: User) -> None:
    services.mark_sent(message=uncertain, person=admin, seen_attempt=1)


def test_another_agent_may_not_decide(uncertain, other_agent: User) -> None:
    for decide in (services.resend, services.mark_sent, services.cancel):
        with pytest.raises(PermissionDenied):
            decide(message=uncertain, person=other_agent, seen_attempt=1)


def test_the_slower_of_two_decisions_is_told(uncertain, agent: User, admin: User) -> None:
    services.resend(message=uncertain, person=agent, seen_attempt=1)

    with pytest.raises(services.Conflict):
        services.mark_sent(message=uncertain, person=admin, seen_attempt=1)


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_send_again_at_once_one_is_told(
    deliver, uncertain, agent: User, admin: User, wazime: Sandbox
) -> None:
    def send_again(place: int) -> str:
        try:
            services.resend(message=uncertain, person=(agent, admin)[place], seen_attempt=1)
        except services.Conflict:
            return "told"
        return "done"

    assert sorted(at_once(2, send_again)) == ["done", "told"]
    deliver(uncertain)
    assert sending.deliver(message_id=uncertain.pk) is None
    assert texts(wazime) == ["Talvez"]


def test_a_sent_message_cannot_be_sent_again(deliver, write, agent: User, wazime: Sandbox) -> None:
    message = deliver(write("Oi"))

    with pytest.raises(services.Conflict):
        services.resend(message=message, person=agent, seen_attempt=1)


def test_a_cancelled_message_never_leaves(deliver, write, agent: User, wazime: Sandbox) -> None:
    message = write("Não")

    services.cancel(message=message, person=agent, seen_attempt=0)

    assert sending.deliver(message_id=message.pk) is None
    message.refresh_from_db()
    assert message.state == State.CANCELLED
    assert texts(wazime) == []


def test_a_rejected_message_can_be_left_unsent(deliver, write, agent, wazime: Sandbox) -> None:
    wazime.add_fault("image_upload_error", endpoints=SEND, times=1)
    message = deliver(write("Não faz mal"))

    services.cancel(message=message, person=agent, seen_attempt=1)

    assert deliver(message).state == State.CANCELLED
    assert texts(wazime) == []


def test_an_uncertain_message_cannot_be_cancelled(uncertain, agent: User) -> None:
    with pytest.raises(services.Conflict):
        services.cancel(message=uncertain, person=agent, seen_attempt=1)


def test_a_sent_message_cannot_be_cancelled(deliver, write, agent: User, wazime: Sandbox) -> None:
    message = deliver(write("Oi"))

    with pytest.raises(services.Conflict):
        services.cancel(message=message, person=agent, seen_attempt=1)
