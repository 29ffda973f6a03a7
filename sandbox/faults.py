"""Faults that can be switched on, and which requests they strike.

A fault's `left` says whether the message leaves (is recorded as accepted, or a write takes
effect) when it strikes: the first value is what happens unless a rule says otherwise.
"""

import asyncio
import itertools
import math
import os
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.envelope import HTML, JSON, Answer, error, html

FOREVER = 3600.0  # seconds a hanging answer lasts where a rule does not say
NEVER, ALWAYS, EITHER, EITHER_LEFT = (False,), (True,), (False, True), (True, False)


class FaultError(ValueError):
    """A rule that makes no sense."""


@dataclass
class Rule:
    """One fault and what it strikes.

    endpoints: names such as `inbox/send-message`; none means all. numbers: code + mobile, digits
    only; none means all. times: how often it strikes (each number by itself where numbers are
    given), None for ever. seconds: latency, Retry-After, a drip's pace, how long silence lasts.
    """

    fault: str
    endpoints: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    times: int | None = None
    seconds: float | None = None
    left: bool = False
    message: str | None = None
    id: int = 0
    struck: Counter[str] = field(default_factory=Counter)

    def strikes(self, endpoint: str, number: str) -> bool:
        """Whether this request is struck; counts it when so."""
        if self.endpoints and endpoint not in self.endpoints:
            return False
        if self.numbers and number not in self.numbers:
            return False
        key = number if self.numbers else ""
        if self.times is not None and self.struck[key] >= self.times:
            return False
        self.struck[key] += 1
        return True

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "fault": self.fault,
            "endpoints": sorted(self.endpoints),
            "numbers": sorted(self.numbers),
            "times": self.times,
            "seconds": self.seconds,
            "left": self.left,
            "message": self.message,
            "struck": self.struck.total(),
        }


Play = Callable[[web.Request, Rule, Answer | None], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Fault:
    """A way to fail. `unread`: it strikes before the body is read, so no number is known yet.
    `delay`: it only makes the request wait, another fault may strike as well."""

    description: str
    left: tuple[bool, ...]
    play: Play | None = None
    seconds: float | None = None
    unread: bool = False
    delay: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "description": self.description,
            "left": self.left[0],
            "left_can_change": len(self.left) > 1,
            "by_number": not self.unread,
            "seconds": self.seconds,
        }


class Rules:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._rules: dict[int, Rule] = {}
        # By number and, under "", those for any: a request meets few of thousands of rules.
        self._by_number: dict[str, list[Rule]] = {}

    def add_all(self, wanted: list[Any], endpoints: Iterable[str]) -> list[Rule]:
        """All or none. `endpoints`: the names there are. Raises FaultError."""
        rules = [parse_rule(each, endpoints) for each in wanted]
        for rule in rules:
            rule.id = next(self._ids)
            self._rules[rule.id] = rule
            for number in rule.numbers or {""}:
                self._by_number.setdefault(number, []).append(rule)
        return rules

    def remove(self, rule_id: int) -> bool:
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            return False
        for number in rule.numbers or {""}:
            self._by_number[number].remove(rule)
        return True

    def clear(self) -> None:
        self._rules.clear()
        self._by_number.clear()

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules.values())

    def strike(self, endpoint: str, number: str, *, unread: bool) -> tuple[float, Rule | None]:
        """Seconds to wait, and the one fault to play: the first added that matches, those of the
        number before those for any."""
        wait, chosen = 0.0, None
        for rule in self._candidates(number):
            fault = FAULTS[rule.fault]
            if fault.unread != unread or (chosen and not fault.delay):
                continue
            if not rule.strikes(endpoint, number):
                continue
            if fault.delay:
                wait += rule.seconds or 0.0
            else:
                chosen = rule
        return wait, chosen

    def _candidates(self, number: str) -> list[Rule]:
        any_number = self._by_number.get("", [])
        return self._by_number.get(number, []) + any_number if number else any_number


def parse_rule(wanted: Any, endpoints: Iterable[str]) -> Rule:
    if not isinstance(wanted, Mapping):
        raise FaultError("a rule is an object")
    known = {"fault", "endpoints", "numbers", "times", "seconds", "left", "message"}
    if unknown := set(wanted) - known:
        raise FaultError(f"unknown keys: {', '.join(sorted(map(str, unknown)))}")
    fault = FAULTS.get(str(wanted.get("fault")))
    if fault is None:
        raise FaultError(f"fault is one of {', '.join(FAULTS)}")
    rule = Rule(
        fault=wanted["fault"],
        endpoints=frozenset(_texts(wanted, "endpoints")),
        numbers=frozenset("".join(filter(str.isdigit, n)) for n in _texts(wanted, "numbers")),
        times=_number(wanted, "times"),
        seconds=_number(wanted, "seconds", fault.seconds),
        left=wanted.get("left", fault.left[0]),
        message=wanted.get("message"),
    )
    if elsewhere := rule.endpoints - set(endpoints):
        raise FaultError(f"unknown endpoints: {', '.join(sorted(elsewhere))}")
    if rule.left not in fault.left:
        raise FaultError(f"with {rule.fault} left is always {str(fault.left[0]).lower()}")
    if rule.numbers and fault.unread:
        raise FaultError(f"{rule.fault} strikes before the number is read")
    if rule.message is not None and not isinstance(rule.message, str):
        raise FaultError("message is a text")
    return rule


