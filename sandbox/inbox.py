"""The endpoints of conversations, messages and templates."""

import json
import re
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from sandbox import rows
from sandbox.calls import Call, Page, Problems, World, label
from sandbox.contacts import contact_by_number, insert_contact, like
from sandbox.envelope import Answer, Refusal
from sandbox.forms import Form
from sandbox.store import timestamp

# Field, kinds by content, limit in kilobytes, the types as Laravel lists them.
MEDIA = {
    "image": (("jpg", "png"), 5 * 1024, "jpg, jpeg, png"),
    "document": (("pdf", "doc", "docx"), 100 * 1024, "pdf, doc, docx"),
    "video": (("mp4",), 16 * 1024, "mp4"),
    "audio": (("audio", "mp4"), 16 * 1024, "aac, amr, mp3, m4a, ogg, wav"),
}
UNREAD, APPROVED = 4, 1

_CONVERSATION_SQL = (
    f"SELECT conversation.*, {rows.CONTACT_SQL} FROM conversation "  # noqa: S608
    "LEFT JOIN contact ON contact.id = conversation.contact_id "
)


@dataclass(frozen=True)
class Draft:
    """What is about to reach a phone."""

    kind: str
    text: str | None = None
    template_id: int | None = None
    body_variables: list[str] | None = None
    header_variables: list[str] | None = None
    file: dict[str, Any] | None = None
    location: dict[str, Any] | None = None
    cta_url_id: int | None = None
    interactive_list_id: int | None = None


def conversation_list(world: World, call: Call) -> Answer:
    page, status = Page.of(call, world), call.query.get("status", "").strip()
    conditions: dict[str, Any] = {}
    if status:
        known = status.isascii() and status.isdigit() and len(status) < 5
        conditions["conversation.status = ?"] = int(status) if known else -1
        if status == str(UNREAD) and world.has("no_unread_filter"):
            conditions["conversation.status = ?"] = -1
    search = call.query.get("search", "").strip()
    if search and world.has("conversation_search"):
        matching = "SELECT rowid FROM contact_search WHERE folded LIKE ?"
        conditions[f"contact_id IN ({matching})"] = like(search)
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    values, db = list(conditions.values()), world.store.db
    total = db.execute(f"SELECT count(*) FROM conversation {where}", values).fetchone()[0]  # noqa: S608
    found = db.execute(
        f"{_CONVERSATION_SQL} {where} "
        "ORDER BY conversation.last_message_at DESC, conversation.id DESC LIMIT ? OFFSET ?",
        (*values, *page.limit(world)),
    ).fetchall()
    data = {"conversation": page.answer(world, _with_notes(db, found), total)}
    return world.success("conversation_list", "Conversation list fetched successfully", data)


def change_conversation_status(world: World, call: Call) -> Answer:
    problems, status = Problems(), call.form.get("status")
    find_conversation(world, call.id)
    allowed = {"1", "2", "3"}
    allowed |= set() if world.has("refuse_unread") else {"4"}
    allowed |= {"0"} if world.has("status_zero") else set()
    problems.required(call.form, "status")
    if status not in allowed:
        problems.add("status", "The selected status is invalid.")
    problems.raise_any()
    world.store.db.execute(
        "UPDATE conversation SET status = ?, updated_at = ? WHERE id = ?",
        (int(status), timestamp(time.time()), call.id),
    )
    message = "Conversation status changed successfully"
    return world.success("conversation_status", message)


def conversation_details(world: World, call: Call) -> Answer:
    db, row = world.store.db, find_conversation(world, call.id)
    [conversation] = _with_notes(db, [row])
    if conversation["contact"]:
        for key, name in (("tags", "tag"), ("lists", "list")):
            found = db.execute(
                f"SELECT id, name FROM {name} JOIN contact_{name} ON {name}_id = id "  # noqa: S608
                "WHERE contact_id = ? ORDER BY id",
                (row["contact_id"],),
            )
            conversation["contact"][key] = [dict(each) for each in found]
    message = "Conversation details fetched successfully"
    return world.success("conversation_details", message, {"conversation": conversation})


