"""A point on the map, from what people type or paste: two numbers, or a map's link."""

import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import unquote

LATITUDE, LONGITUDE = 90, 180  # degrees at most, north or south, east or west
_DECIMALS = Decimal("0.0000001")  # a centimetre
_N = r"([+-]?\d{1,3}(?:\.\d+)?)"
_COMMA = r"([+-]?\d{1,3}(?:,\d+)?)"
# What holds a point, the most exact first: a Google link's @ is only where the view was.
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"!3d{_N}!4d{_N}",
        rf"[?&](?:q|query|ll|sll|center|destination|daddr)=(?:loc:)?{_N},[\s+]*{_N}",
        rf"[?&]mlat={_N}&mlon={_N}",
        rf"#map=\d+(?:\.\d+)?/{_N}/{_N}",
        rf"@{_N},{_N}",
        rf"^geo:(?!0,0\?){_N},{_N}",
        rf"^\(?{_N}(?:\s*[,;]\s*|\s+){_N}\)?$",
        rf"^\(?{_COMMA}(?:\s*;\s*|,?\s+){_COMMA}\)?$",
    )
)


@dataclass(frozen=True)
class Point:
    """In degrees, written as the API takes them."""

    latitude: str
    longitude: str


def degrees(text: str, limit: int) -> str | None:
    """One coordinate with a decimal point or comma; None when it is none or beyond the limit."""
    written = text.strip().rstrip("°").replace("\u2212", "-").replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,20})?", written, re.ASCII):
        return None
    value = Decimal(written)
    if abs(value) > limit:
        return None
    exact = format(value.quantize(_DECIMALS) + 0, "f")
    return exact.rstrip("0").rstrip(".")


def find(text: str) -> Point | None:
    """The point in a pair of coordinates or in a link of Google Maps, OpenStreetMap or geo:."""
    written = unquote(text.strip()).replace("\u2212", "-").replace("°", "")
    for form in _FORMS:
        if found := form.search(written):
            latitude = degrees(found[1], LATITUDE)
            longitude = degrees(found[2], LONGITUDE)
            if latitude is not None and longitude is not None:
                return Point(latitude, longitude)
    return None
