"""Database rows as the API shows them, with the quirks of how values are written."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from sandbox.settings import Settings

AVATAR = "https://wazime.example/assets/images/avatar.jpg"

_NUMBERS = frozenset(
    [
        "id",
        "contact_id",
        "conversation_id",
        "status",
        "is_blocked",
        "whatsapp_account_id",
        "needs_human_reply",
        "template_id",
        "language_id",
        "category_id",
        "message_type",
        "type",
        "ordering",
        "per_page",
    ]
)
_EMPTY_IS_NULL = frozenset({"details", "address", "notes", "tags", "lists", "buttons"})
_DERIVED = frozenset({"full_name", "image_src", "needs_human_reply", "rejected_reason"})

CONTACT_COLUMNS = [
    "id",
    "firstname",
    "lastname",
    "mobile_code",
    "mobile",
    "image",
    "is_blocked",
    "city",
    "state",
    "post_code",
    "address",
    "created_at",
    "updated_at",
]
CONTACT_SQL = ", ".join(f"contact.{name} AS contact_{name}" for name in CONTACT_COLUMNS)


def contact(row: sqlite3.Row, prefix: str = "contact_") -> dict[str, Any]:
    """A contact from a row whose columns were selected with CONTACT_SQL."""
    image = row[f"{prefix}image"]
    return {
        "id": row[f"{prefix}id"],
        "firstname": row[f"{prefix}firstname"],
        "lastname": row[f"{prefix}lastname"],
        "mobile_code": row[f"{prefix}mobile_code"],
        "mobile": row[f"{prefix}mobile"],
        "full_name": f"{row[f'{prefix}firstname']} {row[f'{prefix}lastname']}".strip(),
        "image": image,
        "image_src": f"https://wazime.example/assets/images/contact/{image}" if image else AVATAR,
        "is_blocked": row[f"{prefix}is_blocked"],
        "details": [],
        "address": {
            "city": row[f"{prefix}city"],
            "state": row[f"{prefix}state"],
            "post_code": row[f"{prefix}post_code"],
            "address": row[f"{prefix}address"],
            "country": "Brazil" if row[f"{prefix}mobile_code"] == "55" else "",
        },
        "created_at": row[f"{prefix}created_at"],
        "updated_at": row[f"{prefix}updated_at"],
    }


def conversation(row: sqlite3.Row, notes: Iterable[sqlite3.Row]) -> dict[str, Any]:
    """A conversation joined with its contact (CONTACT_SQL), which can be null."""
    return {
        "id": row["id"],
        "contact_id": row["contact_id"],
        "status": row["status"],
        "last_message_at": row["last_message_at"],
        "whatsapp_account_id": row["whatsapp_account_id"],
        "needs_human_reply": row["needs_human_reply"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "contact": contact(row) if row["contact_id"] is not None else None,
        "notes": [dict(note) for note in notes],
    }


def template(row: sqlite3.Row) -> dict[str, Any]:
    def decoded(name: str) -> Any:
        return json.loads(row[name]) if row[name] else None

    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "whatsapp_template_id": str(1_200_000_000_000 + row["id"] * 7919),
        "language_id": 1,
        "category_id": row["category_id"],
        "header_format": row["header_format"],
        "header": decoded("header"),
        "body": decoded("body"),
        "footer": row["footer"],
        "buttons": decoded("buttons"),
        "rejected_reason": row["rejected_reason"],
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def present(value: Any, settings: Settings) -> Any:
    """`value` with the quirks `string_numbers`, `null_keys` and `missing_keys` applied."""
    strings, nulls, missing = (
        settings.has(q) for q in ("string_numbers", "null_keys", "missing_keys")
    )
    if not (strings or nulls or missing):
        return value

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        shown: dict[str, Any] = {}
        for name, item in node.items():
            empty = name in _EMPTY_IS_NULL and _is_empty(item)
            if missing and (empty or name in _DERIVED):
                continue
            if strings and name in _NUMBERS and isinstance(item, int):
                shown[name] = str(item)
            else:
                shown[name] = None if nulls and empty else walk(item)
        return shown

    return walk(value)


def _is_empty(item: Any) -> bool:
    if isinstance(item, dict):  # an address: its country alone says nothing
        return not any(value for name, value in item.items() if name != "country")
    return not item
