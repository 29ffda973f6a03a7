"""The sandbox as a process of its own, for tests: `with Sandbox() as sandbox:`."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
CLIENT_ID, CLIENT_SECRET = "sandbox-id", "sandbox-secret"


class Sandbox:
    """A server on a free port; options are those of `python -m sandbox`.

    `Sandbox(behaviour="documented", contacts=1000, data=path)`.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.url = ""

    def start(self, **options: Any) -> Self:
        """Returns when it listens. Raises RuntimeError with what it said when it does not."""
        chosen = {"port": 0, **self.options, **options}
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in chosen.items()]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SANDBOX_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if " listening on " not in line:
            self.stop()
            raise RuntimeError(f"the sandbox did not start: {line!r}")
        self.url = line.split()[-1]
        return self

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Where the API is, as WAZIME_BASE_URL wants it."""
        return f"{self.url}/external-api"

    def accepted(self, since: int = 0) -> list[dict[str, Any]]:
        """What customers really got, oldest first: `number`, `kind`, `text`, `file`, …"""
        messages: list[dict[str, Any]] = self._ask("GET", f"accepted?since={since}")["accepted"]
        return messages

    def calls(self) -> dict[str, int]:
        """How often each endpoint was called."""
        calls: dict[str, int] = self._ask("GET", "calls")["calls"]
        return calls

    def add_fault(self, fault: str, **rule: Any) -> dict[str, Any]:
        """Switches a fault on: `endpoints`, `numbers`, `times`, `seconds`, `left`, `message`."""
        return self.add_faults([{"fault": fault, **rule}])[0]

    def add_faults(self, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        added: list[dict[str, Any]] = self._ask("POST", "faults", rules)["rules"]
        return added

    def faults(self) -> dict[str, Any]:
        """`rules` that are on, and the `catalogue` of all faults."""
        return self._ask("GET", "faults")

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def reset(self) -> None:
        """Data, settings and faults as at the start, and no calls."""
        self._ask("POST", "reset")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Changes `behaviour`, `quirks`, `contact_limit`…; answers all settings."""
        return self._ask("POST", "settings", changes)

    def inbound(self, code: str, mobile: str, text: str) -> dict[str, Any]:
        """A customer writes."""
        return self._ask("POST", "inbound", {"code": code, "mobile": mobile, "text": text})

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Raises ValueError with the sandbox's own words when it refuses."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise ValueError(refused.read().decode()) from refused
