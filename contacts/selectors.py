"""Reads of WaziMe's contacts, and of who has opted out of broadcasts."""

from collections.abc import Collection, Iterable
from typing import Any

from django.core.paginator import Page as OptOutPage
from django.core.paginator import Paginator
from django.db.models import Q

from contacts import numbers, searching
from contacts.models import OptOut
from contacts.numbers import Number
from wazime_admin.wazime import reading
from wazime_admin.wazime.client import WaziMeClient, client
from wazime_admin.wazime.reading import Question, Reading
from wazime_admin.wazime.types import Contact, Page

# How far one contact is looked for: rows a page, pages.
FIND_PER_PAGE, FIND_PAGES = 200, 50
OPT_OUTS_PER_PAGE = 50
# As many as every database takes in one query.
NUMBERS_PER_QUERY = 500


def contacts(*, search: str = "", page: int = 1) -> Reading[Page[Contact]]:
    """One page of the contacts, newest first; the last one for a page past the end.

    search: a name or a number in whatever way it is written. Raises WaziMeError.
    """
    found = _page_of(search, page)
    return found if page <= found.value.last else _page_of(search, found.value.last)


def _page_of(search: str, page: int) -> Reading[Page[Contact]]:
    term, words = searching.question(search)

    def call(wazime: WaziMeClient) -> Page[Contact]:
        if words:
            rows = wazime.contacts(search=term, per_page=searching.LOOKED_THROUGH).rows
            return searching.with_all(words, rows, lambda contact: contact)
        return wazime.contacts(search=term, page=page)

    return reading.read(Question("contacts", "page", call, (term, words, page)))


def find_contact(contact_id: int, *, hint: str = "") -> Contact | None:
    """The contact as it is now, read past the cache; None when it is not found.

    WaziMe has no endpoint for one contact. hint: its mobile as far as known, which finds it at
    once; otherwise the newest FIND_PER_PAGE * FIND_PAGES contacts are walked. Raises WaziMeError.
    """
    if hint and (found := _with_id(contact_id, _page_now(search=hint).rows)):
        return found
    page = _page_now()
    found = _with_id(contact_id, page.rows)
    for number in range(2, min(page.last, FIND_PAGES) + 1):
        if found:
            break
        found = _with_id(contact_id, _page_now(number=number).rows)
    return found


def contact_with(number: Number) -> Contact | None:
    """The first of `contacts_with` this number. Raises WaziMeError."""
    return next(iter(contacts_with(number)), None)


def contacts_with(number: Number) -> list[Contact]:
    """All who have this number, written either way, read past the cache. Raises WaziMeError.

    Where both forms of a Brazilian number are stored, those with the given one come first.
    """
    term = numbers.search_term(f"+{number.mobile_code}{number.mobile}")
    wanted = numbers.folded(number.mobile_code, number.mobile)
    found = [
        row
        for row in _page(client(), search=term).rows
        if numbers.folded(row.mobile_code, row.mobile) == wanted
    ]
    return sorted(found, key=lambda row: row.mobile != number.mobile)


def _page(wazime: WaziMeClient, *, number: int = 1, search: str = "") -> Page[Contact]:
    return wazime.contacts(page=number, per_page=FIND_PER_PAGE, search=search)


def _page_now(**which: Any) -> Page[Contact]:
    """The same for a page that somebody waits for: each answer that it takes has to come soon."""
    return reading.read_now(lambda wazime: _page(wazime, **which))


def _with_id(contact_id: int, rows: Iterable[Contact]) -> Contact | None:
    return next((row for row in rows if row.id == contact_id), None)


# --- Opt-outs ---------------------------------------------------------------------------------


def opt_outs(*, search: str = "", page: int = 1) -> "OptOutPage[OptOut]":
    """One page of the opt-outs, newest first; the last one for a page past the end.

    search: a number or a part of one, in whatever way it is written.
    """
    found = OptOut.objects.select_related("added_by").order_by("-id")
    if search:
        number = numbers.parse(search) or Number("", search)
        digits = numbers.folded(number.mobile_code, number.mobile)
        # A part without the ninth digit stands in the number as it was written only.
        like = Q(number__contains=digits) | Q(mobile__contains=digits)
        found = found.filter(like) if digits else found.none()
    return Paginator(found, OPT_OUTS_PER_PAGE).get_page(page)


def opted_out(numbers: Collection[str]) -> set[str]:
    """Those of these folded numbers that get no broadcast."""
    wanted, found = list(numbers), set[str]()
    for start in range(0, len(wanted), NUMBERS_PER_QUERY):
        some = OptOut.objects.filter(number__in=wanted[start : start + NUMBERS_PER_QUERY])
        found |= set(some.values_list("number", flat=True))
    return found


def opt_out(opt_out_id: int) -> OptOut | None:
    return OptOut.objects.filter(pk=opt_out_id).first()


def opt_out_of(number: Number) -> OptOut | None:
    """The opt-out of whoever has this number, written either way."""
    folded = numbers.folded(number.mobile_code, number.mobile)
    return OptOut.objects.select_related("added_by").filter(number=folded).first()
