"""Whether WaziMe has a history: asked seldom, whoever looks."""

import pytest
from pytest_django.fixtures import Settings

from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.wazime import client, offers

HISTORY = "inbox/conversation-messages"


@pytest.fixture
def conversation_id(wazime: Sandbox) -> int:
    return client().conversations(per_page=1).rows[0].id


def asked(wazime: Sandbox) -> int:
    return wazime.calls().get(HISTORY, 0)


@pytest.mark.parametrize("behaviour", ["documented", "observed"])
@pytest.mark.parametrize("history", [True, False])
def test_it_finds_out_once(
    wazime: Sandbox,
    redis_server: RedisServer,
    conversation_id: int,
    behaviour: str,
    history: bool,
) -> None:
    wazime.settings(behaviour=behaviour, history=history)

    assert [offers.has_history(conversation_id) for _ in range(3)] == [history] * 3
    assert offers.is_known_to_have_history() is history
    assert asked(wazime) == 1


def test_processes_share_the_answer(
    wazime: Sandbox,
    redis_server: RedisServer,
    conversation_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        monkeypatch.setattr(offers, "_remembered", {})  # as in another process
        assert offers.has_history(conversation_id) is False
    assert asked(wazime) == 1


def test_a_process_asks_once_without_redis(wazime: Sandbox, conversation_id: int) -> None:
    assert [offers.has_history(conversation_id) for _ in range(3)] == [False] * 3
    assert asked(wazime) == 1


@pytest.mark.parametrize("fault", ["http_500", "garbage", "maintenance", "rate_limited", "drop"])
def test_trouble_is_no_answer(
    wazime: Sandbox, redis_server: RedisServer, conversation_id: int, fault: str
) -> None:
    wazime.settings(history=True)
    wazime.add_fault(fault, endpoints=[HISTORY])

    assert [offers.has_history(conversation_id) for _ in range(3)] == [None] * 3
    assert asked(wazime) == 1
    assert offers.is_known_to_have_history() is False


def test_it_asks_again_when_the_answer_is_old(
    wazime: Sandbox,
    redis_server: RedisServer,
    conversation_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(offers, "ASKED_EVERY", 0.0)
    monkeypatch.setattr(offers, "REMEMBERED", 0.0)
    monkeypatch.setattr("wazime_admin.wazime.reading.FORGOTTEN", 0.0)
    assert offers.has_history(conversation_id) is False
    wazime.settings(history=True)

    assert offers.has_history(conversation_id) is True


def test_each_account_has_its_own_answer(
    wazime: Sandbox, redis_server: RedisServer, conversation_id: int, settings: Settings
) -> None:
    offers.has_history(conversation_id)
    settings.WAZIME_CLIENT_ID = "another"
    wazime.settings(history=True, client_id="another")

    assert offers.has_history(conversation_id) is True
