"""/_sandbox: the switches, and what was accepted and asked, in JSON."""

import json
from typing import Any

from aiohttp import web

from sandbox import inbox
from sandbox.faults import FAULTS, FaultError
from sandbox.playing import ENDPOINTS, SANDBOX
from sandbox.settings import SettingError
from sandbox.store import Store

BATCH = 2000

# SQLite writes the JSON: ten times as fast as row by row in Python.
_ACCEPTED_SQL = """
SELECT id, json_object(
    'sequence', id, 'number', number, 'mobile_code', mobile_code, 'mobile', mobile,
    'kind', kind, 'text', text, 'template_id', template_id,
    'body_variables', json(coalesce(body_variables, '[]')),
    'header_variables', json(coalesce(header_variables, '[]')),
    'file', json(file), 'location', json(location),
    'cta_url_id', cta_url_id, 'interactive_list_id', interactive_list_id,
    'from_number', from_number, 'conversation_id', conversation_id,
    'started', started, 'finished', finished
) FROM message WHERE id > ? AND outgoing AND NOT seeded ORDER BY id LIMIT ?
"""


def add_routes(app: web.Application) -> None:
    app.router.add_get("/_sandbox/accepted", accepted)
    app.router.add_get("/_sandbox/calls", count_calls)
    app.router.add_post("/_sandbox/reset", reset)
    app.router.add_post("/_sandbox/inbound", inbound)
    app.router.add_get("/_sandbox/settings", show_settings)
    app.router.add_post("/_sandbox/settings", change_settings)
    app.router.add_get("/_sandbox/faults", list_faults)
    app.router.add_post("/_sandbox/faults", add_faults)
    app.router.add_delete("/_sandbox/faults", clear_faults)
    app.router.add_delete("/_sandbox/faults/{id:[0-9]{1,12}}", remove_fault)


async def accepted(request: web.Request) -> web.StreamResponse:
    """`{"accepted": [...]}`: every message customers got, oldest first; `?since=` a sequence.

    Sent in batches, so that a long list holds up nobody.
    """
    since = request.query.get("since", "0")
    if not (since.isascii() and since.isdigit() and len(since) < 19):
        return refuse("since is a sequence number")
    store, last = request.app[SANDBOX].store, int(since)
    batch, last = _accepted_batch(store, last)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"accepted":[' + ",".join(batch).encode())
    while len(batch) == BATCH:
        batch, last = _accepted_batch(store, last)
        if batch:
            await response.write(b"," + ",".join(batch).encode())
    await response.write(b"]}")
    await response.write_eof()
    return response


def _accepted_batch(store: Store, since: int) -> tuple[list[str], int]:
    found = store.db.execute(_ACCEPTED_SQL, (since, BATCH)).fetchall()
    return [row[1] for row in found], found[-1][0] if found else since


async def count_calls(request: web.Request) -> web.Response:
    """`{"calls": {"contact/list": 7, ...}}`: how often each endpoint was called, with any fault."""
    return web.json_response({"calls": request.app[SANDBOX].calls})


async def reset(request: web.Request) -> web.Response:
    """Data, settings and faults as at the start, and no calls."""
    request.app[SANDBOX].reset()
    return web.json_response({})


async def inbound(request: web.Request) -> web.Response:
    """A customer writes: `{"code": "55", "mobile": "11912345678", "text": "Oi"}`."""
    wanted = await _body(request)
    values = [wanted.get(name) for name in ("code", "mobile", "text")] if wanted else []
    if not values or not all(isinstance(value, str) and value for value in values):
        return refuse("code, mobile and text are texts")
    code, mobile, text = values
    if not (code + mobile).isdigit():
        return refuse("code and mobile are digits")
    sandbox = request.app[SANDBOX]
    with sandbox.store.transaction():
        message_id, conversation_id = inbox.receive(sandbox, code, mobile, text)
    return web.json_response({"sequence": message_id, "conversation_id": conversation_id})


async def show_settings(request: web.Request) -> web.Response:
    return web.json_response(request.app[SANDBOX].settings.as_json())


async def change_settings(request: web.Request) -> web.Response:
    """Changes what is named; `quirks` switches single ones, `behaviour` all of them."""
    sandbox, wanted = request.app[SANDBOX], await _body(request)
    try:
        sandbox.settings = sandbox.settings.changed(wanted or {})
    except SettingError as wrong:
        return refuse(str(wrong))
    return await show_settings(request)


async def list_faults(request: web.Request) -> web.Response:
    """The rules that are on, and the catalogue of faults."""
    rules = [rule.as_json() for rule in request.app[SANDBOX].rules]
    catalogue = {name: fault.as_json() for name, fault in FAULTS.items()}
    return web.json_response({"rules": rules, "catalogue": catalogue})


async def add_faults(request: web.Request) -> web.Response:
    """One rule, or a list of rules: all are added or none. Answers them with their ids."""
    rules, wanted = request.app[SANDBOX].rules, await _body(request)
    many = wanted if isinstance(wanted, list) else [wanted]
    try:
        added = rules.add_all(many, ENDPOINTS)
    except FaultError as wrong:
        return refuse(str(wrong))
    return web.json_response({"rules": [rule.as_json() for rule in added]}, status=201)


async def clear_faults(request: web.Request) -> web.Response:
    request.app[SANDBOX].rules.clear()
    return web.json_response({})


async def remove_fault(request: web.Request) -> web.Response:
    if not request.app[SANDBOX].rules.remove(int(request.match_info["id"])):
        return refuse("no such rule", status=404)
    return web.json_response({})


def refuse(sentence: str, status: int = 422) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


async def _body(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        return None
