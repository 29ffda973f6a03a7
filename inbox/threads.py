"""The thread of a conversation: what WaziMe recorded, where it tells, around our own ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inbox import recorded, selectors
from inbox.history import Line, Mark, edge, merge
from inbox.models import Message
from wazime_admin.wazime import offers
from wazime_admin.wazime.types import Contact, Conversation

# Of a page of the history so many are shown at first. What is below is shown with the next one: a
# message near the end of a page may be on the page after it, by WaziMe's clock.
SHOWN = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Thread:
    """lines: oldest first. has_history: what customers write is among them; is_cut_off: it would
    be, but WaziMe does not give it at the moment.

    since: what the thread begins with and goes on beginning with while new things come; None when
    that is everything. has_restarted: it is not what was asked for.
    older_page: of the history, where what was before that begins; None when there is nothing.
    newest_message: the id of the newest of the ledger, which need not stand last nor be shown: what
    was sent again stands where it was tried last, and customers may have written much since.
    """

    lines: list[Line]
    has_history: bool = False
    is_cut_off: bool = False
    since: Mark | None = None
    has_restarted: bool = False
    older_page: int | None = None
    newest_message: int = 0


def newest(conversation: Conversation, since: Mark | None = None) -> Thread:
    """since: what the thread on the page begins with. Where so much has come that it is on another
    page of the history by now, the thread begins later."""
    ledger = selectors.thread(conversation.id, conversation.contact)
    newest_message = ledger[-1].pk if ledger else 0
    page = recorded.page(conversation.id, 1)
    if page is None:
        lines = [Line(message.created_at, message) for message in ledger]
        is_cut_off = offers.is_known_to_have_history()
        return Thread(lines, is_cut_off=is_cut_off, newest_message=newest_message)
    lines = merge(ledger, page.rows)
    begin = None
    if page.last > 1:
        first, begin = edge(page.rows, recorded.PER_PAGE), edge(page.rows, SHOWN)
        begin = since if since and first and since >= first else begin
    return Thread(
        [line for line in lines if begin is None or line.mark >= begin],
        has_history=True,
        since=begin,
        has_restarted=begin != since or begin is None,
        older_page=2 if begin else None,
        newest_message=newest_message,
    )


def older(conversation: Conversation, number: int, before: Mark) -> Thread | None:
    """What was before a place, as far as a page of the history reaches; None when it cannot be had.

    The page before is looked at too: it has what is not shown yet, and what belongs to it.
    """
    pages = [recorded.page(conversation.id, each) for each in (number - 1, number)]
    if None in pages:
        return None
    newer, page = [each for each in pages if each]
    begin = edge(page.rows, SHOWN) if page.last > number else None
    ledger = selectors.thread(conversation.id, conversation.contact, before=before[0])
    lines = merge(ledger, [*newer.rows, *page.rows])
    return Thread(
        [line for line in lines if line.mark < before and (not begin or line.mark >= begin)],
        has_history=True,
        since=begin,
        older_page=number + 1 if begin else None,
    )


def arrived_at(message: Message) -> datetime | None:
    """When a message of which nobody knows arrived, as the newest of the history tells."""
    if message.conversation_id is None or not offers.is_known_to_have_history():
        return None
    page = recorded.page(message.conversation_id, 1)
    contact = Contact(0, mobile_code=message.mobile_code, mobile=message.mobile)
    ledger = selectors.thread(message.conversation_id, contact)
    lines = merge(ledger, page.rows if page else ())
    found = (line.row for line in lines if line.message == message and line.row)
    return next((row.created_at for row in found), None)


def to_text(mark: Mark) -> str:
    """A place as an address carries it."""
    return f"{(mark[0] - EPOCH) // timedelta(microseconds=1)}-{mark[1]}"


def to_mark(text: str) -> Mark | None:
    """None for what is no place."""
    moment, _, row_id = text.partition("-")
    try:
        return EPOCH + timedelta(microseconds=int(moment)), int(row_id)
    except (ValueError, OverflowError):
        return None
