"""The customers' phones at / and the page of switches at /faults, for people."""

import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from sandbox import inbox
from sandbox.contacts import like
from sandbox.faults import FAULTS, FaultError
from sandbox.playing import ENDPOINTS, SANDBOX, Sandbox
from sandbox.settings import BEHAVIOURS, QUIRKS, SettingError

HERE = Path(__file__).parent
PHONES_SHOWN, MESSAGES_SHOWN = 60, 200
BRASILIA = timezone(timedelta(hours=-3))  # no daylight saving time since 2019

_LAST_MESSAGE = """
LEFT JOIN message ON message.id =
    (SELECT max(id) FROM message WHERE message.conversation_id = conversation.id)
"""
_PHONE_COLUMNS = (
    "contact.firstname, contact.lastname, contact.is_blocked, "
    "coalesce(message.number, contact.number, conversation.mobile_code || conversation.mobile) "
    "AS number, message.kind, message.text, message.outgoing, message.finished, message.file"
)
_NEWEST_PHONES = (
    f"SELECT {_PHONE_COLUMNS} FROM conversation "  # noqa: S608 - our own text
    f"LEFT JOIN contact ON contact.id = conversation.contact_id {_LAST_MESSAGE} "
    "ORDER BY conversation.last_message_at DESC, conversation.id DESC LIMIT ?"
)
_FOUND_PHONES = (
    f"SELECT {_PHONE_COLUMNS} FROM contact "  # noqa: S608 - our own text
    f"LEFT JOIN conversation ON conversation.contact_id = contact.id {_LAST_MESSAGE} "
    "WHERE contact.id IN (SELECT rowid FROM contact_search WHERE folded LIKE ?) "
    "ORDER BY conversation.last_message_at DESC LIMIT ?"
)
_MESSAGES = """
SELECT message.*, template.header, template.footer, template.buttons,
    cta_url.name AS cta_name, interactive_list.name AS list_name, interactive_list.options
FROM message
LEFT JOIN template ON template.id = template_id
LEFT JOIN cta_url ON cta_url.id = cta_url_id
LEFT JOIN interactive_list ON interactive_list.id = interactive_list_id
WHERE number = ? ORDER BY message.id DESC LIMIT ?
"""

KINDS = {
    "image": "Foto",
    "document": "Documento",
    "video": "Vídeo",
    "audio": "Áudio",
    "location": "Localização",
    "template": "Modelo",
    "cta_url": "Botão com link",
    "interactive_list": "Lista",
}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", phones)
    app.router.add_get("/phones/{number:[0-9]{1,26}}/", phone)
    app.router.add_post("/phones/{number:[0-9]{1,26}}/", write_back)
    app.router.add_get("/faults", faults)
    app.router.add_post("/faults/add", add_fault)
    app.router.add_post("/faults/remove", remove_faults)
    app.router.add_post("/faults/settings", change_settings)
    app.router.add_post("/faults/reset", reset)
    app.router.add_static("/static", HERE / "static")


async def phones(request: web.Request) -> web.Response:
    """The newest phones, or those found by `?q=` (name or number)."""
    db, search = request.app[SANDBOX].store.db, request.query.get("q", "").strip()
    if search:
        found = db.execute(_FOUND_PHONES, (like(search), PHONES_SHOWN)).fetchall()
    else:
        found = db.execute(_NEWEST_PHONES, (PHONES_SHOWN,)).fetchall()
    seen = {row["number"]: row for row in reversed(found)}
    digits = re.sub(r"\D", "", search)
    number = digits if len(digits) > 9 else ""
    shown = [shown_phone(row) for row in reversed(seen.values())]
    return render("phones.html", phones=shown, search=search, number=number)


async def phone(request: web.Request) -> web.Response:
    """What one number got and wrote, oldest first."""
    db, number = request.app[SANDBOX].store.db, request.match_info["number"]
    found = db.execute(_MESSAGES, (number, MESSAGES_SHOWN)).fetchall()
    sql = "SELECT firstname, lastname, is_blocked FROM contact WHERE number = ?"
    return render(
        "phone.html",
        number=number,
        contact=db.execute(sql, (number,)).fetchone(),
        messages=[shown_message(row) for row in reversed(found)],
        cut=len(found) == MESSAGES_SHOWN,
    )


async def write_back(request: web.Request) -> web.Response:
    """The customer of this phone writes `text`."""
    sandbox, number = request.app[SANDBOX], request.match_info["number"]
    text = str((await request.post()).get("text", "")).strip()
    if text:
        with sandbox.store.transaction():
            inbox.receive(sandbox, *split_number(sandbox.store.db, number), text)
    raise web.HTTPSeeOther(f"/phones/{number}/")


async def faults(request: web.Request) -> web.Response:
    return render_faults(request.app[SANDBOX])


