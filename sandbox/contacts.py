"""The four endpoints of contacts."""

import sqlite3
import time
from typing import Any

from sandbox import rows
from sandbox.calls import Call, Page, Problems, World, label
from sandbox.envelope import Answer, Refusal
from sandbox.forms import Upload
from sandbox.store import fold, search_text, timestamp

NAMES = ("firstname", "lastname")
REQUIRED = (*NAMES, "mobile_code", "mobile")
ADDRESS = ("city", "state", "post_code", "address")


def contact_list(world: World, call: Call) -> Answer:
    page, search = Page.of(call, world), call.query.get("search", "").strip()
    where, values = "", []
    if search:
        where = "WHERE contact.id IN (SELECT rowid FROM contact_search WHERE folded LIKE ?)"
        values = [like(search)]
    db = world.store.db
    total = db.execute(f"SELECT count(*) FROM contact {where}", values).fetchone()[0]  # noqa: S608
    found = db.execute(
        f"SELECT {rows.CONTACT_SQL} FROM contact {where} "  # noqa: S608
        "ORDER BY contact.id DESC LIMIT ? OFFSET ?",
        (*values, *page.limit(world)),
    )
    contacts = [rows.contact(row) for row in found]
    data = {"contacts": page.answer(world, contacts, total)}
    return world.success("contact_list", "Contact list fetched successfully", data)


def contact_store(world: World, call: Call) -> Answer:
    problems = Problems()
    problems.required(call.form, *REQUIRED)
    _check_fields(world, call, problems)
    problems.raise_any()
    values = {name: call.form.get(name) for name in (*REQUIRED, *ADDRESS)}
    contact_id = insert_contact(world, **values, image=_save_image(call.form.files))
    data = {"contact": shown_contact(world, contact_id)}
    return world.success("contact_store", "Contact created successfully", data)


def contact_update(world: World, call: Call) -> Answer:
    """D changes what is sent. O (`update_needs_all`) takes what is not sent as empty."""
    old, problems = find_contact(world, call.id), Problems()
    whole = world.has("update_needs_all")
    problems.required(call.form, *(name for name in REQUIRED if whole or name in call.form))
    _check_fields(world, call, problems, old)
    problems.raise_any()
    if world.has("updates_count"):
        world.spend_contact("update a contact")
    sent = {
        name: call.form.get(name)
        for name in (*REQUIRED, *ADDRESS)
        if name in call.form or (whole and name in ADDRESS)
    }
    if image := _save_image(call.form.files):
        sent["image"] = image
    _write_contact(world, call.id, {**dict(old), **sent})
    data = {"contact": shown_contact(world, call.id)}
    return world.success("contact_update", "Contact updated successfully", data)


def contact_delete(world: World, call: Call) -> Answer:
    db, old = world.store.db, find_contact(world, call.id)
    if old["is_blocked"]:
        raise Refusal("contact_error", "Blocked contacts can not be deleted")
    if db.execute(
        "SELECT 1 FROM message JOIN conversation ON conversation.id = conversation_id "
        "WHERE contact_id = ? LIMIT 1",
        (call.id,),
    ).fetchone():
        raise Refusal("contact_error", "A contact that has messages can not be deleted")
    db.execute("UPDATE conversation SET contact_id = NULL WHERE contact_id = ?", (call.id,))
    db.execute("DELETE FROM contact WHERE id = ?", (call.id,))
    db.execute("DELETE FROM contact_search WHERE rowid = ?", (call.id,))
    return world.success("contact_delete", "Contact deleted successfully")


def find_contact(world: World, contact_id: int) -> sqlite3.Row:
    sql = "SELECT * FROM contact WHERE id = ?"
    row: sqlite3.Row | None = world.store.db.execute(sql, (contact_id,)).fetchone()
    if row is None:
        raise Refusal("not_found", "Contact not found")
    return row


def contact_by_number(world: World, mobile_code: str, mobile: str) -> sqlite3.Row | None:
    """Exactly this number: the API does not know that the ninth digit may be left out."""
    sql = "SELECT * FROM contact WHERE mobile_code = ? AND mobile = ?"
    row: sqlite3.Row | None = world.store.db.execute(sql, (mobile_code, mobile)).fetchone()
    return row


def insert_contact(
    world: World,
    *,
    firstname: str,
    lastname: str,
    mobile_code: str,
    mobile: str,
    image: str | None = None,
    **address: str,
) -> int:
    """Returns the new id. Raises Refusal at the plan's contact limit."""
    world.spend_contact("create a contact")
    now = timestamp(time.time())
    values: dict[str, str | None] = {"firstname": firstname, "lastname": lastname}
    values |= {"mobile_code": mobile_code}
    values |= {"mobile": mobile, "image": image, "created_at": now, "updated_at": now}
    values |= {name: address.get(name, "") for name in ADDRESS}
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db = world.store.db
    cursor = db.execute(
        f"INSERT INTO contact ({names}) VALUES ({marks})",  # noqa: S608 - our own names
        list(values.values()),
    )
    contact_id = cursor.lastrowid
    assert contact_id is not None  # noqa: S101 - an INSERT has one
    text = search_text(firstname, lastname, mobile)
    db.execute("INSERT INTO contact_search (rowid, folded) VALUES (?, ?)", (contact_id, text))
    return contact_id


def shown_contact(world: World, contact_id: int) -> dict[str, Any]:
    return rows.contact(find_contact(world, contact_id), prefix="")


def like(search: str) -> str:
    """A LIKE pattern for "contains". % and _ in it are wildcards, as the vendor leaves them."""
    return f"%{fold(search)}%"


def _write_contact(world: World, contact_id: int, values: dict[str, Any]) -> None:
    names = (*REQUIRED, *ADDRESS, "image")
    db = world.store.db
    db.execute(
        f"UPDATE contact SET {', '.join(f'{n} = ?' for n in names)}, updated_at = ? "  # noqa: S608
        "WHERE id = ?",
        (*(values[name] for name in names), timestamp(time.time()), contact_id),
    )
    text = search_text(values["firstname"], values["lastname"], values["mobile"])
    db.execute("UPDATE contact_search SET folded = ? WHERE rowid = ?", (text, contact_id))


def _check_fields(
    world: World, call: Call, problems: Problems, old: sqlite3.Row | None = None
) -> None:
    form = call.form
    problems.longest(form, 40, *NAMES)
    problems.longest(form, 255, *ADDRESS)
    problems.digits(form, "mobile_code", "mobile")
    problems.longest(form, 6, "mobile_code")
    problems.longest(form, 20, "mobile")
    number = [form.get(n) or (old[n] if old else "") for n in ("mobile_code", "mobile")]
    other = contact_by_number(world, *number)
    if other and (old is None or other["id"] != old["id"]):
        problems.add("mobile", "The mobile has already been taken.")
    image = form.files.get("profile_image")
    if image and image.kind not in ("jpg", "png"):
        name = label("profile_image")
        problems.add("profile_image", f"The {name} field must be a file of type: jpg, jpeg, png.")


def _save_image(files: dict[str, Upload]) -> str | None:
    image = files.get("profile_image")
    return f"{image.sha256[:16]}.{image.kind}" if image else None
