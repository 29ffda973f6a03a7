"""What people type into a search, as WaziMe's search can be asked for it.

It looks for one text in the first name, the last name and the digits of the mobile, each apart: a
whole name is found nowhere. So one word is asked for, and the others are looked for here.
"""

import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

from contacts.numbers import search_term
from wazime_admin.wazime.types import Contact, Page

T = TypeVar("T")
# How many rows with the asked word are looked through for the others.
LOOKED_THROUGH = 100


def question(search: str) -> tuple[str, list[str]]:
    """The one text to ask for, and all words when there are several."""
    term = search_term(search)
    words = plain(term).split()
    if len(words) < 2:
        return term, []
    return max(term.split(), key=len), words


def with_all(
    words: list[str], rows: Iterable[T], contact_of: Callable[[T], Contact | None]
) -> Page[T]:
    """Those whose contact's name has all words, as the one page that they are."""
    found = tuple(
        row
        for row in rows
        if (contact := contact_of(row)) and all(word in plain(contact.name) for word in words)
    )
    return Page(found, total=len(found))


def plain(text: str) -> str:
    """Without case and accents."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
