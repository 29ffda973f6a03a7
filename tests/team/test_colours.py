"""The contrast of the colours in static/css/tokens.css (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest
from django.conf import settings

TOKENS = dict(
    re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)",
        (settings.BASE_DIR / "static/css/tokens.css").read_text(),
    )
)
GROUNDS = ["canvas", "surface", "sunken", "hover", "selected", "raised"]
MEANINGS = ["accent", "warn", "danger", "done", "info"]
TEXTS = [
    *[(text, ground) for text in ("text", "text-soft", "text-faint") for ground in GROUNDS],
    *[(text, "quiet-soft") for text in ("text-soft", "text-faint")],
    *[(meaning, ground) for meaning in MEANINGS for ground in GROUNDS],
    *[(meaning, f"{meaning}-soft") for meaning in MEANINGS],
    *[("text", f"{meaning}-soft") for meaning in MEANINGS],
    *[(f"hue-{hue}-text", f"hue-{hue}") for hue in range(8)],
    *[("on-fill", "fill"), ("on-fill", "fill-hover")],
    *[("on-danger", "danger-fill"), ("on-danger", "danger-fill-hover")],
]
LINES = [("field-line", ground) for ground in GROUNDS]


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, by https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_it_computes_the_contrast_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [(front, back, 4.5) for front, back in TEXTS] + [(front, back, 3) for front, back in LINES],
)
def test_it_can_be_read(front: str, back: str, least: float, theme: int) -> None:
    colours = [TOKENS[name].split(", ")[theme] for name in (front, back)]

    assert contrast(*colours) >= least, f"{front} on {back}: {contrast(*colours):.2f}"
