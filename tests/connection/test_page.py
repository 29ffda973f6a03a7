"""The connection page: what works, what does not, why, and what to do."""

import html
import re
import signal
import time
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from inbox.models import Gate
from tests.connection.conftest import Worker, read_only_database
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from tests.wazime.peer import Peer, Server, refused_port
from wazime_admin.celery import app
from wazime_admin.connection import checks
from wazime_admin.wazime.errors import Cause
from wazime_admin.wazime.transport import READ

pytestmark = pytest.mark.django_db

URL = "/settings/connection/"
HTMX = {"HX-Request": "true"}


def words(response: HttpResponse) -> str:
    """The page's text as people read it, on one line."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(html.unescape(text).split())


def look(client: Client, **more: Any) -> str:
    response = client.get(URL, **more)
    assert response.status_code == 200
    return words(response)


# --- WaziMe ---------------------------------------------------------------------------------------


def test_it_says_that_wazime_works(admin_client: Client, wazime: Sandbox) -> None:
    text = look(admin_client)

    assert re.search(r"WaziMe Works WaziMe knows this account and answered in \d+ ms\.", text)


@pytest.mark.parametrize(
    ("history", "said"),
    [(True, "WaziMe tells: conversations show it"), (False, "WaziMe does not tell")],
)
def test_it_says_whether_wazime_tells_what_customers_write(
    admin_client: Client, wazime: Sandbox, history: bool, said: str
) -> None:
    wazime.settings(history=history)

    assert f"What customers write {said}" in look(admin_client)


@pytest.mark.parametrize("behaviour", ["documented", "observed"])
def test_it_works_with_each_kind_of_server(
    admin_client: Client, wazime: Sandbox, behaviour: str
) -> None:
    wazime.settings(behaviour=behaviour)

    assert "WaziMe Works" in look(admin_client)


FAULTS = {
    "client_id_missing": ("the client id is missing", "Set WAZIME_CLIENT_ID"),
    "client_secret_missing": ("the client secret is missing", "Set WAZIME_CLIENT_SECRET"),
    "invalid_credentials": ("does not accept the credentials", "Compare WAZIME_CLIENT_ID"),
    "ip_not_whitelisted": ("does not accept calls from this server", "Add 203.0.113.7 to"),
    "subscription_required": ("subscription has ended", "Renew the subscription"),
    "not_available": ("plan does not include the API", "Choose a plan"),
    "user_error": ("does not let this account use the API", "Log in to the WaziMe panel"),
    "maintenance": ("under maintenance", "it goes on by itself"),
    "rate_limited": ("asks for fewer calls", "Wait a moment"),
    "http_500": ("has a fault", "tell WaziMe's support if it lasts"),
    "http_502": ("has a fault", "tell WaziMe's support if it lasts"),
    "garbage": ("makes no sense", "tell WaziMe's support if it lasts"),
    "php_warning": ("makes no sense", "tell WaziMe's support if it lasts"),
    "empty": ("makes no sense", "tell WaziMe's support if it lasts"),
    "exception": ("reports an internal error", "tell WaziMe's support if it lasts"),
    "drop": ("broke before an answer came", "try again"),
    "reset": ("broke before an answer came", "try again"),
}


@pytest.mark.parametrize(("fault", "said"), FAULTS.items())
def test_it_names_the_cause_and_the_cure(
    admin_client: Client, wazime: Sandbox, fault: str, said: tuple[str, str]
) -> None:
    wazime.add_fault(fault)
    text = look(admin_client)

    assert "WaziMe Does not work" in text
    for part in said:
        assert part in text


def test_it_gives_the_address_to_whitelist_to_copy(admin_client: Client, wazime: Sandbox) -> None:
    wazime.settings(allowed_ips=["203.0.113.7"])
    page = admin_client.get(URL).content.decode()

    assert '<code class="copy__value">127.0.0.1</code>' in page
    assert 'data-copy="127.0.0.1"' in page


def test_it_repeats_what_wazime_says_as_text(admin_client: Client, wazime: Sandbox) -> None:
    wazime.add_fault("user_error", message="<script>alert(1)</script> banned")
    response = admin_client.get(URL)

    assert "<script>alert" not in response.content.decode()
    assert "<script>alert(1)</script> banned" in html.unescape(response.content.decode())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"WAZIME_CLIENT_ID": "wrong"}, "does not accept the credentials"),
        ({"WAZIME_CLIENT_SECRET": "wrong"}, "does not accept the credentials"),
        ({"WAZIME_CLIENT_SECRET": "wr\nong"}, "does not accept the credentials"),
        ({"WAZIME_CLIENT_ID": ""}, "the client id is missing"),
        ({"WAZIME_BASE_URL": "http://wazime.invalid"}, "server name cannot be found"),
        ({"WAZIME_PROXY": "http://127.0.0.1:9"}, "proxy on the way to WaziMe does not let"),
    ],
)
def test_it_names_the_setting_that_is_wrong(
    admin_client: Client, wazime: Sandbox, settings: Settings, changes: dict[str, str], said: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)

    assert said in look(admin_client)


def test_it_recognizes_the_path_of_the_vendors_examples(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_BASE_URL = f"{wazime.url}/extern-api"
    text = look(admin_client)

    assert "There is no WaziMe API at this address." in text
    assert f"Set WAZIME_BASE_URL to {wazime.url}/external-api" in text


def test_it_warns_of_that_path_also_where_another_trouble_comes_first(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_BASE_URL = "http://wazime.invalid/extern-api"

    assert "Usually it ends in “external-api”." in look(admin_client)


def test_it_tells_a_wrong_path_of_another_kind(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_BASE_URL = f"{wazime.url}/api"
    text = look(admin_client)

    assert "There is no WaziMe API at this address." in text
    assert "Set WAZIME_BASE_URL to" not in text


def test_it_tells_a_refused_connection(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_BASE_URL = f"http://127.0.0.1:{refused_port()}/external-api"
    text = look(admin_client)

    assert "WaziMe's server does not take connections." in text
    assert "The network says: ConnectionRefusedError: Connection refused" in text


def test_it_tells_a_broken_tls_connection(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_BASE_URL = wazime.base_url.replace("http:", "https:")
    text = look(admin_client)

    assert "The secure connection to WaziMe failed." in text
    assert "Check this server's clock and certificates" in text


def test_it_tells_a_proxy_that_refuses(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_request()
        peer.answer(b"", "407 Proxy Authentication Required")

    with Server(refuse) as proxy:
        settings.WAZIME_BASE_URL = "https://wazime.invalid"
        settings.WAZIME_PROXY = f"http://somebody:hunter2@localhost:{proxy.port}"
        text = look(admin_client)

    assert "The proxy on the way to WaziMe does not let calls through." in text
    assert "Set: WaziMe sees the proxy's address" in text


def test_it_does_not_wait_for_a_server_that_is_silent(
    admin_client: Client, wazime: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PATIENCE", 1.5)
    wazime.add_fault("hang", seconds=30)
    started = time.monotonic()
    text = look(admin_client)

    assert time.monotonic() - started < READ.read - 1
    assert "WaziMe took too long to answer." in text


def test_it_asks_wazime_anew_each_time(
    admin_client: Client, wazime: Sandbox, redis: RedisServer
) -> None:
    assert "WaziMe Works" in look(admin_client)
    wazime.add_fault("maintenance")
    assert "under maintenance" in look(admin_client)
    wazime.clear_faults()
    assert "WaziMe Works" in look(admin_client)


def test_it_says_it_in_the_readers_language(admin_client: Client, wazime: Sandbox) -> None:
    wazime.add_fault("ip_not_whitelisted")
    text = look(admin_client, headers={"Accept-Language": "en"})

    assert "Add 203.0.113.7 to the IP whitelist in the WaziMe panel." in text


# --- The settings ---------------------------------------------------------------------------------


def test_it_never_shows_a_credential(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_CLIENT_ID = "id-5f1c3d7a"
    settings.WAZIME_CLIENT_SECRET = "secret-9b8e2c"
    settings.WAZIME_PROXY = "http://somebody:hunter2@127.0.0.1:9"
    settings.WAZIME_BASE_URL = wazime.base_url.replace("://", "://user:passw0rd@")
    page = admin_client.get(URL).content.decode()

    for secret in ("id-5f1c3d7a", "secret-9b8e2c", "hunter2", "passw0rd"):
        assert secret not in page
    assert page.count("connection__set") == 2
    assert wazime.base_url in page


def test_it_shows_which_credential_is_missing(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_CLIENT_SECRET = ""

    assert "Client id Set Client secret Missing" in look(admin_client)


def test_it_shows_the_numbers_and_the_panel(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_FROM_NUMBERS = ["5511940028922", "5511940028923"]
    settings.WAZIME_PANEL_URL = "https://panel.example/{conversation_id}"
    text = look(admin_client)

    assert re.search(r"5511940028922 ?, 5511940028923", text)
    assert "https://panel.example/{conversation_id}" in text


def test_it_says_what_an_unset_number_or_panel_means(
    admin_client: Client, wazime: Sandbox, settings: Settings
) -> None:
    settings.WAZIME_FROM_NUMBERS, settings.WAZIME_PANEL_URL = [], ""
    text = look(admin_client)

    assert "The account's default number" in text
    assert "conversations have no link to WaziMe's own inbox" in text


# --- This installation ----------------------------------------------------------------------------


def test_it_shows_that_the_database_can_be_written(admin_client: Client, wazime: Sandbox) -> None:
    text = look(admin_client)

    assert re.search(r"Works: Database (SQLite 3|PostgreSQL \d+)\.[\d.]+ Can be written\.", text)


def test_it_says_what_a_database_that_cannot_be_written_means(
    admin_client: Client, wazime: Sandbox
) -> None:
    admin_client.get(URL)  # what a login writes is written
    with read_only_database():
        text = look(admin_client)

    name = connection.display_name
    assert f"Does not work: Database {name} Nothing can be written: no message is taken" in text
    assert re.search("attempt to write a readonly database|in a read-only transaction", text)


def test_it_shows_that_redis_answers(
    admin_client: Client, wazime: Sandbox, redis: RedisServer
) -> None:
    assert re.search(r"Works: Redis Valkey \d+\.\d+\.\d+ \(embedded\)", look(admin_client))


def test_it_says_what_redis_being_down_means(admin_client: Client, wazime: Sandbox) -> None:
    started = time.monotonic()
    text = look(admin_client)

    assert time.monotonic() - started < checks.PATIENCE
    assert "Does not work: Redis" in text
    assert "Messages are kept as queued and go out when Redis is back." in text
    assert "Not known: Workers They cannot be asked while Redis does not answer." in text


def test_it_does_not_wait_for_a_redis_that_is_frozen(
    admin_client: Client, wazime: Sandbox, redis: RedisServer
) -> None:
    redis.freeze()
    started = time.monotonic()
    try:
        text = look(admin_client)
    finally:
        redis.thaw()

    assert time.monotonic() - started < 8  # the session is Django's, the rest is ours
    assert "Does not work: Redis" in text


@pytest.mark.usefixtures("patient")
def test_it_names_the_workers(
    admin_client: Client, wazime: Sandbox, redis: RedisServer, worker: Worker
) -> None:
    assert "Works: Workers 1 They send the messages. w1@tests" in look(admin_client)


def test_it_says_what_no_worker_means(
    admin_client: Client, wazime: Sandbox, redis: RedisServer, worker: Worker
) -> None:
    worker.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    try:
        text = look(admin_client)
    finally:
        worker.send_signal(signal.SIGCONT)

    assert time.monotonic() - started < checks.PATIENCE
    assert "Does not work: Workers None answers." in text
    assert "Messages are kept as queued and go out when a worker is back." in text


def test_it_shows_that_beat_is_alive(
    admin_client: Client, wazime: Sandbox, redis: RedisServer
) -> None:
    checks.note_heartbeat()

    assert "Works: Beat now" in look(admin_client)


@pytest.mark.usefixtures("patient")
def test_it_says_what_a_silent_beat_means(
    admin_client: Client, wazime: Sandbox, redis: RedisServer, worker: Worker
) -> None:
    for stored in (time.time() - checks.SILENT_AFTER - 1, "garbage", 1e300, ""):
        redis.client.set(checks.HEARTBEAT, stored)
        text = look(admin_client)
        assert "Does not work: Beat" in text
        assert "waits until beat is back" in text


def test_it_cannot_know_of_beat_without_a_worker(admin_client: Client, wazime: Sandbox) -> None:
    assert "Not known: Beat Only shows itself while a worker answers." in look(admin_client)


def test_it_says_why_nothing_is_sent(admin_client: Client, wazime: Sandbox) -> None:
    Gate.objects.create(
        pk=1,
        closed_at=timezone.now(),
        cause=Cause.IP_ADDRESS,
        said="Add <b>it</b>",
        ip_address="203.0.113.7",
    )
    text = look(admin_client)

    assert "Does not work: Sending stopped now" in text
    assert "Add 203.0.113.7 to the IP whitelist" in text
    assert "Nothing is lost: messages wait" in text


def test_it_says_that_messages_go_out(admin_client: Client, wazime: Sandbox) -> None:
    assert "Works: Sending Open: messages go out as they come." in look(admin_client)


# --- Who may, and how -----------------------------------------------------------------------------


def test_it_answers_htmx_with_the_report_alone(admin_client: Client, wazime: Sandbox) -> None:
    page = admin_client.get(URL, headers=HTMX).content.decode()

    assert "<html" not in page
    assert '<div class="connection" id="connection"' in page


def test_it_can_be_checked_without_javascript(admin_client: Client, wazime: Sandbox) -> None:
    page = admin_client.get(URL).content.decode()

    assert re.search(rf'<form [^>]*action="{URL}"', page)
    assert re.search(r'<button [^>]*type="submit"[^>]*>.*?Check now', page, re.DOTALL)


def test_it_is_for_admins(agent_client: Client, wazime: Sandbox) -> None:
    assert agent_client.get(URL).status_code == 403


def test_it_asks_for_a_login(client: Client) -> None:
    assert client.get(URL)["Location"] == f"/accounts/login/?next={URL}"


def test_it_only_reads(admin_client: Client) -> None:
    assert admin_client.post(URL).status_code == 405


def test_a_worker_notes_what_beat_asks_for(redis: RedisServer) -> None:
    app.loader.import_default_modules()
    entry = app.conf.beat_schedule["heartbeat"]
    app.tasks[entry["task"]].apply()

    assert checks.check_redis().is_beating
    assert entry["schedule"] == checks.HEARTBEAT_EVERY
