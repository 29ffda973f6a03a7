"""`python -m tests.screenshots [name…]`: every page and state, or these, in var/screenshots/.

From the sandbox's data, on three screens, in the light and in the dark; see tests/e2e/pages.py.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.chromium import chromium_options
from tests.e2e.pages import DESK, PAGES, PHONE, Tour
from tests.settings import ROOT
from tests.stack import Stack

SCREENS = {1440: DESK, 768: {"width": 768, "height": 1024}, 390: PHONE}
PICTURES = ROOT / "var" / "screenshots"


def photograph(browser: Browser, stack: Stack, names: list[str]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    tour = Tour(browser, stack)
    for shown in PAGES:
        if names and shown.name not in names:
            continue
        page = tour.open(shown)
        for width, screen in SCREENS.items():
            page.set_viewport_size(screen)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=PICTURES / f"{shown.name}-{width}-{scheme}.png")


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "data") as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**chromium_options(playwright.chromium))
        photograph(browser, stack, sys.argv[1:])
