"""What an answer means: one pure function, so that every row of the table can be tested.

The HTTP status decides only where servers use it (authentication, unknown routes, limits and
web-server faults); everywhere else the envelope's `status` does, since most errors come with 200.
"""

import ipaddress
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from wazime_admin.wazime.errors import Cause, NotNow, Rejected, Stopped, Uncertain, WaziMeError
from wazime_admin.wazime.types import mapping, text

STOPPING = {
    "subscription_required": Cause.SUBSCRIPTION,
    "not_available": Cause.PLAN,
    "user_error": Cause.ACCOUNT,
}
REJECTING = {
    "validation_error": Cause.VALIDATION,
    "not_found": Cause.NOT_FOUND,
    "unknown_contact": Cause.UNKNOWN_CONTACT,
    "contact_error": Cause.CONTACT,
    "contact_limit_error": Cause.CONTACT_LIMIT,
    "image_upload_error": Cause.IMAGE_UPLOAD,
}
# The defect strikes after the template has left: an error in words, a success in fact.
SENT_ALL_THE_SAME = "Undefined variable $conversationId"


# A day: nobody is helped by a server that asks for more.
LONGEST_WAIT = 86_400.0
# How much of an answer is kept with an error or a message, in characters.
RAW_KEPT = 20_000


# What is read of WaziMe's own words: a page must stay one, whatever a server says.
MOST_SENTENCES, LONGEST_SENTENCE = 20, 500


@dataclass(frozen=True)
class Answer:
    """An HTTP answer that came in whole. headers: names in lower case.

    secrets: the credentials in every spelling in which a server may echo them. The body is read
    as it came; what is kept or shown of it goes through `shown`, which blacks them out.
    """

    status: int
    body: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def raw(self) -> str:
        """The body as it may be stored and shown: bounded, no credentials, no NUL."""
        return self.shown(self.body)[:RAW_KEPT].replace("\x00", "�")

    def shown(self, said: str) -> str:
        return without(self.secrets, said)


def without(secrets: tuple[str, ...], said: str) -> str:
    for secret in secrets:
        said = said.replace(secret, "•••")
    return said


def judge(answer: Answer, *, sends_template: bool = False) -> dict[str, Any] | list[Any]:
    """The `data` of an answer that says success; {} when it has none.

    Raises Rejected, NotNow, Stopped or Uncertain otherwise, with the answer inside.
    """
    envelope = _envelope(answer.body)
    succeeded = envelope.get("status") == "success"
    if 200 <= answer.status < 300 and succeeded:
        data = envelope.get("data")
        return data if isinstance(data, dict | list) else {}
    error = _error(answer, envelope)
    if sends_template and error.cause is Cause.EXCEPTION and SENT_ALL_THE_SAME in answer.body:
        return {}
    raise error


def _envelope(body: str) -> dict[str, Any]:
    """The body as an object, {} when it is anything else."""
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def _error(answer: Answer, envelope: dict[str, Any]) -> WaziMeError:
    """A remark that is known decides, then the HTTP status, as the table's rows are ordered:
    servers that use the status give a `contact_limit_error` a 403."""
    said = _messages(envelope.get("message"))
    context: dict[str, Any] = {
        "messages": tuple(map(answer.shown, said)),
        "status": answer.status,
        "raw": answer.raw,
    }
    remark = text(envelope.get("remark"))

    if 300 <= answer.status < 400:
        return Stopped(Cause.MAINTENANCE, **context)
    if remark in REJECTING:
        return Rejected(REJECTING[remark], fields=_fields(answer, envelope), **context)
    if remark in STOPPING:
        return Stopped(STOPPING[remark], **context)
    if answer.status in (401, 403) or remark == "Unauthorized":
        stopped = Stopped(_refusal(said), **context)
        stopped.ip_address = _ip_address(said)
        return stopped
    if answer.status == 404 and envelope.get("status") not in ("success", "error"):
        return Stopped(Cause.WRONG_PATH, **context)
    if answer.status == 413:
        return Rejected(Cause.TOO_LARGE, **context)
    if answer.status == 429:
        not_now = NotNow(Cause.RATE_LIMIT, **context)
        not_now.retry_after = _retry_after(answer.headers)
        return not_now
    if remark == "exception":
        return Uncertain(Cause.EXCEPTION, **context)
    if answer.status >= 500:
        return Uncertain(Cause.SERVER_FAULT, **context)
    if answer.status == 422:
        return Rejected(Cause.VALIDATION, fields=_fields(answer, envelope), **context)
    return Uncertain(Cause.UNREADABLE, **context)


def _messages(value: object) -> tuple[str, ...]:
    """WaziMe's sentences: a list as documented, a lone text, or Laravel's lists by field."""
    values = list(value.values()) if isinstance(value, dict) else value
    found: list[object] = []
    for item in values if isinstance(values, list) else [values]:
        found += item if isinstance(item, list) else [item]
    sentences = filter(None, map(text, found[:MOST_SENTENCES]))
    return tuple(sentence[:LONGEST_SENTENCE] for sentence in sentences)


def _fields(answer: Answer, envelope: dict[str, Any]) -> dict[str, str]:
    """What is wrong with which form field, where the server says so."""
    by_field = mapping(envelope.get("message")) | mapping(envelope.get("errors"))
    return {text(name): answer.shown(" ".join(_messages(by_field[name]))) for name in by_field}


def _refusal(messages: tuple[str, ...]) -> Cause:
    said = " ".join(messages).lower().replace("-", " ").replace("_", " ")
    if re.search(r"white ?list|\bip\b", said):
        return Cause.IP_ADDRESS
    if "required" in said and "client secret" in said:
        return Cause.CLIENT_SECRET
    if "required" in said and "client id" in said:
        return Cause.CLIENT_ID
    return Cause.CREDENTIALS


def _ip_address(messages: tuple[str, ...]) -> str:
    for candidate in re.findall(r"[0-9A-Fa-f:.]{2,45}", " ".join(messages)):
        with suppress(ValueError):
            return str(ipaddress.ip_address(candidate.rstrip(".")))
    return ""


def _retry_after(headers: dict[str, str]) -> float | None:
    """Retry-After in seconds (RFC 9110, 10.2.3), a date counted from the answer's own; or None."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(wait.total_seconds(), 0.0), LONGEST_WAIT)
