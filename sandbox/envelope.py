"""Answers: the envelope, its errors, paginators, and the HTML that comes instead."""

import json
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
HTML = "text/html; charset=UTF-8"

# The HTTP status an error has where `errors_with_200` is off.
ERROR_STATUS = {
    "Unauthorized": 401,
    "subscription_required": 403,
    "not_available": 403,
    "user_error": 403,
    "validation_error": 422,
    "not_found": 404,
    "unknown_contact": 404,
    "contact_error": 409,
    "contact_limit_error": 403,
    "image_upload_error": 500,
    "exception": 500,
}


@dataclass(frozen=True)
class Answer:
    """What goes back: HTTP status, body, content type and further headers."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Ends a request with an error envelope."""

    def __init__(self, remark: str, *messages: str) -> None:
        super().__init__(remark, *messages)
        self.remark = remark
        self.messages = list(messages)


def success(remark: str, message: str, data: Any = None, *, omit_empty: bool) -> Answer:
    return _envelope(200, remark, "success", [message], data, omit_empty)


def error(remark: str, messages: list[str], *, omit_empty: bool, with_200: bool) -> Answer:
    status = ERROR_STATUS.get(remark, 400)
    if with_200 and remark != "Unauthorized":
        status = 200
    return _envelope(status, remark, "error", messages, None, omit_empty)


def _envelope(
    http: int, remark: str, status: str, messages: list[str], data: Any, omit_empty: bool
) -> Answer:
    content: dict[str, Any] = {"remark": remark, "status": status}
    if messages or not omit_empty:
        content["message"] = messages
    if data or not omit_empty:
        content["data"] = data or {}
    return Answer(http, json.dumps(content).encode())


def paginator(
    rows: list[Any], *, total: int, page: int, per_page: int, path: str
) -> dict[str, Any]:
    """Laravel's LengthAwarePaginator as JSON."""
    last = max(1, -(-total // per_page))
    first_row = (page - 1) * per_page + 1

    def url(number: int) -> str:
        return f"{path}?page={number}"

    return {
        "current_page": page,
        "data": rows,
        "first_page_url": url(1),
        "from": first_row if rows else None,
        "last_page": last,
        "last_page_url": url(last),
        "next_page_url": url(page + 1) if page < last else None,
        "path": path,
        "per_page": per_page,
        "prev_page_url": url(page - 1) if page > 1 else None,
        "to": first_row + len(rows) - 1 if rows else None,
        "total": total,
    }


def html(status: int, title: str, server: str = "nginx", **headers: str) -> Answer:
    """A page as a web server or Laravel would show it instead of JSON."""
    page = (
        f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n"
        f"<body>\n<center><h1>{title}</h1></center>\n<hr><center>{server}</center>\n"
        "</body>\n</html>\n"
    )
    return Answer(status, page.encode(), HTML, headers)


NOT_FOUND = html(404, "404 Not Found", "WaziMe")
NOT_ALLOWED = html(405, "405 Method Not Allowed", "WaziMe")
TOO_LARGE = html(413, "413 Request Entity Too Large")