def send_message(world: World, call: Call) -> Answer:
    problems = Problems()
    _check_number(call, problems)
    draft = _read_draft(world, call, problems)
    problems.raise_any()
    assert draft is not None  # noqa: S101 - else there was a problem
    account = _account(world, call.form.get("from_number"))
    if draft.kind in ("cta_url", "interactive_list") and not world.settings.interactive_plan:
        text = "Your current plan does not support interactive messages"
        raise Refusal("validation_error", text)
    contact = _recipient(world, call)
    if contact is None and not world.has("contactless_conversations"):
        mobile_code, mobile = call.form.get("mobile_code"), call.form.get("mobile")
        insert_contact(world, firstname=mobile, lastname="", mobile_code=mobile_code, mobile=mobile)
        contact = _recipient(world, call)
    return _deliver(world, call, draft, account, contact, "message_sent", "Message sent")


def send_template_message(world: World, call: Call) -> Answer:
    form, problems = call.form, Problems()
    _check_number(call, problems)
    problems.required(form, "template_id")
    problems.digits(form, "template_id")
    problems.raise_any()
    chosen = "" if world.has("template_ignores_from") else form.get("from_number")
    account = _account(world, chosen)
    template = _approved_template(world, int(form.get("template_id")))
    contact = _recipient(world, call)
    if contact is None and not world.has("contactless_conversations"):
        raise Refusal("unknown_contact", "No conversation exists with this contact")
    body, header = [], []
    if world.has("template_variables"):
        body, header = form.array("body_variables"), form.array("header_variables")
    draft = Draft(
        kind="template",
        text=fill_variables(json.loads(template["body"])["text"], body),
        template_id=template["id"],
        body_variables=body,
        header_variables=header,
    )
    answer = _deliver(world, call, draft, account, contact, "template_sent", "Template sent")
    if world.has("template_exception"):
        raise AfterTheFact("Undefined variable $conversationId")
    return answer


def template_list(world: World, call: Call) -> Answer:
    page, db = Page.of(call, world), world.store.db
    total = db.execute("SELECT count(*) FROM template").fetchone()[0]
    sql = "SELECT * FROM template ORDER BY id DESC LIMIT ? OFFSET ?"
    templates = [rows.template(row) for row in db.execute(sql, page.limit(world))]
    data = {"templates": page.answer(world, templates, total)}
    return world.success("template_list", "Template list fetched successfully", data)


class AfterTheFact(Exception):
    """Ends a request with `exception` although what it did stays done."""


def receive(world: World, mobile_code: str, mobile: str, text: str) -> tuple[int, int]:
    """A customer writes. Creates contact and conversation where needed; returns the ids of the
    message and the conversation."""
    contact = contact_by_number(world, mobile_code, mobile)
    if contact is None:
        insert_contact(world, firstname=mobile, lastname="", mobile_code=mobile_code, mobile=mobile)
        contact = contact_by_number(world, mobile_code, mobile)
    default = _account(world, "")
    conversation_id = _conversation_with(world, contact, mobile_code, mobile, default)
    now = time.time()
    message_id = _record(
        world, conversation_id, (mobile_code, mobile), Draft("text", text), None, now, now
    )
    if not world.has("no_unread_filter"):
        world.store.db.execute(
            "UPDATE conversation SET status = ? WHERE id = ?", (UNREAD, conversation_id)
        )
    return message_id, conversation_id


def fill_variables(text: str, variables: list[str]) -> str:
    """`{{1}}` by the first variable and so on; those without one stay."""

    def value(match: re.Match[str]) -> str:
        position = int(match[1])
        return variables[position - 1] if 0 < position <= len(variables) else match[0]

    return re.sub(r"\{\{\s*(\d{1,3})\s*\}\}", value, text)


