"""What a browser takes over the wire for the inbox: at the first visit, and when it comes again.

Chromium counts the bytes as they arrive, headers included. The floor of the first visit is the same
without compression; that of coming again is the first visit.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, StorageState, sync_playwright

from tests.bench.report import Line
from tests.stack import Stack

KB = 1000
FIRST_VISIT = 100  # kB
SHIFT = 0.01  # layout shift, see https://web.dev/articles/cls
# How far things jumped that were shown already, without anybody's doing.
SHIFTED = """() => new Promise(resolve => {
  let sum = 0
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value
  }).observe({ type: "layout-shift", buffered: true })
  setTimeout(() => resolve(sum), 1000)
})"""


def run() -> list[Line]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "data") as stack,
        sync_playwright() as playwright,
    ):
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        session = log_in(browser, stack)
        uncompressed = {"Accept-Encoding": "identity"}
        plain = Visit(
            browser.new_context(storage_state=session, extra_http_headers=uncompressed), stack
        )
        visitor = browser.new_context(storage_state=session)
        first = Visit(visitor, stack)
        again = Visit(visitor, stack)
        browser.close()
    for visit in (first, again):
        print(f"\n{len(visit.sizes)} requests")
        for address, size in sorted(visit.sizes.items(), key=lambda it: -it[1]):
            print(f"{size / KB:8.1f} kB  {address}")
    others = [address for address in again.sizes if "/inbox/" not in address]
    return [
        Line("first visit of the inbox", first.kilobytes, "kB", plain.kilobytes, FIRST_VISIT),
        Line("when it comes again", again.kilobytes, "kB", first.kilobytes, 0.25, True),
        Line("files asked for again", len(others), "files", len(first.sizes), 1),
        Line("layout shift", max(first.shift, again.shift), "", 1, SHIFT),
    ]


class Visit:
    """One visit of the inbox. sizes: the bytes of each answer that came over the wire, by its
    address; shift: its cumulative layout shift."""

    def __init__(self, visitor: BrowserContext, stack: Stack) -> None:
        self.sizes: dict[str, int] = {}
        self._addresses: dict[str, str] = {}
        page = visitor.new_page()
        network = visitor.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.requestWillBeSent", self._asked)
        network.on("Network.loadingFinished", self._came)
        page.goto(f"{stack.url}/inbox/", wait_until="load")
        self.shift = float(page.evaluate(SHIFTED))
        page.close()

    @property
    def kilobytes(self) -> float:
        return sum(self.sizes.values()) / KB

    def _asked(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["request"]["url"]

    def _came(self, event: dict[str, Any]) -> None:
        address = self._addresses.get(event["requestId"], "")
        if event["encodedDataLength"] and address.startswith("http"):  # otherwise from its cache
            self.sizes[address] = int(event["encodedDataLength"])


def log_in(browser: Browser, stack: Stack) -> StorageState:
    visitor = browser.new_context(base_url=stack.url)
    page = visitor.new_page()
    page.goto("/accounts/login/")
    page.locator("#id_login").fill("agent")
    page.locator("#id_password").fill("wazime-demo")
    page.locator("#id_password").press("Enter")
    page.wait_for_url("**/inbox/**")
    session = visitor.storage_state()
    visitor.close()
    return session
