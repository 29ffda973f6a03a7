"""WaziMe's history and the ledger as one thread: each message once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from inbox.history import Line, dated, edge, merge
from inbox.models import Attempt, Kind, Media, Message, Outcome, State
from wazime_admin.team.models import User
from wazime_admin.wazime.types import HistoryMessage, MessageKind, Place, Sender

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
TEXT, IMAGE = MessageKind.TEXT, MessageKind.IMAGE
Tried = Callable[..., Message]


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def tried(agent: User) -> Tried:
    """A message of the ledger that was tried once: `tried("Oi", 0)`, at so many seconds."""

    def put(text: str = "", begun: float = 0, **more: Any) -> Message:
        outcome, message_id = more.pop("outcome", Outcome.SENT), more.pop("message_id", None)
        took = more.pop("took", 2)
        if name := more.pop("name", None):
            file = {"content_type": "image/png", "size": 1, "sha256": ""}
            more["media"] = Media.objects.create(name=name, **file)
        message = Message.objects.create(
            **{"send_id": uuid4(), "author": agent, "text": text, "state": State.SENT, **more}
        )
        Attempt.objects.create(
            message=message,
            number=1,
            started_at=at(begun),
            ended_at=at(begun + took) if outcome else None,
            outcome=outcome,
            raw=json.dumps({"data": {"message": {"id": message_id}}}) if message_id else "",
        )
        return message

    return put


def recorded(row_id: int, text: str = "", seconds: float = 1, **more: Any) -> HistoryMessage:
    row = {"sender": Sender.US, "kind": TEXT, "text": text, "created_at": at(seconds)}
    return HistoryMessage(row_id, **{**row, **more})


def shown(lines: list[Line]) -> list[tuple[int | None, int | None]]:
    """The ids of message and row, oldest first."""
    return [(line.message and line.message.pk, line.row and line.row.id) for line in lines]


@pytest.mark.parametrize(
    ("ours", "row"),
    [
        ({"text": "Oi"}, {"text": "Oi"}),
        ({"text": "Oi\r\nAna "}, {"text": "Oi\nAna"}),
        ({"text": "Oi"}, {"text": "Oi", "kind": None}),
        ({"kind": Kind.IMAGE, "name": "a.png", "text": "Veja"}, {"kind": IMAGE, "text": "Veja"}),
        ({"kind": Kind.IMAGE, "name": "a.png"}, {"kind": IMAGE, "filename": "a.png"}),
        ({"kind": Kind.AUDIO, "name": "a.ogg", "text": "x"}, {"kind": MessageKind.AUDIO}),
        (
            {"kind": Kind.LOCATION, "fields": {"latitude": "-23.50", "longitude": "-46.6"}},
            {"kind": MessageKind.LOCATION, "place": Place("-23.5", "-46.60000001")},
        ),
        ({"kind": Kind.CTA_URL, "text": "Abra"}, {"kind": MessageKind.BUTTON, "text": "Abra"}),
        ({"kind": Kind.TEMPLATE, "text": "Oi {{1}}"}, {"text": "Oi Ana"}),
    ],
)
def test_what_is_in_both_is_shown_once(tried: Tried, ours: Any, row: Any) -> None:
    message = tried(**ours)

    assert shown(merge([message], [recorded(7, **row)])) == [(message.pk, 7)]


@pytest.mark.parametrize(
    ("ours", "row"),
    [
        ({"text": "Oi"}, {"text": "Olá"}),
        ({"text": "Oi"}, {"text": "Oi", "sender": Sender.CUSTOMER}),
        ({"text": "Oi"}, {"text": "Oi", "kind": IMAGE}),
        ({"text": "Oi"}, {"text": "Oi", "seconds": -60}),
        ({"text": "Oi"}, {"text": "Oi", "seconds": 3600}),
        ({"text": "Oi", "outcome": Outcome.REJECTED}, {"text": "Oi"}),
        ({"text": "Oi", "outcome": Outcome.NOT_NOW}, {"text": "Oi"}),
        ({"kind": Kind.IMAGE, "name": "a.png"}, {"kind": IMAGE, "filename": "b.png"}),
        (
            {"kind": Kind.LOCATION, "fields": {"latitude": "-23.5", "longitude": "-46.6"}},
            {"kind": MessageKind.LOCATION, "place": Place("-23.6", "-46.6")},
        ),
        (
            {"kind": Kind.TEMPLATE, "text": "Oi", "outcome": Outcome.UNCERTAIN},
            {"text": "Oi"},
        ),
        (
            {"kind": Kind.IMAGE, "name": "a.png", "outcome": Outcome.UNCERTAIN},
            {"kind": IMAGE},
        ),
        (
            {"kind": Kind.IMAGE, "name": "a.png", "outcome": Outcome.UNCERTAIN},
            {"kind": None},
        ),
        (
            {"kind": Kind.IMAGE, "name": "a.png", "text": "Oi", "outcome": Outcome.UNCERTAIN},
            {"text": "Oi", "kind": None},
        ),
    ],
)
def test_what_is_not_the_same_is_shown_apart(tried: Tried, ours: Any, row: Any) -> None:
    message = tried(**ours)

    assert sorted(shown(merge([message], [recorded(7, **row)])), key=str) == sorted(
        [(message.pk, None), (None, 7)], key=str
    )


def test_the_same_words_are_matched_in_order(tried: Tried) -> None:
    first, second = tried("ok", 0), tried("ok", 5)

    lines = merge([first, second], [recorded(9, "ok", 6), recorded(8, "ok", 1)])

    assert shown(lines) == [(first.pk, 8), (second.pk, 9)]


def test_a_row_is_found_for_one_message_only(tried: Tried) -> None:
    first, second = tried("ok", 0), tried("ok", 5)

    lines = merge([first, second], [recorded(8, "ok", 6)])

    assert shown(lines) == [(second.pk, None), (first.pk, 8)]


def test_what_was_certainly_sent_comes_before_what_nobody_knows(tried: Tried) -> None:
    uncertain = tried("ok", 0, outcome=Outcome.UNCERTAIN, state=State.UNCERTAIN)
    sent = tried("ok", 5)

    lines = merge([uncertain, sent], [recorded(8, "ok", 6)])

    assert shown(lines) == [(uncertain.pk, None), (sent.pk, 8)]


def test_what_nobody_knows_is_found(tried: Tried) -> None:
    message = tried("Oi", outcome=Outcome.UNCERTAIN, state=State.UNCERTAIN, took=60)

    assert shown(merge([message], [recorded(7, "Oi", 45)])) == [(message.pk, 7)]


def test_a_file_of_which_nobody_knows_is_found_by_its_name(tried: Tried) -> None:
    message = tried(kind=Kind.IMAGE, name="a.png", outcome=Outcome.UNCERTAIN)

    lines = merge([message], [recorded(7, kind=IMAGE), recorded(8, kind=IMAGE, filename="a.png")])

    assert shown(lines) == [(None, 7), (message.pk, 8)]


def test_what_is_under_way_is_not_shown_as_sent_from_elsewhere(tried: Tried) -> None:
    message = tried("Oi", outcome="", state=State.SENDING)

    assert shown(merge([message], [recorded(7, "Oi")])) == [(message.pk, 7)]


def test_clocks_may_differ_where_wazime_told_the_id(tried: Tried) -> None:
    message = tried("Oi", message_id="7")

    assert shown(merge([message], [recorded(7, "Oi", 7200)])) == [(message.pk, 7)]


def test_an_id_that_is_another_messages_says_nothing(tried: Tried) -> None:
    message = tried("Oi", message_id=7)

    assert shown(merge([message], [recorded(7, "Olá", 5)])) == [(message.pk, None), (None, 7)]


def test_a_message_that_was_sent_again_and_arrived_twice_is_one(tried: Tried) -> None:
    message = tried("Oi", outcome=Outcome.UNCERTAIN)
    again = {"started_at": at(60), "ended_at": at(61), "outcome": Outcome.SENT}
    Attempt.objects.create(message=message, number=2, **again)

    lines = merge([message], [recorded(7, "Oi", 1), recorded(8, "Oi", 61)])

    assert shown(lines) == [(message.pk, 8)]


def test_question_and_answer_stand_in_order(tried: Tried) -> None:
    answer = tried("Sim", 60)
    question = recorded(7, "Tem?", 30, sender=Sender.CUSTOMER)
    thanks = recorded(9, "Obrigado", 90, sender=Sender.CUSTOMER)

    lines = merge([answer], [thanks, recorded(8, "Sim", 61), question])

    assert shown(lines) == [(None, 7), (answer.pk, 8), (None, 9)]


def test_nothing_of_the_ledger_is_missing(tried: Tried) -> None:
    messages = [tried("Oi", second, outcome=Outcome.REJECTED) for second in range(3)]

    assert [line.message for line in merge(messages, [])] == messages


def test_of_whom_nobody_knows_the_sender_is_left_out() -> None:
    assert merge([], [recorded(7, "Oi", sender=None)]) == []


def test_a_row_that_comes_twice_is_shown_once() -> None:
    assert shown(merge([], [recorded(7, "Oi"), recorded(7, "Oi")])) == [(None, 7)]


def test_what_has_no_time_stands_where_wazime_lists_it() -> None:
    rows = [recorded(9, "c", 9), recorded(8, "b", created_at=None), recorded(7, "a", 7)]

    assert [row.text for row in dated(rows)] == ["a", "b", "c"]
    assert [row.created_at for row in dated(rows[1:2])] == []


def test_the_edge_is_where_the_newest_begin() -> None:
    rows = [recorded(9, "c", 9), recorded(8, "b", 8), recorded(7, "a", 7)]

    assert edge(rows, 2) == (at(8), 8)
    assert edge(rows, 50) == (at(7), 7)
    assert edge([], 2) is None
