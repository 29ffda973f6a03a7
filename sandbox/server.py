"""The web server: /external-api as WaziMe has it, and what stands beside it."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

from aiohttp import ClientError, web
from yarl import URL

from sandbox import control, pages
from sandbox.calls import Call
from sandbox.envelope import NOT_ALLOWED, NOT_FOUND, TOO_LARGE, html
from sandbox.faults import abort, play, to_response
from sandbox.forms import read_form
from sandbox.playing import ENDPOINTS, SANDBOX, WITH_ID, Endpoint, Sandbox

PREFIX = "/external-api/"


def find_endpoint(path: str) -> tuple[str, int] | None:
    """The endpoint's name and the id in `path`, 0 where it takes none; None for no such route."""
    name, _, last = path.rpartition("/")
    if name in WITH_ID and re.fullmatch(r"\d{1,18}", last, re.ASCII):
        return name, int(last)
    return (path, 0) if path in ENDPOINTS and path not in WITH_ID else None


async def serve_api(request: web.Request) -> web.StreamResponse:
    """Any request under /external-api."""
    sandbox, started = request.app[SANDBOX], time.time()
    found = find_endpoint(request.match_info["path"])
    if found:
        sandbox.calls[found[0]] += 1
    if found and not sandbox.routes(found[0]):
        found = None
    if found:
        _, rule = sandbox.rules.strike(found[0], "", unread=True)
        if rule:
            return await play(request, rule, None)
    if (request.content_length or 0) > sandbox.settings.max_body:
        return to_response(TOO_LARGE)
    try:
        form = await read_form(request)
    except web.HTTPRequestEntityTooLarge:
        return to_response(TOO_LARGE)
    if not found:
        return to_response(NOT_FOUND)
    name, object_id = found
    method, endpoint = ENDPOINTS[name]
    if request.method != method:
        return to_response(NOT_ALLOWED)
    url = str(request.url.with_query(None))
    call = Call(object_id, url, request.query, form, started)
    return await _answer(request, sandbox, name, endpoint, call)


async def _answer(
    request: web.Request, sandbox: Sandbox, name: str, endpoint: Endpoint, call: Call
) -> web.StreamResponse:
    """The endpoint's answer, or what the faults make of it."""
    number = call.form.get("mobile_code") + call.form.get("mobile")
    wait, rule = sandbox.rules.strike(name, number, unread=False)
    if wait:
        # A client that gives up meanwhile does not keep the message from leaving; a reset does.
        resets = sandbox.resets
        await asyncio.sleep(wait)
        if sandbox.resets != resets:
            return abort(request, reset=False)
    answer = None
    if rule is None or rule.left:
        answer = sandbox.unauthorized(request) or sandbox.perform(endpoint, call)
    if rule:
        return await play(request, rule, answer)
    assert answer is not None  # noqa: S101 - there is one without a rule
    return to_response(answer)


async def maintenance(_request: web.Request) -> web.StreamResponse:
    """Where the maintenance redirect leads: a page, with 200."""
    return to_response(html(200, "We are under maintenance", "WaziMe"))


@web.middleware
async def plain_failures(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Unknown routes in HTML; a client that went away is nobody's error; pages of other sites
    may not press our buttons."""
    origin = request.headers.get("Origin")
    if request.method != "GET" and origin and URL(origin).authority != request.host:
        return to_response(html(403, "403 Forbidden"))
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return to_response(NOT_FOUND)
    except web.HTTPMethodNotAllowed:
        return to_response(NOT_ALLOWED)
    except (ConnectionError, ClientError):
        return abort(request, reset=False)


def build_app(sandbox: Sandbox) -> web.Application:
    """The application; call it once per process."""
    app = web.Application(middlewares=[plain_failures], client_max_size=8 * 1024 * 1024)
    app[SANDBOX] = sandbox
    app.router.add_route("*", PREFIX + "{path:.*}", serve_api)
    app.router.add_get("/maintenance", maintenance)
    control.add_routes(app)
    pages.add_routes(app)
    return app