async def add_fault(request: web.Request) -> web.Response:
    form = await request.post()
    sandbox = request.app[SANDBOX]
    rule: dict[str, Any] = {
        "fault": form.get("fault"),
        "endpoints": form.getall("endpoints", []),
        "numbers": re.findall(r"\d+", str(form.get("numbers", ""))),
        "message": form.get("message") or None,
    }
    try:
        rule["times"] = int(str(form["times"])) if form.get("times") else None
        rule["seconds"] = float(str(form["seconds"])) if form.get("seconds") else None
        if form.get("left"):
            rule["left"] = form["left"] == "yes"
        sandbox.rules.add_all([rule], ENDPOINTS)
    except (ValueError, FaultError) as wrong:
        return render_faults(sandbox, str(wrong), status=422)
    raise web.HTTPSeeOther("/faults")


async def remove_faults(request: web.Request) -> web.Response:
    """The rule `id`, or all of them without one."""
    rules, chosen = request.app[SANDBOX].rules, str((await request.post()).get("id", ""))
    if re.fullmatch(r"[0-9]{1,12}", chosen):
        rules.remove(int(chosen))
    elif not chosen:
        rules.clear()
    raise web.HTTPSeeOther("/faults")


async def change_settings(request: web.Request) -> web.Response:
    """The whole form, or `behaviour` alone."""
    form, sandbox = await request.post(), request.app[SANDBOX]
    changes: dict[str, Any] = {"behaviour": form["behaviour"]} if "behaviour" in form else {}
    try:
        if not changes:
            on = form.getall("quirks", [])
            limit = str(form.get("contact_limit", "")).strip()
            changes = {
                "quirks": {name: name in on for name in QUIRKS},
                "connected": "connected" in form,
                "interactive_plan": "interactive_plan" in form,
                "history": "history" in form,
                "contact_limit": int(limit) if limit else None,
            }
        sandbox.settings = sandbox.settings.changed(changes)
    except (ValueError, SettingError) as wrong:
        return render_faults(sandbox, str(wrong), status=422)
    raise web.HTTPSeeOther("/faults")


async def reset(request: web.Request) -> web.Response:
    request.app[SANDBOX].reset()
    raise web.HTTPSeeOther("/faults")


def split_number(db: sqlite3.Connection, number: str) -> tuple[str, str]:
    """Country code and mobile, as the contact or the newest message has them; else by guess."""
    for table in ("contact", "message"):
        row = db.execute(
            f"SELECT mobile_code, mobile FROM {table} WHERE number = ? ORDER BY id DESC",  # noqa: S608
            (number,),
        ).fetchone()
        if row:
            return row["mobile_code"], row["mobile"]
    return number[:2], number[2:]


def shown_phone(row: sqlite3.Row) -> dict[str, Any]:
    preview = row["text"] or KINDS.get(row["kind"], "") if row["kind"] else "Nenhuma mensagem"
    return {**dict(row), "preview": preview}


def shown_message(row: sqlite3.Row) -> dict[str, Any]:
    """A message with what the customer sees of its template, file, place, button or list."""
    message = dict(row)
    for name in ("file", "location", "header", "buttons", "options", "header_variables"):
        message[name] = json.loads(row[name]) if row[name] else None
    header = message["header"] or {}
    message["header"] = inbox.fill_variables(
        header.get("text", ""), message["header_variables"] or []
    )
    if header and not header.get("text"):
        message["header"] = f"[{header.get('format')}]"
    buttons = [button["text"] for button in message["buttons"] or []]
    message["buttons"] = [*buttons, *filter(None, [row["cta_name"], row["list_name"]])]
    return message


def render_faults(sandbox: Sandbox, problem: str = "", status: int = 200) -> web.Response:
    return render(
        "faults.html",
        status=status,
        problem=problem,
        rules=list(sandbox.rules),
        catalogue=FAULTS,
        endpoints=list(ENDPOINTS),
        behaviours=list(BEHAVIOURS),
        quirks=QUIRKS,
        settings=sandbox.settings,
    )


def render(name: str, status: int = 200, **context: Any) -> web.Response:
    page = _templates.get_template(name).render(**context)
    return web.Response(text=page, status=status, content_type="text/html", headers=_HEADERS)


def clock(moment: float) -> str:
    """14:05 today, 03/11 14:05 before."""
    local = datetime.fromtimestamp(moment, BRASILIA)
    today = datetime.now(BRASILIA).date()
    return local.strftime("%H:%M" if local.date() == today else "%d/%m %H:%M")


def filesize(size: int) -> str:
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} kB"
    return f"{size / 1024 / 1024:.1f} MB".replace(".", ",")


def pretty(number: str) -> str:
    """+55 11 91234-5678; a foreign number as +14155550132."""
    match = re.fullmatch(r"55(\d\d)(\d{4,5})(\d{4})", number)
    return f"+55 {match[1]} {match[2]}-{match[3]}" if match else f"+{number}"


def isotime(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"clock": clock, "filesize": filesize, "pretty": pretty, "isotime": isotime}
_templates.globals["kinds"] = KINDS
