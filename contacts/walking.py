"""All contacts of the account, or of a search, though others change them in the meantime.

The list is newest first and knows pages only. A contact that is created while we walk pushes the
others down: some are met again. One that is deleted pulls them up: some would be passed over. So
pages overlap, and when the list has changed at its top or in its length, or has given fewer
contacts than it counts, we walk again.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from django.utils.translation import gettext_noop

from contacts import searching
from wazime_admin.wazime.client import client
from wazime_admin.wazime.errors import NotNow, Uncertain, WaziMeError
from wazime_admin.wazime.types import Contact, Page

T = TypeVar("T")
PER_PAGE = 500
OVERLAP = 5  # rows
MOST_WALKS = 3
# A server that always promises one more page is not followed for ever.
MOST_PAGES = 20_000
# Before a read that failed is tried again; a long walk meets every hiccup of the network.
PAUSES = (1.0, 3.0)  # seconds
LONGEST_PAUSE = 5.0  # seconds


class Incomplete(Exception):
    """Every walk met fewer contacts than there are; str: the sentence, a msgid."""


@dataclass(frozen=True)
class Stretch:
    """Contacts that follow one another, each with its place in the list, from 1.

    read, total: how many were looked at so far, of how many (None: nobody knows); walk: counts
    from 1, and a new one meets everybody again.
    """

    contacts: list[tuple[int, Contact]]
    read: int
    total: int | None
    walk: int


def walk(search: str = "") -> Iterator[Stretch]:
    """The contacts that a search finds, all when it is empty, read past the cache.

    A contact may come twice, in another walk. Raises WaziMeError, Incomplete.
    """
    term, words = searching.question(search)
    before = _top(term)
    for number in range(1, MOST_WALKS + 1):
        met = 0
        for read, rows, total in _pages(term):
            places = {row.id: place for place, row in enumerate(rows, read + 1)}
            wanted = searching.with_all(words, rows, lambda row: row).rows
            contacts = [(places[row.id], row) for row in wanted]
            met = read + len(rows)
            yield Stretch(contacts, met, total, number)
        after = _top(term)
        is_short = met < min(before.total or 0, after.total or 0)
        if after == before and not is_short:
            return
        before = after
    if is_short:
        raise Incomplete(
            gettext_noop("WaziMe gave fewer contacts than it says there are. Try again later.")
        )


def patiently(call: Callable[[], T]) -> T:
    """A read that may be asked for again when the answer did not come. Raises WaziMeError."""
    for pause in PAUSES:
        try:
            return call()
        except (NotNow, Uncertain) as error:
            time.sleep(min(_retry_after(error) or pause, LONGEST_PAUSE))
    return call()


def _pages(term: str) -> Iterator[tuple[int, list[Contact], int | None]]:
    """How many were read before, counting those without an id; the next ones; the total."""
    read, end, size = 0, 0, PER_PAGE
    previous: set[int] = set()
    for _ in range(MOST_PAGES):
        number, per_page = _reaching_back(end, size)
        page = _page(term, number, per_page)
        new = {row.id: row for row in page.rows if row.id not in previous}
        read += page.unusable
        yield read, list(new.values()), page.total
        if not new or number >= page.last:
            return
        if end == 0:
            size = per_page = _size_given(page)
        read, end = read + len(new), number * per_page
        previous = {row.id for row in page.rows}


def _reaching_back(end: int, size: int) -> tuple[int, int]:
    """The page that begins OVERLAP rows or more before `end` and gets furthest: its number, and
    how many rows it has, at most `size`.

    A page can only begin at a multiple of its length, so its length decides where it begins.
    """
    begin = max(end - (OVERLAP if size > 4 * OVERLAP else 0), 0)
    per_page = max(range(size, size // 2, -1), key=lambda rows: rows - begin % rows)
    return begin // per_page + 1, per_page


def _size_given(page: Page[Contact]) -> int:
    """How long the server's pages are, at least: some give fewer rows than one asks for."""
    told = -(-page.total // page.last) if page.total else 0
    return min(max(len(page.rows), told), PER_PAGE)


def _page(term: str, number: int, per_page: int) -> Page[Contact]:
    return patiently(lambda: client().contacts(page=number, per_page=per_page, search=term))


@dataclass(frozen=True)
class _Top:
    ids: list[int]
    total: int | None


def _top(term: str) -> _Top:
    page = _page(term, 1, 1)
    return _Top([row.id for row in page.rows], page.total)


def _retry_after(error: WaziMeError) -> float | None:
    return error.retry_after if isinstance(error, NotNow) else None
