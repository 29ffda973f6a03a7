"""Phone numbers: read what people paste, compare them, show them.

Brazilian mobiles exist with and without the ninth digit; both forms reach the same person, and a
contact may be stored either way. phonenumbers knows only the new form, so the old one is judged
by the number it became.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

_LETTERS = re.compile(r"[^\W\d_]+")
# Country, area, and a subscriber number that is a mobile's: with or without the ninth digit.
_BRAZILIAN_MOBILE = re.compile(r"(55[1-9][0-9])9?([6-9][0-9]{7})")
_OLD_MOBILE = re.compile(r"55([1-9][0-9])([6-9][0-9]{3})([0-9]{4})")
_NUMBER_LIKE = re.compile(r"[+(]*\d[\d\s().+\-\u2010-\u2015]*")

# What stands between two numbers; spaces, dots, hyphens and slashes stand within one, too.
_BETWEEN = re.compile(r"[,;|\t]")


@dataclass(frozen=True)
class Number:
    """A phone number as WaziMe keeps it: digits only, the country's apart from the rest."""

    mobile_code: str
    mobile: str


def parse(text: str, *, region: str = "BR") -> Number | None:
    """The one phone number in `text`, None when there is no plausible one.

    region: the country of numbers that are written without theirs. Words around the number are
    overlooked, but letters are never taken for digits.
    """
    pieces = [piece for piece in _LETTERS.split(text) if any(map(str.isdecimal, piece))]
    if len(pieces) != 1:
        return None
    # 00 is how most of the world dials a plus; in Brazil a carrier's code would follow it.
    written = re.sub(r"^\W*00", "+", pieces[0])
    try:
        number = phonenumbers.parse(written, region)
    except NumberParseException:
        return None
    found = Number(str(number.country_code), phonenumbers.national_significant_number(number))
    return found if is_plausible(found.mobile_code, found.mobile) else None


def pasted(text: str) -> Iterator[tuple[int, str, Number | None]]:
    """What should be a number in a pasted list: its line from 1, its text, the number or None.

    They stand on lines of their own or are separated by commas, semicolons, tabs, bars or, when
    each part is a whole number, by spaces. Words beside them, such as names, are overlooked.
    """
    for line, content in enumerate(text.splitlines(), 1):
        pieces = [piece for piece in _BETWEEN.split(content) if any(map(str.isdecimal, piece))]
        for piece in pieces or [content]:
            if number := parse(piece):
                yield line, piece.strip(), number
            elif len(words := piece.split()) > 1 and all(map(parse, words)):
                yield from ((line, word, parse(word)) for word in words)
            elif words:
                yield line, piece.strip(), None


def entered(mobile_code: str, mobile: str) -> Number | None:
    """The number typed into two fields, None when there is no such number in that country.

    mobile may hold more than its part: the country's code, trunk zeros, signs.
    """
    code = _digits(mobile_code).lstrip("0")
    region = phonenumbers.region_code_for_country_code(int(code[:4] or 0))
    return parse(mobile, region=region)


def search_term(text: str) -> str:
    """What to ask WaziMe's search for, which knows names and bare digits only.

    A Brazilian mobile is asked for without its ninth digit, as it may be stored either way.
    """
    text = text.strip()
    if not _NUMBER_LIKE.fullmatch(text):
        return text
    number = parse(text)
    if number is None:
        return _digits(text)
    is_mobile = _BRAZILIAN_MOBILE.fullmatch(number.mobile_code + number.mobile)
    return is_mobile[2] if is_mobile else number.mobile


def is_plausible(mobile_code: str, mobile: str) -> bool:
    """Whether such a number can exist: mobiles, old eight-digit mobiles and landlines."""
    as_it_is = _read(_digits(mobile_code) + _digits(mobile))
    folded_too = _read(folded(mobile_code, mobile))
    return any(n and phonenumbers.is_valid_number(n) for n in (as_it_is, folded_too))


def fits(mobile_code: str, mobile: str) -> bool:
    """Whether a message's row can hold it: WaziMe may answer anything as a contact's number."""
    return len(mobile_code) <= 8 and len(mobile) <= 32


def folded(mobile_code: str, mobile: str) -> str:
    """The number's digits in the one form by which two numbers are compared.

    Brazilian mobiles (subscriber numbers that begin with 6 to 9) get their ninth digit; landlines
    do not, as 3333-4444 and 93333-4444 are two people. Trunk zeros go. For comparing only: a
    message goes to the form that the account's contact has.
    """
    digits = _digits(mobile_code).lstrip("0") + _digits(mobile)
    if digits.startswith("550"):
        digits = "55" + digits[3:]
    mobile_parts = _BRAZILIAN_MOBILE.fullmatch(digits)
    return "{}9{}".format(*mobile_parts.groups()) if mobile_parts else digits


@lru_cache(maxsize=5000)
def formatted(mobile_code: str, mobile: str) -> str:
    """The number as people read it, `+55 11 91234-5678`; one that cannot exist as it is."""
    digits = _digits(mobile_code) + _digits(mobile)
    if old := _OLD_MOBILE.fullmatch(digits):
        return "+55 {} {}-{}".format(*old.groups())
    number = _read(digits)
    if number and phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return f"+{mobile_code} {mobile}" if mobile_code else mobile


def _digits(text: str) -> str:
    """The ASCII digits of a text; those of other scripts are turned into them."""
    return phonenumbers.normalize_digits_only(text)


def _read(digits: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(f"+{digits}")
    except NumberParseException:
        return None
