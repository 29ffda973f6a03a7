"""`python -m tests.lighthouse`: what Lighthouse says of the main pages, on the phone it imagines.

Needs Node's npx and Chromium. Exit code 1 when a page has less than LEAST.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from tests.stack import Stack

LIGHTHOUSE = "lighthouse@12.8.2"
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100}
PAGES = {
    "login": "/accounts/login/",
    "inbox": "/inbox/",
    "conversation": "/inbox/7/",
    "contacts": "/contacts/",
    "broadcast": "/broadcasts/new/",
}


def log_in(url: str) -> str:
    """The cookies of an admin, as a header."""
    cookies = CookieJar()
    visit = build_opener(HTTPCookieProcessor(cookies)).open
    login = f"{url}/accounts/login/"
    visit(login)
    token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")
    form = {"login": "admin", "password": "wazime-demo", "csrfmiddlewaretoken": token}
    visit(login, urlencode(form).encode())
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)


def measure(address: str, cookies: str, folder: str) -> dict[str, Any]:
    """Lighthouse's whole report."""
    command = ["npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json"]
    command += ["--output-path=stdout", f"--only-categories={','.join(LEAST)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    if cookies:
        command.append(f"--extra-headers={json.dumps({'Cookie': cookies})}")
    chromium = {"CHROME_PATH": shutil.which("chromium") or ""}
    answer = subprocess.run(
        command, cwd=folder, env={**os.environ, **chromium}, stdout=subprocess.PIPE, check=True
    )
    return json.loads(answer.stdout)


def problems(report: dict[str, Any]) -> list[str]:
    """What cost points or could not be judged, but for how long things took."""
    audits = report["audits"]
    wanted = (
        reference["id"]
        for name in ("accessibility", "best-practices")
        for reference in report["categories"][name]["auditRefs"]
        if reference["weight"]
    )
    found = [audits[name] for name in wanted if not audits[name]["score"]]
    judged = [it for it in found if it["scoreDisplayMode"] != "notApplicable"]
    return [f"{it['title']} {it.get('errorMessage') or _said(it)}" for it in judged]


def _said(audit: dict[str, Any]) -> str:
    """What it found, such as an error on the console."""
    items = audit.get("details", {}).get("items", [])
    return "; ".join(str(item.get("description", ""))[:200] for item in items)


def main() -> bool:
    """Whether every page has what it must have."""
    is_good = True
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "data") as stack:
        cookies = log_in(stack.url)
        print(f"| | {' | '.join(LEAST)} |\n|---|{'---|' * len(LEAST)}")
        for name, path in PAGES.items():
            given = "" if name == "login" else cookies
            report = measure(stack.url + path, given, folder)
            scores = {it: round((report["categories"][it]["score"] or 0) * 100) for it in LEAST}
            print(f"| {name} | {' | '.join(map(str, scores.values()))} |", flush=True)
            is_good &= all(scores[it] >= least for it, least in LEAST.items())
            for problem in problems(report):
                print(f"  {name}: {problem}", file=sys.stderr)
    return is_good


if __name__ == "__main__":
    sys.exit(not main())
