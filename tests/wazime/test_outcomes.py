"""What each answer means: a case per row of the API's table of outcomes."""

import json
from typing import Any

import pytest

from wazime_admin.wazime.errors import Cause, NotNow, Rejected, Stopped, Uncertain, WaziMeError
from wazime_admin.wazime.outcomes import LONGEST_WAIT, RAW_KEPT, Answer, judge

HTML = "<!DOCTYPE html><html><body><h1>{}</h1></body></html>"
DEFECT = "Undefined variable $conversationId"
NOT_WHITELISTED = (
    "Access to this API endpoint is restricted to IP addresses that have been explicitly "
    "whitelisted.",
    "In order to access this API endpoint, please add your IP address ({}) to the white list "
    "from the user dashboard.",
)


def envelope(remark: str, *messages: Any, status: str = "error", **more: Any) -> str:
    return json.dumps({"status": status, "remark": remark, "message": list(messages), **more})


def outcome(
    status: int, body: str, *, sends_template: bool = False, **headers: str
) -> WaziMeError | str:
    """The error that `judge` raises, or "success"."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        judge(Answer(status, body, named), sends_template=sends_template)
    except WaziMeError as error:
        return error
    return "success"


STOPPED = {
    "no id": (401, envelope("Unauthorized", "The client id is required"), Cause.CLIENT_ID),
    "no id, hyphenated": (401, envelope("Unauthorized", "client-id is required"), Cause.CLIENT_ID),
    "no secret": (
        401,
        envelope("Unauthorized", "The client secret is required"),
        Cause.CLIENT_SECRET,
    ),
    "wrong pair": (401, envelope("Unauthorized", "Invalid credentials"), Cause.CREDENTIALS),
    "address": (401, envelope("Unauthorized", *NOT_WHITELISTED), Cause.IP_ADDRESS),
    "address in Portuguese": (
        401,
        envelope("Unauthorized", "Adicione seu endereço IP (203.0.113.7)"),
        Cause.IP_ADDRESS,
    ),
    "Unauthorized with 200": (200, envelope("Unauthorized", "Invalid"), Cause.CREDENTIALS),
    "401 in HTML": (401, HTML.format("401"), Cause.CREDENTIALS),
    "401 without a body": (401, "", Cause.CREDENTIALS),
    "403 in HTML": (403, HTML.format("403 Forbidden"), Cause.CREDENTIALS),
    "403 in JSON": (403, envelope("Forbidden", "No"), Cause.CREDENTIALS),
    "403 that says success": (403, envelope("ok", status="success"), Cause.CREDENTIALS),
    "subscription": (200, envelope("subscription_required", "…"), Cause.SUBSCRIPTION),
    "subscription with 403": (403, envelope("subscription_required", "…"), Cause.SUBSCRIPTION),
    "plan": (200, envelope("not_available", "…"), Cause.PLAN),
    "plan with 403": (403, envelope("not_available", "…"), Cause.PLAN),
    "account": (200, envelope("user_error", "…"), Cause.ACCOUNT),
    "maintenance": (302, HTML.format("Redirecting"), Cause.MAINTENANCE),
    "any redirect": (308, "", Cause.MAINTENANCE),
    "redirect that says success": (302, envelope("ok", status="success"), Cause.MAINTENANCE),
    "HTML 404": (404, HTML.format("404 Not Found"), Cause.WRONG_PATH),
    "empty 404": (404, "", Cause.WRONG_PATH),
    "route unknown to Laravel": (
        404,
        json.dumps({"message": "The route extern-api/contact/list could not be found."}),
        Cause.WRONG_PATH,
    ),
}
REJECTED = {
    "validation": (200, envelope("validation_error", "The mobile is required"), Cause.VALIDATION),
    "validation with 422": (422, envelope("validation_error", "…"), Cause.VALIDATION),
    "Laravel's own 422": (
        422,
        json.dumps({"message": "The given data was invalid.", "errors": {"mobile": ["Taken"]}}),
        Cause.VALIDATION,
    ),
    "not found": (200, envelope("not_found", "Template not found"), Cause.NOT_FOUND),
    "not found with 404": (404, envelope("not_found", "…"), Cause.NOT_FOUND),
    "unknown contact": (200, envelope("unknown_contact", "…"), Cause.UNKNOWN_CONTACT),
    "unknown contact with 404": (404, envelope("unknown_contact", "…"), Cause.UNKNOWN_CONTACT),
    "contact": (200, envelope("contact_error", "Blocked"), Cause.CONTACT),
    "contact with 409": (409, envelope("contact_error", "Blocked"), Cause.CONTACT),
    "contact limit": (200, envelope("contact_limit_error", "…"), Cause.CONTACT_LIMIT),
    "contact limit with 403": (403, envelope("contact_limit_error", "…"), Cause.CONTACT_LIMIT),
    "image": (200, envelope("image_upload_error", "…"), Cause.IMAGE_UPLOAD),
    "image with 500": (500, envelope("image_upload_error", "…"), Cause.IMAGE_UPLOAD),
    "too large": (413, HTML.format("413"), Cause.TOO_LARGE),
}
UNCERTAIN = {
    "exception": (200, envelope("exception", "Something went wrong"), Cause.EXCEPTION),
    "exception with 500": (500, envelope("exception", "…"), Cause.EXCEPTION),
    "500": (500, HTML.format("500"), Cause.SERVER_FAULT),
    "502": (502, HTML.format("502 Bad Gateway"), Cause.SERVER_FAULT),
    "503": (503, "", Cause.SERVER_FAULT),
    "504": (504, HTML.format("504"), Cause.SERVER_FAULT),
    "500 in Laravel's JSON": (
        500,
        json.dumps({"message": "Server Error"}),
        Cause.SERVER_FAULT,
    ),
    "500 that says success": (500, envelope("ok", status="success"), Cause.SERVER_FAULT),
    "unknown remark": (200, envelope("something_new", "…"), Cause.UNREADABLE),
    "unknown remark with 400": (400, envelope("something_new", "…"), Cause.UNREADABLE),
    "unknown remark with 404": (404, envelope("something_new", "…"), Cause.UNREADABLE),
    "405": (405, HTML.format("405"), Cause.UNREADABLE),
    "empty": (200, "", Cause.UNREADABLE),
    "HTML with 200": (200, HTML.format("Welcome"), Cause.UNREADABLE),
    "PHP warning": (
        200,
        "<br />\n<b>Warning</b>: Undefined" + envelope("ok", status="success"),
        Cause.UNREADABLE,
    ),
    "cut": (200, envelope("ok", status="success")[:-5], Cause.UNREADABLE),
    "bytes": (200, '{"status":"succ\ufffd\x00\ufffd', Cause.UNREADABLE),
    "a list": (200, json.dumps([{"status": "success"}]), Cause.UNREADABLE),
    "a number": (200, "1", Cause.UNREADABLE),
    "null": (200, "null", Cause.UNREADABLE),
    "no status": (200, json.dumps({"data": {"contacts": []}}), Cause.UNREADABLE),
    "status true": (200, json.dumps({"status": True}), Cause.UNREADABLE),
    "status in capitals": (200, json.dumps({"status": "SUCCESS"}), Cause.UNREADABLE),
    "deep": (200, "[" * 100_000, Cause.UNREADABLE),
    "deep, as deep as can be parsed": (
        200,
        '{"message":' + "[" * 900 + "]" * 900 + "}",
        Cause.UNREADABLE,
    ),
    "a number with 5,000 digits": (200, '{"status":' + "9" * 5000 + "}", Cause.UNREADABLE),
}


def cases(table: dict[str, tuple[int, str, Cause]]) -> list[Any]:
    return [pytest.param(*row, id=name) for name, row in table.items()]


@pytest.mark.parametrize(("status", "body", "cause"), cases(STOPPED))
def test_it_stops(status: int, body: str, cause: Cause) -> None:
    error = outcome(status, body)

    assert isinstance(error, Stopped)
    assert error.cause is cause
    assert error.status == status


@pytest.mark.parametrize(("status", "body", "cause"), cases(REJECTED))
def test_it_rejects(status: int, body: str, cause: Cause) -> None:
    error = outcome(status, body)

    assert isinstance(error, Rejected)
    assert error.cause is cause


@pytest.mark.parametrize("sends_template", [False, True])
@pytest.mark.parametrize(("status", "body", "cause"), cases(UNCERTAIN))
def test_it_is_uncertain(status: int, body: str, cause: Cause, sends_template: bool) -> None:
    error = outcome(status, body, sends_template=sends_template)

    assert isinstance(error, Uncertain)
    assert error.cause is cause
    assert error.raw == body[:RAW_KEPT].replace("\x00", "\ufffd")


@pytest.mark.parametrize(
    "body",
    [
        {"status": "success", "remark": "r", "message": ["m"], "data": {"id": 1}},
        {"status": "success", "data": {"id": 1}},
        {"status": "success", "remark": "exception", "data": {"id": 1}},
        {"status": "success", "data": {"id": 1}, "unknown": {"deep": [1]}},
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_it_succeeds_when_the_status_says_so(status: int, body: dict[str, Any]) -> None:
    assert judge(Answer(status, json.dumps(body))) == {"id": 1}


@pytest.mark.parametrize("data", [None, "", 0, "text", True, 1.5])
def test_it_has_empty_data_where_the_answer_has_none_that_is_usable(data: object) -> None:
    assert judge(Answer(200, json.dumps({"status": "success", "data": data}))) == {}


def test_it_has_empty_data_where_the_key_is_left_out() -> None:
    assert judge(Answer(200, '{"status": "success"}')) == {}


def test_it_takes_a_list_as_data() -> None:
    assert judge(Answer(200, '{"status": "success", "data": [1]}')) == [1]


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("messages", [[DEFECT], DEFECT, ["Oops", DEFECT + " (line 3)"]])
def test_it_takes_the_template_defect_as_sent(status: int, messages: Any) -> None:
    body = json.dumps({"status": "error", "remark": "exception", "message": messages})

    assert outcome(status, body, sends_template=True) == "success"


def test_it_takes_the_template_defect_as_uncertain_anywhere_else() -> None:
    error = outcome(200, envelope("exception", DEFECT))

    assert isinstance(error, Uncertain)
    assert error.cause is Cause.EXCEPTION


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, envelope("validation_error", DEFECT)),
        (500, HTML.format(DEFECT)),
        (200, DEFECT),
        (401, envelope("Unauthorized", DEFECT)),
    ],
)
def test_it_needs_the_exception_remark_for_the_template_defect(status: int, body: str) -> None:
    assert isinstance(outcome(status, body, sends_template=True), WaziMeError)


# --- 429 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": " 7 "}, 7.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "1.5"}, None),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "²"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "9" * 400}, LONGEST_WAIT),
        (
            {
                "date": "Wed, 01 Jul 2026 12:00:00 GMT",
                "retry_after": "Wed, 01 Jul 2026 12:01:30 GMT",
            },
            90.0,
        ),
        (
            {
                "date": "Wed, 01 Jul 2026 12:00:00 GMT",
                "retry_after": "Wed, 01 Jul 2026 11:00:00 GMT",
            },
            0.0,
        ),
        (
            {
                "date": "Wed, 01 Jul 2026 12:00:00 GMT",
                "retry_after": "Fri, 31 Dec 9999 23:59:59 GMT",
            },
            LONGEST_WAIT,
        ),
        ({"retry_after": "Wed, 01 Jul 2026 12:01:30 GMT"}, None),
        ({"date": "today", "retry_after": "Wed, 01 Jul 2026 12:01:30 GMT"}, None),
    ],
)
def test_it_waits_as_long_as_a_429_asks(headers: dict[str, str], seconds: float | None) -> None:
    error = outcome(429, HTML.format("429 Too Many Requests"), **headers)

    assert isinstance(error, NotNow)
    assert error.cause is Cause.RATE_LIMIT
    assert error.retry_after == seconds


# --- What the error carries -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("::1", "::1"),
        ("203.0.113.7", "203.0.113.7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("203.0.113.300", ""),
        ("unknown", ""),
    ],
)
def test_it_names_the_address_to_whitelist(said: str, address: str) -> None:
    error = outcome(401, envelope("Unauthorized", *NOT_WHITELISTED).replace("{}", said))

    assert isinstance(error, Stopped)
    assert error.cause is Cause.IP_ADDRESS
    assert error.ip_address == address


def test_it_finds_an_address_that_ends_a_sentence() -> None:
    error = outcome(401, envelope("Unauthorized", "Please whitelist 203.0.113.7."))

    assert isinstance(error, Stopped)
    assert error.ip_address == "203.0.113.7"


@pytest.mark.parametrize(
    ("message", "messages"),
    [
        (["One", "Two"], ("One", "Two")),
        ("One", ("One",)),
        ({"mobile": ["One", "Two"], "city": "Three"}, ("One", "Two", "Three")),
        ([["One"], {"no": "text"}, None, True, 5, ""], ("One", "5")),
        (None, ()),
        ({}, ()),
        ([[[[["too deep"]]]]], ()),
        ("lone \ud800 surrogate and \x00", ("lone ? surrogate and",)),
    ],
)
def test_it_keeps_the_servers_words(message: Any, messages: tuple[str, ...]) -> None:
    body = json.dumps({"status": "error", "remark": "contact_error", "message": message})

    error = outcome(200, body)

    assert isinstance(error, Rejected)
    assert error.messages == messages


@pytest.mark.parametrize(
    "body",
    [
        {"remark": "validation_error", "message": {"mobile": ["Taken", "Short"], "city": "Long"}},
        {"remark": "validation_error", "errors": {"mobile": ["Taken", "Short"], "city": ["Long"]}},
    ],
)
def test_it_says_which_field_is_wrong(body: dict[str, Any]) -> None:
    error = outcome(200, json.dumps({"status": "error", **body}))

    assert isinstance(error, Rejected)
    assert error.fields == {"mobile": "Taken Short", "city": "Long"}


def test_it_blacks_out_credentials_that_an_answer_repeats() -> None:
    body = envelope("validation_error", "bad s3cret", errors={"mobile": ["s3cret again"]})

    with pytest.raises(Rejected) as caught:
        judge(Answer(200, body, {"x-echo": "s3cret"}, ("s3cret",)))

    error = caught.value
    everything = f"{error} {error!r} {error.messages} {error.fields} {error.raw} {error.__dict__}"
    assert "s3cret" not in everything
    assert error.messages == ("bad •••",)


def test_it_reads_an_answer_in_which_a_key_is_spelled_like_a_credential() -> None:
    answer = Answer(200, '{"status": "success", "data": {"id": 5}}', {}, ("id", "5"))

    assert judge(answer) == {"id": 5}


def test_it_keeps_a_bounded_piece_of_a_long_answer() -> None:
    error = outcome(200, "x" * (RAW_KEPT + 1))

    assert isinstance(error, Uncertain)
    assert error.raw == "x" * RAW_KEPT
