"""Authentication, routes, faults: what a client meets before and around the endpoints."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.conftest import ANA, Api
from tests.sandbox_server import CLIENT_ID, CLIENT_SECRET, Sandbox

SEND = "inbox/send-message"
TEXT = {**ANA, "message": "oi"}


class Raw:
    """One connection, byte by byte."""

    def __init__(self, sandbox: Sandbox) -> None:
        address = urlsplit(sandbox.url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=30)

    def send_message(self, body: bytes = b"mobile_code=55&mobile=11912345678&message=oi") -> None:
        head = (
            f"POST /external-api/{SEND} HTTP/1.1\r\nHost: localhost\r\nclient-id: {CLIENT_ID}\r\n"
            f"client-secret: {CLIENT_SECRET}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        self.socket.sendall(head.encode() + body)

    def answer(self) -> bytes:
        """One whole answer of a connection that stays open."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.socket.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(65536)
        return body


def arrived(sandbox: Sandbox, count: int) -> bool:
    """Whether so many messages were accepted, within the time a busy machine may need."""
    end = time.monotonic() + 30
    while len(sandbox.accepted()) < count and time.monotonic() < end:
        time.sleep(0.02)
    return len(sandbox.accepted()) == count


@pytest.fixture
def raw(sandbox: Sandbox) -> Iterator[Raw]:
    connection = Raw(sandbox)
    yield connection
    connection.socket.close()


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"client-id": None}, "The client id is required"),
        ({"client-secret": None}, "The client secret is required"),
        ({"client-id": "wrong"}, "Invalid credentials"),
        ({"client-secret": "wrong"}, "Invalid credentials"),
    ],
)
def test_it_wants_the_right_credentials(either: Api, headers: Any, message: str) -> None:
    answer = either.ask("GET", "contact/list", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["remark"] == "Unauthorized"
    assert answer.json()["message"] == [message]


def test_it_names_the_address_that_is_not_whitelisted(either: Api) -> None:
    either.sandbox.settings(allowed_ips=["203.0.113.1"])
    answer = either.ask("POST", SEND, data=TEXT)
    assert answer.status_code == 401
    assert "(127.0.0.1)" in answer.json()["message"][1]
    assert either.sandbox.accepted() == []


@pytest.mark.parametrize(
    "path",
    [
        "/extern-api/contact/list",
        "/external-api/",
        "/external-api/contact/list/",
        "/external-api/contact/update",
        "/external-api/contact/update/x",
        "/external-api/inbox/conversation-messages/1",
        "/nowhere",
    ],
)
def test_an_unknown_route_is_an_html_404(either: Api, path: str) -> None:
    answer = either.http.get(either.sandbox.url + path, timeout=30)
    assert answer.status_code == 404
    assert "text/html" in answer.headers["Content-Type"]


def test_a_wrong_method_is_an_html_405(api: Api) -> None:
    assert api.ask("POST", "contact/list").status_code == 405


@pytest.mark.parametrize("data", [b"\xff\xfe%zz=&&==", b"message[]=1&message[][]=2"])
def test_a_senseless_body_is_a_validation_error(api: Api, data: bytes) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.post(SEND, data, headers=form)["remark"] == "validation_error"


def test_a_senseless_multipart_is_a_validation_error(api: Api) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (b"nothing", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n1"):
        assert api.post(SEND, body, headers=form)["remark"] == "validation_error"


def test_a_request_cut_off_in_its_body_never_counts(sandbox: Sandbox, raw: Raw) -> None:
    head = (
        f"POST /external-api/{SEND} HTTP/1.1\r\nHost: localhost\r\nclient-id: {CLIENT_ID}\r\n"
        f"client-secret: {CLIENT_SECRET}\r\nContent-Length: 500\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        "mobile_code=55&mobile=11912345678&message=oi"
    )
    raw.socket.sendall(head.encode())
    time.sleep(0.1)
    raw.socket.close()
    time.sleep(0.1)
    assert sandbox.accepted() == []


@pytest.mark.parametrize(
    ("fault", "http", "remark"),
    [
        ("client_id_missing", 401, "Unauthorized"),
        ("client_secret_missing", 401, "Unauthorized"),
        ("invalid_credentials", 401, "Unauthorized"),
        ("ip_not_whitelisted", 401, "Unauthorized"),
        ("subscription_required", 200, "subscription_required"),
        ("not_available", 200, "not_available"),
        ("user_error", 200, "user_error"),
        ("image_upload_error", 200, "image_upload_error"),
        ("exception", 200, "exception"),
    ],
)
def test_it_can_refuse_without_sending(api: Api, fault: str, http: int, remark: str) -> None:
    api.sandbox.add_fault(fault)
    answer = api.ask("POST", SEND, data=TEXT)
    assert (answer.status_code, answer.json()["remark"]) == (http, remark)
    assert api.sandbox.accepted() == []


@pytest.mark.parametrize(
    ("fault", "http"),
    [
        ("http_500", 500),
        ("http_502", 502),
        ("http_503", 503),
        ("rate_limited", 429),
        ("rate_limited_bare", 429),
        ("maintenance", 302),
        ("garbage", 200),
        ("empty", 200),
    ],
)
def test_it_can_answer_something_else_than_json(api: Api, fault: str, http: int) -> None:
    api.sandbox.add_fault(fault)
    answer = api.ask("POST", SEND, data=TEXT)
    assert answer.status_code == http
    with pytest.raises(ValueError):  # noqa: PT011 - json's and utf-8's have no text in common
        json.loads(answer.content)
    assert api.sandbox.accepted() == []


def test_429_says_when_to_come_back_or_does_not(api: Api) -> None:
    api.sandbox.add_fault("rate_limited", seconds=7, times=1)
    api.sandbox.add_fault("rate_limited_bare")
    assert api.ask("POST", SEND, data=TEXT).headers["Retry-After"] == "7"
    assert "Retry-After" not in api.ask("POST", SEND, data=TEXT).headers


def test_maintenance_leads_to_a_page_that_says_200(api: Api) -> None:
    api.sandbox.add_fault("maintenance")
    location = api.ask("GET", "contact/list").headers["Location"]
    assert api.http.get(api.sandbox.url + location, timeout=30).status_code == 200


def test_a_php_warning_stands_before_the_answer(api: Api) -> None:
    api.sandbox.add_fault("php_warning")
    answer = api.ask("POST", SEND, data=TEXT)
    warning, _, rest = answer.text.partition("\n{")
    assert "Warning" in warning
    assert json.loads("{" + rest)["status"] == "success"
    assert len(api.sandbox.accepted()) == 1


@pytest.mark.parametrize(
    "fault",
    ["drop", "reset", "http_500", "http_502", "http_503", "garbage", "empty", "exception"],
)
@pytest.mark.parametrize("left", [False, True])
def test_a_fault_strikes_before_or_after_the_message_left(api: Api, fault: str, left: bool) -> None:
    api.sandbox.add_fault(fault, left=left)
    if fault in ("drop", "reset"):
        with pytest.raises(requests.ConnectionError):
            api.ask("POST", SEND, data=TEXT)
    else:
        assert b'"success"' not in api.ask("POST", SEND, data=TEXT).content
    assert len(api.sandbox.accepted()) == left


def test_an_undefined_variable_comes_after_the_message_left(api: Api) -> None:
    api.sandbox.add_fault("undefined_variable")
    answer = api.post("inbox/send-template-message", {**ANA, "template_id": "1"})
    assert answer["message"] == ["Undefined variable $conversationId"]
    assert len(api.sandbox.accepted()) == 1


@pytest.mark.parametrize("fault", ["drop", "drop_unread"])
def test_a_dropped_connection_ends(sandbox: Sandbox, raw: Raw, fault: str) -> None:
    sandbox.add_fault(fault)
    raw.send_message()
    assert raw.socket.recv(100) == b""
    assert sandbox.accepted() == []


@pytest.mark.parametrize("fault", ["reset", "reset_unread"])
def test_a_reset_connection_is_reset(sandbox: Sandbox, raw: Raw, fault: str) -> None:
    sandbox.add_fault(fault)
    raw.send_message()
    with pytest.raises(ConnectionResetError):
        raw.socket.recv(100)


def test_it_drops_before_it_reads_a_large_body(sandbox: Sandbox, raw: Raw) -> None:
    sandbox.add_fault("reset_unread")
    with pytest.raises(ConnectionError):
        raw.send_message(b"x" * 50_000_000)  # more than any buffer on the way holds


def test_a_kept_connection_serves_again(sandbox: Sandbox, raw: Raw) -> None:
    for _ in range(3):
        raw.send_message()
        assert b"success" in raw.answer()
    assert len(sandbox.accepted()) == 3


def test_it_can_close_a_kept_connection_after_the_answer(sandbox: Sandbox, raw: Raw) -> None:
    sandbox.add_fault("close_after")
    raw.send_message()
    assert b"success" in raw.answer()
    assert raw.socket.recv(100) == b""


@pytest.mark.parametrize("left", [False, True])
def test_it_can_hang_without_a_header(sandbox: Sandbox, raw: Raw, left: bool) -> None:
    sandbox.add_fault("hang", left=left)
    raw.socket.settimeout(0.3)
    raw.send_message()
    with pytest.raises(TimeoutError):
        raw.socket.recv(100)
    assert arrived(sandbox, left)


def test_silence_lasts_as_long_as_the_rule_says(sandbox: Sandbox, raw: Raw) -> None:
    sandbox.add_fault("hang", seconds=0.2)
    raw.send_message()
    assert raw.socket.recv(100) == b""


def test_it_can_fall_silent_in_the_body(sandbox: Sandbox, raw: Raw) -> None:
    sandbox.add_fault("silence_in_body")
    raw.socket.settimeout(1)
    raw.send_message()
    with pytest.raises(TimeoutError):
        raw.answer()
    assert arrived(sandbox, 1)


def test_it_can_drip(sandbox: Sandbox, raw: Raw) -> None:
    sandbox.add_fault("drip", seconds=0.2)
    begun = time.monotonic()
    raw.send_message()
    while b"\r\n\r\n" not in raw.socket.recv(65536):
        pass
    for _ in range(5):
        assert raw.socket.recv(1)
    assert 0.2 * 3 <= time.monotonic() - begun < 5  # two may have come with the head


def test_latency_comes_before_the_message_leaves(api: Api) -> None:
    api.sandbox.add_fault("latency", seconds=4)
    with pytest.raises(requests.ReadTimeout):
        api.http.post(f"{api.sandbox.base_url}/{SEND}", data=TEXT, timeout=0.1)
    assert api.sandbox.accepted() == []
    assert arrived(api.sandbox, 1)  # although the client had given up


def test_a_slow_answer_comes_after_the_message_left(api: Api) -> None:
    api.sandbox.add_fault("slow_answer", seconds=2)
    with pytest.raises(requests.ReadTimeout):
        api.http.post(f"{api.sandbox.base_url}/{SEND}", data=TEXT, timeout=0.1)
    assert arrived(api.sandbox, 1)


def test_latency_comes_together_with_another_fault(api: Api) -> None:
    api.sandbox.add_fault("http_502")
    api.sandbox.add_fault("latency", seconds=0.2)
    begun = time.monotonic()
    assert api.ask("POST", SEND, data=TEXT).status_code == 502
    assert time.monotonic() - begun >= 0.2


def test_slow_requests_do_not_wait_for_each_other(api: Api) -> None:
    api.sandbox.add_fault("latency", seconds=1)
    begun = time.monotonic()
    threads = [
        threading.Thread(target=requests.get, args=(f"{api.sandbox.base_url}/contact/list",))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun < 15


def test_a_fault_ends_after_its_times(api: Api) -> None:
    api.sandbox.add_fault("http_502", times=2)
    answers = [api.ask("POST", SEND, data=TEXT).status_code for _ in range(4)]
    assert answers == [502, 502, 200, 200]
    assert api.sandbox.faults()["rules"][0]["struck"] == 2


def test_a_fault_counts_each_of_its_numbers_by_itself(api: Api) -> None:
    others = ["11900000001", "11900000002"]
    api.sandbox.add_fault("http_502", numbers=[f"55{m}" for m in others], times=1)
    answers = [
        api.ask("POST", SEND, data={**TEXT, "mobile": mobile}).status_code
        for mobile in [*others, ANA["mobile"], *others]
    ]
    assert answers == [502, 502, 200, 200, 200]


def test_a_fault_strikes_only_its_endpoints(api: Api) -> None:
    api.sandbox.add_fault("http_502", endpoints=["contact/list"])
    assert api.ask("GET", "contact/list").status_code == 502
    assert api.ask("GET", "inbox/template-list").status_code == 200


def test_what_else_left_means_is_that_the_change_was_made(api: Api) -> None:
    api.sandbox.add_fault("http_502", left=True, endpoints=["inbox/change-conversation-status"])
    current = api.get("inbox/conversation-details/5")["data"]["conversation"]["status"]
    other = "1" if current != "1" else "2"
    api.ask("POST", "inbox/change-conversation-status/5", data={"status": other})
    assert api.get("inbox/conversation-details/5")["data"]["conversation"]["status"] == other


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"fault": "nonsense"}, "fault is one of"),
        ({"fault": "maintenance", "left": True}, "left is always false"),
        ({"fault": "drop_unread", "numbers": ["55"]}, "before the number is read"),
        ({"fault": "drop", "endpoints": ["nowhere"]}, "unknown endpoints"),
        ({"fault": "drop", "seconds": -1}, "not negative"),
        ({"fault": "drop", "nubmers": []}, "unknown keys"),
    ],
)
def test_a_senseless_rule_is_refused(sandbox: Sandbox, rule: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        sandbox.add_faults([{"fault": "drop"}, rule])
    assert sandbox.faults()["rules"] == []


def test_every_fault_of_the_catalogue_keeps_its_word(api: Api) -> None:
    catalogue = api.sandbox.faults()["catalogue"]
    assert len(catalogue) > 25
    for name, fault in catalogue.items():
        choices = [fault["left"], not fault["left"]][: 1 + fault["left_can_change"]]
        for left in choices:
            api.sandbox.reset()
            api.sandbox.add_fault(name, left=left, seconds=0.01)
            with suppress(requests.RequestException):
                api.ask("POST", SEND, data=TEXT)
            assert len(api.sandbox.accepted()) == left, name
    for name, fault in catalogue.items():
        if not fault["by_number"]:
            with pytest.raises(ValueError, match="before the number"):
                api.sandbox.add_fault(name, numbers=["5511912345678"])
