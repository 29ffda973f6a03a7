"""What WaziMe recorded of conversations, asked through the shared reads. Only where it has a
history at all: see wazime/offers.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.history import dated
from wazime_admin.wazime import offers, reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.errors import Rejected, WaziMeError
from wazime_admin.wazime.reading import Question
from wazime_admin.wazime.types import Conversation, HistoryMessage, MessageKind, Page, Sender

PER_PAGE = 50
# The last texts of so many conversations are kept, the beginning of each, found among the newest
# rows of a conversation.
MOMENT = timedelta(seconds=2)
TEXTS_KEPT, TEXT_LENGTH, LOOKED_THROUGH = 200, 120, 5


def page(conversation_id: int, number: int) -> Page[HistoryMessage] | None:
    """A page of a conversation's history, newest first; None where there is none to be had."""
    if not offers.has_history(conversation_id):
        return None
    try:
        return reading.read(_page(conversation_id, number)).value
    except WaziMeError:
        return None


def _page(conversation_id: int, number: int) -> Question[Page[HistoryMessage]]:
    return Question(
        "history",
        "page",
        lambda wazime: wazime.messages(conversation_id, page=number, per_page=PER_PAGE),
        (conversation_id, number),
    )


# --- The last texts, for the list -------------------------------------------------------------


@dataclass(frozen=True)
class LastText:
    """What was said last in a conversation whose last_message_at was `said_at`. kind: of what has
    no text; None for a text."""

    said_at: datetime
    text: str = ""
    kind: MessageKind | None = None
    is_ours: bool = False


LastTexts = Mapping[int, LastText]  # by conversation


def last_texts(shown: Question[Page[Conversation]]) -> Question[LastTexts]:
    """The last texts as far as they are known. Each time it is asked it finds out one more of those
    that are shown, so that WaziMe is asked no oftener than a list is refreshed, whoever looks."""

    def call(wazime: WaziMeClient) -> LastTexts:
        before = reading.kept(question)
        known = dict(before.value) if before else {}
        rows = reading.kept(shown)
        for row in rows.value.rows if rows else ():
            if row.last_message_at and not is_up_to_date(known, row):
                known.pop(row.id, None)  # the newest stand last
                known[row.id], was_asked = _find(wazime, row, row.last_message_at)
                if was_asked:
                    break
        return dict(list(known.items())[-TEXTS_KEPT:])

    question: Question[LastTexts] = Question("history", "last-texts", call)
    return question


def is_up_to_date(known: LastTexts, row: Conversation) -> bool:
    return row.id in known and known[row.id].said_at == row.last_message_at


def _find(wazime: WaziMeClient, row: Conversation, said_at: datetime) -> tuple[LastText, bool]:
    """The last text, and whether WaziMe had to be asked: somebody may have it open."""
    opened = reading.kept(_page(row.id, 1))
    if opened and _reaches(opened.value.rows, said_at):
        return _last(opened.value.rows, said_at), False
    try:
        rows = wazime.messages(row.id, per_page=LOOKED_THROUGH).rows
    except Rejected:  # others have a text all the same
        rows = ()
    return _last(rows, said_at), True


def _reaches(rows: tuple[HistoryMessage, ...], said_at: datetime) -> bool:
    """Whether what was said then is among them; a list's times may be a moment later."""
    return any(row.created_at and row.created_at + MOMENT >= said_at for row in rows)


def _last(rows: tuple[HistoryMessage, ...], said_at: datetime) -> LastText:
    for row in reversed(dated(rows)):
        if row.sender:
            text = " ".join((row.text or row.filename).split())[:TEXT_LENGTH]
            kind = row.kind if row.kind is not MessageKind.TEXT else None
            return LastText(said_at, text, kind, row.sender is Sender.US)
    return LastText(said_at)