def _texts(wanted: Mapping[str, Any], name: str) -> list[str]:
    values = wanted.get(name) or []
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise FaultError(f"{name} is a list of texts")
    return values


def _number(wanted: Mapping[str, Any], name: str, default: float | None = None) -> Any:
    value = wanted.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FaultError(f"{name} is a number")
    if not (math.isfinite(value) and value >= 0):
        raise FaultError(f"{name} is not negative")
    return value


def not_whitelisted(ip: str) -> tuple[str, str]:
    """The two messages of the vendor's page."""
    return (
        "Access to this API endpoint is restricted to IP addresses that have been explicitly "
        "whitelisted.",
        f"In order to access this API endpoint, please add your IP address ({ip}) to the white "
        "list from the user dashboard.",
    )


async def play(request: web.Request, rule: Rule, done: Answer | None) -> web.StreamResponse:
    """What the client meets. `done` is the answer of a request whose message left."""
    action = FAULTS[rule.fault].play
    assert action is not None  # noqa: S101 - delays are not played
    return await action(request, rule, done)


def to_response(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def abort(request: web.Request, *, reset: bool) -> web.StreamResponse:
    """Ends the connection without an answer: by FIN, or by RST."""
    transport = request.transport
    if transport is not None:
        sock: socket.socket | None = transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()  # goes nowhere


def _answering(answer: Answer) -> Play:
    async def play(_request: web.Request, _rule: Rule, _done: Answer | None) -> web.StreamResponse:
        return to_response(answer)

    return play


def _refusing(remark: str, *messages: str) -> Play:
    """An error envelope as O writes it: HTTP 200 except for Unauthorized, no `data`."""

    async def play(_request: web.Request, rule: Rule, _done: Answer | None) -> web.StreamResponse:
        said = [rule.message] if rule.message else list(messages)
        return to_response(error(remark, said, omit_empty=True, with_200=True))

    return play


def _ending(*, reset: bool) -> Play:
    async def play(request: web.Request, _rule: Rule, _done: Answer | None) -> web.StreamResponse:
        return abort(request, reset=reset)

    return play


async def _rate_limited(
    _request: web.Request, rule: Rule, _done: Answer | None
) -> web.StreamResponse:
    retry_after = str(math.ceil(rule.seconds or 0))
    return to_response(html(429, "429 Too Many Requests", **{"Retry-After": retry_after}))


async def _maintenance(
    _request: web.Request, _rule: Rule, _done: Answer | None
) -> web.StreamResponse:
    return to_response(html(302, "Redirecting", Location="/maintenance"))


async def _garbage(_request: web.Request, _rule: Rule, _done: Answer | None) -> web.StreamResponse:
    return to_response(Answer(200, b'{"status":"succ\xff\x00\xfe' + os.urandom(64), JSON))


async def _php_warning(
    _request: web.Request, _rule: Rule, done: Answer | None
) -> web.StreamResponse:
    warning = (
        b'<br />\n<b>Warning</b>:  Undefined array key "contacts" in '
        b"<b>/var/www/html/app/Http/Controllers/Api/InboxController.php</b> "
        b"on line <b>212</b><br />\n"
    )
    return to_response(Answer(200, warning + (done.body if done else b""), HTML))


async def _slow_answer(request: web.Request, rule: Rule, done: Answer | None) -> web.StreamResponse:
    await wait_while_connected(request, rule.seconds or 0)
    return to_response(done or _NO_ANSWER)


async def _hang(request: web.Request, rule: Rule, _done: Answer | None) -> web.StreamResponse:
    await wait_while_connected(request, rule.seconds or FOREVER)
    return abort(request, reset=False)


async def _silence_in_body(
    request: web.Request, rule: Rule, done: Answer | None
) -> web.StreamResponse:
    body = (done or _NO_ANSWER).body
    response = await _begin(request, len(body))
    await response.write(body[: len(body) // 2])
    await wait_while_connected(request, rule.seconds or FOREVER)
    return abort(request, reset=False)


async def _drip(request: web.Request, rule: Rule, done: Answer | None) -> web.StreamResponse:
    body = (done or _NO_ANSWER).body
    response = await _begin(request, len(body))
    for byte in body:
        await response.write(bytes([byte]))
        await wait_while_connected(request, rule.seconds or 0)
    await response.write_eof()
    return response


async def _close_after(
    request: web.Request, _rule: Rule, done: Answer | None
) -> web.StreamResponse:
    response = to_response(done or _NO_ANSWER)
    await response.prepare(request)
    await response.write_eof()
    if request.transport is not None:
        request.transport.close()
    return response


async def _begin(request: web.Request, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": JSON, "Content-Length": str(length)})
    await response.prepare(request)
    return response


async def wait_while_connected(request: web.Request, seconds: float) -> None:
    """Sleeps; ends early when the client is gone."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(min(left, 0.25))


_NO_ANSWER = error("exception", ["Something went wrong"], omit_empty=True, with_200=True)

FAULTS: dict[str, Fault] = {
    "latency": Fault(
        "Espera os segundos; só então a mensagem sai", ALWAYS, seconds=2.0, delay=True
    ),
    "slow_answer": Fault(
        "A mensagem sai na hora; a resposta demora os segundos", ALWAYS, _slow_answer, 5.0
    ),
    "client_id_missing": Fault(
        "401: falta o client-id", NEVER, _refusing("Unauthorized", "The client id is required")
    ),
    "client_secret_missing": Fault(
        "401: falta o client-secret",
        NEVER,
        _refusing("Unauthorized", "The client secret is required"),
    ),
    "invalid_credentials": Fault(
        "401: credenciais inválidas", NEVER, _refusing("Unauthorized", "Invalid credentials")
    ),
    "ip_not_whitelisted": Fault(
        "401: IP fora da lista de permitidos",
        NEVER,
        _refusing("Unauthorized", *not_whitelisted("203.0.113.7")),
    ),
    "subscription_required": Fault(
        "Plano vencido",
        NEVER,
        _refusing("subscription_required", "Please subscribe to a plan to continue"),
    ),
    "not_available": Fault(
        "Plano sem API",
        NEVER,
        _refusing("not_available", "The API is not available in your current plan"),
    ),
    "user_error": Fault(
        "Conta do fornecedor com problema",
        NEVER,
        _refusing("user_error", "Your account has been banned"),
    ),
    "image_upload_error": Fault(
        "A imagem do perfil não pôde ser guardada",
        NEVER,
        _refusing("image_upload_error", "Could not upload the image"),
    ),
    "maintenance": Fault("Manutenção: 302 para uma página HTML", NEVER, _maintenance),
    "rate_limited": Fault("429 com Retry-After (os segundos)", NEVER, _rate_limited, 5.0),
    "rate_limited_bare": Fault(
        "429 sem Retry-After", NEVER, _answering(html(429, "429 Too Many Requests"))
    ),
    "http_500": Fault(
        "500 em HTML", EITHER, _answering(html(500, "500 Internal Server Error", "WaziMe"))
    ),
    "http_502": Fault("502 em HTML", EITHER, _answering(html(502, "502 Bad Gateway"))),
    "http_503": Fault("503 em HTML", EITHER, _answering(html(503, "503 Service Unavailable"))),
    "garbage": Fault("200 com bytes sem sentido", EITHER, _garbage),
    "php_warning": Fault("200 com um aviso de PHP na frente", EITHER_LEFT, _php_warning),
    "empty": Fault("200 com o corpo vazio", EITHER, _answering(Answer(200, b"", HTML))),
    "exception": Fault(
        "Resposta exception", EITHER, _refusing("exception", "Something went wrong")
    ),
    "undefined_variable": Fault(
        "exception com Undefined variable $conversationId, depois de enviar",
        ALWAYS,
        _refusing("exception", "Undefined variable $conversationId"),
    ),
    "drop_unread": Fault(
        "A conexão cai (FIN) antes de o corpo ser lido", NEVER, _ending(reset=False), unread=True
    ),
    "drop": Fault("A conexão cai (FIN) depois de o corpo ser lido", EITHER, _ending(reset=False)),
    "reset_unread": Fault(
        "A conexão cai (RST) antes de o corpo ser lido", NEVER, _ending(reset=True), unread=True
    ),
    "reset": Fault("A conexão cai (RST) depois de o corpo ser lido", EITHER, _ending(reset=True)),
    "hang": Fault("Silêncio: nem os cabeçalhos vêm", EITHER, _hang, FOREVER),
    "silence_in_body": Fault("Silêncio no meio do corpo", EITHER_LEFT, _silence_in_body, FOREVER),
    "drip": Fault(
        "A resposta pinga: um byte por vez, com essa espera em segundos", EITHER_LEFT, _drip, 1.0
    ),
    "close_after": Fault(
        "Responde e fecha a conexão keep-alive sem avisar", EITHER_LEFT, _close_after
    ),
}
