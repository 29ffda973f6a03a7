"""`python -m tests.lighthouse [page …]`: what Lighthouse says of the pages, on its slow phone.

Needs Node's npx and Chromium. Exit code 1 when a page has less than LEAST.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.chromium import chromium_options
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


def log_in(url: str, profile: Path) -> None:
    """Leaves an admin logged in, in this profile of Chromium.

    A cookie in --extra-headers is not enough: Chromium sends its own in its place as soon as a page
    sets one, here the time zone, and what is then measured is the way back to the login.
    """
    with sync_playwright() as playwright:
        options = chromium_options(playwright.chromium)
        browser = playwright.chromium.launch_persistent_context(profile, **options)
        page = browser.new_page()
        page.goto(f"{url}/accounts/login/")
        page.locator("#id_login").fill("admin")
        page.locator("#id_password").fill("wazime-demo")
        page.locator("#id_password").press("Enter")
        page.wait_for_url("**/inbox/**")
        browser.close()


def measure(address: str, profile: Path) -> dict[str, Any]:
    """Lighthouse's whole report."""
    flags = f"--headless=new --no-sandbox --disable-gpu --user-data-dir={profile}"
    command = ["npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json"]
    command += ["--output-path=stdout", f"--only-categories={','.join(LEAST)}"]
    command += [f"--chrome-flags={flags}"]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    answer = subprocess.run(
        command, cwd=profile.parent, env=environment, stdout=subprocess.PIPE, check=True
    )
    report: dict[str, Any] = json.loads(answer.stdout)
    if report["finalDisplayedUrl"] != address:
        raise RuntimeError(f"{address} led to {report['finalDisplayedUrl']}.")
    return report


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


def main(names: list[str]) -> bool:
    """Whether every page named has what it must have."""
    is_good = True
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "data") as stack:
        stranger, admin = Path(folder) / "stranger", Path(folder) / "admin"
        log_in(stack.url, admin)
        print(f"| | {' | '.join(LEAST)} |\n|---|{'---|' * len(LEAST)}")
        for name in names:
            profile = stranger if name == "login" else admin
            report = measure(stack.url + PAGES[name], profile)
            scores = {it: round((report["categories"][it]["score"] or 0) * 100) for it in LEAST}
            print(f"| {name} | {' | '.join(map(str, scores.values()))} |", flush=True)
            is_good &= all(scores[it] >= least for it, least in LEAST.items())
            for problem in problems(report):
                print(f"  {name}: {problem}", file=sys.stderr)
    return is_good


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:] or list(PAGES)))