def _with_notes(db: sqlite3.Connection, found: list[sqlite3.Row]) -> list[dict[str, Any]]:
    notes: dict[int, list[sqlite3.Row]] = {row["id"]: [] for row in found}
    ids = json.dumps(list(notes))
    sql = (
        "SELECT * FROM note WHERE conversation_id IN (SELECT value FROM json_each(?)) "
        "ORDER BY id DESC"
    )
    for note in db.execute(sql, (ids,)):
        notes[note["conversation_id"]].append(note)
    return [rows.conversation(row, notes[row["id"]]) for row in found]


def find_conversation(world: World, conversation_id: int) -> sqlite3.Row:
    sql = f"{_CONVERSATION_SQL} WHERE conversation.id = ?"
    row: sqlite3.Row | None = world.store.db.execute(sql, (conversation_id,)).fetchone()
    if row is None:
        raise Refusal("not_found", "Conversation not found")
    return row


def _check_number(call: Call, problems: Problems) -> None:
    problems.required(call.form, "mobile_code", "mobile")
    problems.digits(call.form, "mobile_code", "mobile")
    problems.longest(call.form, 6, "mobile_code")
    problems.longest(call.form, 20, "mobile")


def _read_draft(world: World, call: Call, problems: Problems) -> Draft | None:
    """The one thing a send carries: a medium first, then the rest in the vendor's order."""
    form = call.form
    text = form.get("message") or None
    for kind, (kinds, limit, listed) in MEDIA.items():
        upload = form.files.get(kind)
        if upload is None:
            continue
        if upload.kind not in kinds:
            problems.add(kind, f"The {kind} field must be a file of type: {listed}.")
        if upload.size > limit * 1024:
            problems.add(kind, f"The {kind} field must not be greater than {limit} kilobytes.")
        # A caption goes with an image, a document or a video; audio has none.
        caption = text if kind != "audio" else None
        return Draft(kind=kind, text=caption, file=upload.as_json())
    if form.get("latitude") or form.get("longitude"):
        return _read_location(call, problems)
    if form.get("cta_url_id"):
        cta_url_id = _existing(world, "cta_url", form, problems)
        return Draft(kind="cta_url", text=text, cta_url_id=cta_url_id)
    if form.get("interactive_list_id"):
        interactive_list_id = _existing(world, "interactive_list", form, problems)
        return Draft(kind="interactive_list", text=text, interactive_list_id=interactive_list_id)
    if text:
        return Draft(kind="text", text=text)
    problems.add("message", "At least one message type is required.")
    return None


def _read_location(call: Call, problems: Problems) -> Draft:
    form, point = call.form, {}
    problems.required(form, "latitude", "longitude")
    for name, limit in (("latitude", 90.0), ("longitude", 180.0)):
        text = form.get(name)
        if re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,20})?", text) is None:
            problems.add(name, f"The {name} field must be a number.")
        elif abs(float(text)) > limit:
            problems.add(name, f"The {name} field must be between -{limit:g} and {limit:g}.")
        else:
            point[name] = float(text)
    place = {"name": form.get("name"), "address": form.get("address")}
    return Draft(kind="location", location={**point, **place})


def _existing(world: World, table: str, form: Form, problems: Problems) -> int | None:
    """The id in the field `<table>_id`, a problem when there is no such row."""
    field, text = f"{table}_id", form.get(f"{table}_id")
    if text.isascii() and text.isdigit() and len(text) < 10:
        sql = f"SELECT id FROM {table} WHERE id = ?"  # noqa: S608 - our own name
        row = world.store.db.execute(sql, (int(text),)).fetchone()
        if row:
            return int(row["id"])
    problems.add(field, f"The selected {label(field)} is invalid.")
    return None


def _account(world: World, from_number: str) -> sqlite3.Row:
    """The account's WhatsApp number to send from: the first one where none is asked for."""
    if not world.settings.connected:
        raise Refusal("not_found", "Please connect your whatsapp account first")
    sql = "SELECT * FROM whatsapp_account ORDER BY id"
    accounts: list[sqlite3.Row] = world.store.db.execute(sql).fetchall()
    wanted = re.sub(r"\D", "", from_number)
    for account in accounts:
        if not from_number or account["number"] == wanted:
            return account
    raise Refusal("validation_error", "The selected from number is invalid.")


