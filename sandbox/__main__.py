"""`python -m sandbox`: starts the server; every option also as SANDBOX_… in the environment."""

import argparse
import asyncio
import errno
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.faults import FaultError
from sandbox.playing import Sandbox
from sandbox.server import build_app
from sandbox.settings import BEHAVIOURS, SettingError, Settings, parse_quirks
from sandbox.store import Store


class StartError(Exception):
    """Why the sandbox cannot start, in one sentence."""


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)

    def option(name: str, default: object, help_: str, **more: Any) -> None:
        variable = "SANDBOX_" + name.upper().replace("-", "_")
        value = os.environ.get(variable) or default
        parser.add_argument(f"--{name}", default=value, help=f"{help_} [{variable}]", **more)

    option("host", "127.0.0.1", "the address to listen on")
    option("port", "8080", "the port; 0 takes a free one", type=int)
    option("data", None, "a file to keep the data in; without it, memory", type=Path)
    option("contacts", "0", "how many contacts the data set has at least", type=int)
    option("behaviour", "observed", "how it behaves", choices=list(BEHAVIOURS))
    option("quirks", "", "single quirks on top: plain_lists,-omit_empty")
    option("client-id", defaults.client_id, "the account's client-id")
    option("client-secret", defaults.client_secret, "the account's client-secret")
    option("allowed-ips", ",".join(defaults.allowed_ips), "the IP whitelist, by commas")
    option("contact-limit", None, "the plan's contact limit", type=int)
    option("faults", "[]", "rules that are on from the start, a JSON list")
    option("history", "off", "on: conversation-messages answers", type=_switch)
    return parser.parse_args(arguments)


def _switch(text: str) -> bool:
    """Raises ValueError, which argparse tells."""
    return bool(("off", "on").index(text.lower()))


def make_sandbox(options: argparse.Namespace) -> Sandbox:
    """Raises StartError."""
    try:
        settings = Settings().changed(
            {
                "behaviour": options.behaviour,
                "quirks": parse_quirks(options.quirks),
                "client_id": options.client_id,
                "client_secret": options.client_secret,
                "allowed_ips": options.allowed_ips,
                "contact_limit": options.contact_limit,
                "history": options.history,
            }
        )
        return Sandbox(Store(options.data, options.contacts), settings, _faults(options.faults))
    except (SettingError, FaultError) as wrong:
        raise StartError(str(wrong)) from wrong
    except sqlite3.Error as wrong:
        raise StartError(f"cannot use {options.data}: {wrong}") from wrong


def _faults(text: str) -> list[object]:
    try:
        rules = json.loads(text)
    except ValueError as wrong:
        raise StartError(f"faults is not JSON: {wrong}") from wrong
    return rules if isinstance(rules, list) else [rules]


async def serve(options: argparse.Namespace) -> None:
    """Runs until SIGTERM or SIGINT. Raises StartError."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sandbox = make_sandbox(options)
    app = build_app(sandbox)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=75, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port, backlog=1024).start()
        host, port = runner.addresses[0][:2]
        print(f"sandbox listening on http://{_bracketed(host)}:{port}", flush=True)
        await stop.wait()
    except OSError as wrong:
        raise StartError(_why_not_listening(options, wrong)) from wrong
    finally:
        await runner.cleanup()
        sandbox.store.close()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _why_not_listening(options: argparse.Namespace, wrong: OSError) -> str:
    if wrong.errno == errno.EADDRINUSE:
        return f"port {options.port} on {options.host} is taken; choose another with --port"
    return f"cannot listen on {options.host}:{options.port}: {wrong.strerror or wrong}"


def main() -> None:
    try:
        asyncio.run(serve(parse_options(sys.argv[1:])))
    except StartError as wrong:
        sys.exit(f"sandbox: {wrong}")


if __name__ == "__main__":
    main()
