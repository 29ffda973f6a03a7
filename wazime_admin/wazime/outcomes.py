"""What an answer means: one pure function, so that every row of the table can be tested.

The HTTP status decides only where servers use it (authentication, unknown routes, limits and
web-server faults); everywhere else the envelope's `status` does, since most errors come with 200.
"""

import ipaddress
import json
import re
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


@dataclass(frozen=True)
class Answer:
    """An HTTP answer that came in whole. headers: names in lower case."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


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
    messages = _messages(envelope.get("message"))
    context: dict[str, Any] = {"messages": messages, "status": answer.status, "raw": answer.body}
    remark = text(envelope.get("remark"))

    if answer.status in (401, 403) or remark == "Unauthorized":
        stopped = Stopped(_refusal(messages), **context)
        stopped.ip_address = _ip_address(messages)
        return stopped
    if 300 <= answer.status < 400:
        return Stopped(Cause.MAINTENANCE, **context)
    if answer.status == 404 and envelope.get("status") not in ("success", "error"):
        return Stopped(Cause.WRONG_PATH, **context)
    if answer.status == 413:
        return Rejected(Cause.TOO_LARGE, **context)
    if answer.status == 429:
        not_now = NotNow(Cause.RATE_LIMIT, **context)
        not_now.retry_after = _retry_after(answer.headers)
        return not_now
    if answer.status >= 500:
        return Uncertain(Cause.SERVER_FAULT, **context)
    if remark in STOPPING:
        return Stopped(STOPPING[remark], **context)
    if remark in REJECTING:
        fields = _fields(envelope.get("message")) | _fields(envelope.get("errors"))
        return Rejected(REJECTING[remark], fields=fields, **context)
    if answer.status == 422:
        return Rejected(Cause.VALIDATION, fields=_fields(envelope.get("errors")), **context)
    if remark == "exception":
        return Uncertain(Cause.EXCEPTION, **context)
    return Uncertain(Cause.UNREADABLE, **context)


def _messages(value: object) -> tuple[str, ...]:
    """WaziMe's sentences: a list as documented, a lone text, or Laravel's lists by field."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        value = [value]
    found: list[str] = []
    for item in value:
        found.extend(_messages(item) if isinstance(item, list) else [text(item)])
    return tuple(filter(None, found))


def _fields(value: object) -> dict[str, str]:
    return {text(name): " ".join(_messages(said)) for name, said in mapping(value).items()}


def _refusal(messages: tuple[str, ...]) -> Cause:
    said = " ".join(messages).lower().replace("-", " ").replace("_", " ")
    if "whitelist" in said or "white list" in said or "ip address" in said:
        return Cause.IP_ADDRESS
    if "required" in said and "client secret" in said:
        return Cause.CLIENT_SECRET
    if "required" in said and "client id" in said:
        return Cause.CLIENT_ID
    return Cause.CREDENTIALS


def _ip_address(messages: tuple[str, ...]) -> str:
    for candidate in re.findall(r"[0-9A-Fa-f:.]{2,45}", " ".join(messages)):
        try:
            return str(ipaddress.ip_address(candidate.strip(".")))
        except ValueError:
            continue
    return ""


def _retry_after(headers: dict[str, str]) -> float | None:
    """Retry-After in seconds (RFC 9110, 10.2.3), a date counted from the answer's own; or None."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return max(wait.total_seconds(), 0.0)
