"""How the browser of the tests is started."""

import shutil
from typing import Any

from playwright.sync_api import BrowserType


def chromium_options(browser_type: BrowserType) -> dict[str, Any]:
    """Debian's Chromium where there is one, else Playwright's own."""
    quiet = ["gpu", "quic", "background-networking", "component-update", "sync"]
    return {
        "executable_path": shutil.which("chromium") or browser_type.executable_path,
        "args": ["--no-sandbox", "--no-first-run", *[f"--disable-{what}" for what in quiet]],
    }
