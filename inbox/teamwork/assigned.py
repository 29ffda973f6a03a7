"""The inbox's list of somebody's conversations, or of nobody's.

WaziMe knows nothing of whose a conversation is and cannot be asked for some by their ids. So the
newest ones are read, once for everybody who looks, and chosen from here.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import pgettext_lazy

from contacts import searching
from contacts.numbers import search_term
from inbox import selectors
from inbox.selectors import Counts, Inbox
from inbox.teamwork.selectors import assignees
from wazime_admin.team.models import User
from wazime_admin.wazime import reading
from wazime_admin.wazime.client import PER_PAGE, WaziMeClient
from wazime_admin.wazime.reading import Question, Reading
from wazime_admin.wazime.types import Conversation, Page, Status

EVERYBODYS, MINE, NOBODYS = "", "me", "none"
NAMES = {
    EVERYBODYS: pgettext_lazy("conversations", "Everyone's"),
    MINE: pgettext_lazy("conversations", "Mine"),
    NOBODYS: pgettext_lazy("conversations", "Unassigned"),
}
# So far back is looked: this many calls each time that the newest ones are read.
MOST_PAGES, ROWS = 5, 100


@dataclass(frozen=True)
class Whose:
    """Whose conversations are shown. given: `?assigned=`; person: None for nobody or everybody."""

    given: str = EVERYBODYS
    person: User | None = None


@dataclass(frozen=True)
class Found:
    """A page of the inbox, whose each of its conversations is, and how many of the newest were
    looked through where there are more."""

    inbox: Inbox
    assignees: dict[int, User]
    looked_through: int | None = None


@dataclass(frozen=True)
class Newest:
    rows: tuple[Conversation, ...]
    are_all: bool


def asked(request: HttpRequest, reader: User) -> Whose:
    """`?assigned=me|none|<id of a person>`; anything else is everybody's. An id takes a query."""
    given = request.GET.get("assigned", "")
    if given in (MINE, str(reader.pk)):
        return Whose(MINE, reader)
    if given == NOBODYS:
        return Whose(NOBODYS)
    if given.isascii() and given.isdigit() and len(given) < 19:
        person = User.objects.filter(pk=int(given), is_active=True).first()
        return Whose(str(person.pk), person) if person else Whose()
    return Whose()


def choices(whose: Whose) -> dict[str, Any]:
    """What a list offers to choose from, by `?assigned=`; a third person only while chosen."""
    if whose.person and whose.given != MINE:
        return {**NAMES, whose.given: whose.person.display_name}
    return dict(NAMES)


def inbox(whose: Whose, *, status: Status | None, search: str, page: int) -> Found:
    """Raises WaziMeError."""
    if whose.given == EVERYBODYS:
        found = selectors.inbox(status=status, search=search, page=page)
        return Found(found, assignees(row.id for row in found.page.value.rows))
    newest = reading.read(Question("conversations", "newest", _walk))
    rows, are_all = newest.value.rows, newest.value.are_all
    given = assignees(row.id for row in rows)
    theirs = [row for row in rows if given.get(row.id) == whose.person]
    matching = [row for row in theirs if status in (None, row.status) and _matches(search, row)]
    shown = Reading(_page(matching, page), newest.read_at, newest.trouble)
    counts = {} if newest.trouble else _counts(theirs)
    return Found(Inbox(shown, counts, rows[:PER_PAGE]), given, None if are_all else len(rows))


def _walk(wazime: WaziMeClient) -> Newest:
    found: dict[int, Conversation] = {}
    for number in range(1, MOST_PAGES + 1):
        page = wazime.conversations(page=number, per_page=ROWS)
        for row in page.rows:
            found.setdefault(row.id, row)  # one that was pushed down meanwhile is met again
        if number >= page.last or not page.rows:
            return Newest(tuple(found.values()), are_all=True)
    return Newest(tuple(found.values()), are_all=False)


def _page(rows: list[Conversation], number: int) -> Page[Conversation]:
    begin = (number - 1) * PER_PAGE
    last = max(-(-len(rows) // PER_PAGE), 1)
    return Page(tuple(rows[begin : begin + PER_PAGE]), number, last, len(rows))


def _counts(rows: list[Conversation]) -> Counts:
    by_status = Counter(row.status for row in rows)
    return {None: len(rows), **{status: by_status[status] for status in selectors.TABS if status}}


def _matches(search: str, row: Conversation) -> bool:
    """Whether the name has all the words, or the number the digits, as WaziMe's search finds it."""
    term = searching.plain(search_term(search))
    if row.contact is None:
        return not term
    words = searching.plain(row.contact.name)
    return term in row.contact.mobile or all(word in words for word in term.split())