def _approved_template(world: World, template_id: int) -> sqlite3.Row:
    sql = "SELECT * FROM template WHERE id = ?"
    row: sqlite3.Row | None = world.store.db.execute(sql, (template_id % 2**63,)).fetchone()
    if row is None:
        raise Refusal("not_found", "Template not found")
    if row["status"] != APPROVED:
        raise Refusal("validation_error", "Only approved templates can be sent.")
    return row


def _recipient(world: World, call: Call) -> sqlite3.Row | None:
    contact = contact_by_number(world, call.form.get("mobile_code"), call.form.get("mobile"))
    if contact is not None and contact["is_blocked"]:
        raise Refusal("contact_error", "This contact is blocked. Please unblock it first")
    return contact


def _deliver(
    world: World,
    call: Call,
    draft: Draft,
    account: sqlite3.Row,
    contact: sqlite3.Row | None,
    remark: str,
    message: str,
) -> Answer:
    """The message leaves: from here on the customer has it."""
    number = call.form.get("mobile_code"), call.form.get("mobile")
    conversation_id = _conversation_with(world, contact, *number, account)
    message_id = _record(
        world, conversation_id, number, draft, account["number"], call.started, time.time()
    )
    data = {
        "conversation_id": conversation_id,
        "message": {
            "id": message_id,
            "conversation_id": conversation_id,
            "type": 1,
            "message": draft.text,
            "status": 1,
            "created_at": timestamp(time.time()),
        },
    }
    return world.success(remark, f"{message} successfully", data)


def _conversation_with(
    world: World, contact: sqlite3.Row | None, mobile_code: str, mobile: str, account: sqlite3.Row
) -> int:
    db, contact_id = world.store.db, contact["id"] if contact else None
    if contact_id is None:
        where = "contact_id IS NULL AND mobile_code = ? AND mobile = ?"
        found = db.execute(
            f"SELECT id FROM conversation WHERE {where}",  # noqa: S608
            (mobile_code, mobile),
        ).fetchone()
    else:
        sql = "SELECT id FROM conversation WHERE contact_id = ? ORDER BY id LIMIT 1"
        found = db.execute(sql, (contact_id,)).fetchone()
    if found:
        return int(found["id"])
    now = timestamp(time.time())
    cursor = db.execute(
        "INSERT INTO conversation (contact_id, mobile_code, mobile, whatsapp_account_id, "
        "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        (contact_id, mobile_code, mobile, account["id"], now, now),
    )
    return int(cursor.lastrowid or 0)


def _record(
    world: World,
    conversation_id: int,
    number: tuple[str, str],
    draft: Draft,
    from_number: str | None,
    started: float,
    finished: float,
) -> int:
    """Writes a message down and moves its conversation up. An inbound one has no from_number."""

    def encoded(value: Any) -> str | None:
        return json.dumps(value) if value else None

    values = {
        "outgoing": from_number is not None,
        "conversation_id": conversation_id,
        "mobile_code": number[0],
        "mobile": number[1],
        "number": "".join(number),
        "kind": draft.kind,
        "text": draft.text,
        "template_id": draft.template_id,
        "body_variables": encoded(draft.body_variables),
        "header_variables": encoded(draft.header_variables),
        "file": encoded(draft.file),
        "location": encoded(draft.location),
        "cta_url_id": draft.cta_url_id,
        "interactive_list_id": draft.interactive_list_id,
        "from_number": from_number,
        "started": started,
        "finished": finished,
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db = world.store.db
    cursor = db.execute(
        f"INSERT INTO message ({names}) VALUES ({marks})",  # noqa: S608 - our own names
        list(values.values()),
    )
    db.execute(
        "UPDATE conversation SET last_message_at = ?, updated_at = ? WHERE id = ?",
        (timestamp(finished), timestamp(finished), conversation_id),
    )
    return int(cursor.lastrowid or 0)
