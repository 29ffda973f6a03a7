"""Build the audience of a draft: a row of the ledger for each recipient, held until it starts.

A builder holds the draft by `building_until`: its value is the builder's own, renewed with each
chunk in the chunk's transaction. Whoever finds another value there (the draft was changed,
cancelled or deleted, or somebody else builds it by now) has written nothing and stops. Nothing is
remembered per row but in the database, so that a million rows need no more memory than a thousand;
only the numbers of the blocked contacts are.
"""

import logging
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import IO, Any, TypeVar
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from contacts import numbers, selectors, walking
from contacts.models import OptOut
from contacts.numbers import Number
from inbox.broadcasts import spreadsheets
from inbox.broadcasts.models import Audience, Broadcast, BroadcastState, LeftOut, Reason, Source
from inbox.broadcasts.spreadsheets import Columns, Row
from inbox.broadcasts.variables import Variables, complete, values_of
from inbox.broadcasts.zones import zone_of
from inbox.models import Kind, Message, State, media_storage
from wazime_admin.trouble import explain_cause
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Contact, text

logger = logging.getLogger(__name__)
T = TypeVar("T")
# Longer than two reads that are tried again until they fail.
LEASE = timedelta(minutes=3)
# So long a task may wait in the broker before it counts as lost.
LOST = timedelta(seconds=30)
CHUNK = 1000  # rows
# Up to so many recipients are looked for one by one; for more, all contacts are walked.
FEW = 50
LONGEST_NAME, LONGEST_TEXT = 40, 200  # characters
MOST = 2**31 - 1  # that the counters hold


class Trouble(Exception):
    """The audience cannot be built; str: the sentence, a msgid."""


class Lost(Exception):
    """The draft is no longer this builder's."""


def build(*, broadcast_id: int) -> None:
    """Build the draft's audience from scratch, unless somebody is at it or it has ended.

    Ends with `built_at`, or with `build_trouble` (see `sentences`).
    """
    lease = _Lease(broadcast_id)
    broadcast = lease.take()
    if broadcast is None:
        return
    # Troubles are stored as msgids, to be read in the language of whoever looks.
    with suppress(Lost), translation.override(None):
        try:
            _Builder(broadcast, lease).build()
        except (Lost, DatabaseError, InterfaceError):
            raise  # another call builds it when the lease has run out
        except (Trouble, spreadsheets.Unreadable, walking.Incomplete) as trouble:
            lease.end(build_trouble=str(trouble))
        except WaziMeError as error:
            # Translated later, so without the address, which is among WaziMe's words.
            told = explain_cause(error.cause, said=error.messages)
            lease.end(build_trouble="\n".join([str(told.cause), str(told.cure), *told.said]))
        except Exception:
            # To be shown, not to be met again and again by every worker that takes it up.
            logger.exception("Broadcast %s cannot be built", broadcast_id)
            lease.end(build_trouble=_("The program has a fault: its log says more."))


def due_builds() -> list[int]:
    """Drafts that nobody builds: their task got lost, or their builder died."""
    waiting = Q(building_until=None, created_at__lt=Now() - LOST) | Q(building_until__lt=Now())
    drafts = Broadcast.objects.filter(
        waiting, state=BroadcastState.DRAFT, built_at=None, build_trouble=""
    )
    return list(drafts.order_by("id").values_list("id", flat=True))


def sentences(trouble: str) -> list[str]:
    """A build's trouble in the language of whoever looks; what WaziMe said as it said it."""
    return [gettext(line) for line in trouble.splitlines() if line]


class _Lease:
    """The right to build one draft. Raises Lost wherever it is found to be gone."""

    def __init__(self, broadcast_id: int) -> None:
        self._broadcast_id = broadcast_id

    @transaction.atomic
    def take(self) -> Broadcast | None:
        """The draft as it is now, None when there is nothing to build."""
        drafts = self._drafts().filter(
            Q(building_until=None) | Q(building_until__lt=Now()), built_at=None, build_trouble=""
        )
        if not self._write(drafts, rows_read=0, rows_total=None):
            return None
        broadcast = Broadcast.objects.select_related("audience").get(pk=self._broadcast_id)
        self._until = broadcast.building_until
        return broadcast

    @contextmanager
    def step(self, **changes: Any) -> Iterator[None]:
        """A transaction during which it is certainly ours; renews it. changes: of the draft."""
        with transaction.atomic():
            if not self._write(self._drafts().filter(building_until=self._until), **changes):
                raise Lost
            until = self._drafts().values_list("building_until", flat=True).get()
            yield
        self._until = until  # only now: what fails takes the renewal back

    def end(self, **changes: Any) -> None:
        """Give it back, with what came of it."""
        with self.step():
            self._drafts().update(building_until=None, **changes)

    def _drafts(self) -> QuerySet[Broadcast]:
        return Broadcast.objects.filter(pk=self._broadcast_id, state=BroadcastState.DRAFT)

    def _write(self, drafts: QuerySet[Broadcast], **changes: Any) -> int:
        # The odd microseconds tell two builders apart that come in the same moment.
        until = Now() + LEASE + timedelta(microseconds=secrets.randbelow(1_000_000))
        return drafts.update(building_until=until, **changes)


@dataclass(frozen=True)
class _Candidate:
    """A row of the audience before it is judged.

    number: a reason where there is none to send to; contact: None where it is not yet known.
    """

    line: int
    text: str
    number: Number | Reason
    cells: tuple[str, ...] = ()
    names: dict[str, str] | None = None
    contact: Contact | None = None


class _Builder:
    def __init__(self, broadcast: Broadcast, lease: _Lease) -> None:
        self._broadcast, self._lease = broadcast, lease
        self._audience = broadcast.audience
        self._now = timezone.now()
        self._variables = Variables.of(broadcast)
        self._recipients = Message.objects.filter(broadcast=broadcast)
        self._left_out = LeftOut.objects.filter(broadcast=broadcast)

    def build(self) -> None:
        self._clear(self._recipients)
        self._clear(self._left_out)
        if self._audience.source in (Source.ALL, Source.SEARCH):
            self._take_contacts()
            if self._audience.source == Source.SEARCH:
                self._find_contacts()  # somebody's other contact, a blocked one, has another name
        else:
            self._take_rows()
            self._find_contacts()
            self._leave_out_incomplete()
        self._lease.end(built_at=Now())

    # --- Where they come from -----------------------------------------------------------------

    def _take_contacts(self) -> None:
        search = self._audience.search if self._audience.source == Source.SEARCH else ""
        walk = 1
        blocked: set[str] = set()
        for stretch in walking.walk(search):
            if stretch.walk != walk:
                # Recipients are known by their number; who is left out is listed anew.
                walk = stretch.walk
                self._clear(self._left_out)
            candidates = [_of_contact(place, contact) for place, contact in stretch.contacts]
            total = None if stretch.total is None else min(stretch.total, MOST)
            self._write(candidates, rows_read=stretch.read, rows_total=total)
            blocked.update(_folded(row) for place, row in stretch.contacts if row.is_blocked)
        for some in _chunks(blocked, CHUNK):
            with self._lease.step():
                self._leave_out_blocked(some)

    def _take_rows(self) -> None:
        read = 0
        with _rows_of(self._audience) as (rows, columns, rounded):
            for chunk in _chunks(rows, CHUNK):
                read += len(chunk)
                candidates = [_of_row(row, columns, rounded) for row in chunk]
                self._write(candidates, rows_read=read)

    # --- Who gets it --------------------------------------------------------------------------

    def _write(self, candidates: Sequence[_Candidate], **progress: Any) -> None:
        """Each candidate becomes a recipient, or is left out for the first reason that holds."""
        folded = [_folded(candidate.number) for candidate in candidates]
        recipients, left_out = [], []
        with self._lease.step(**progress):
            opt_outs = OptOut.objects.filter(number__in=folded)
            opted_out = set(opt_outs.values_list("number", flat=True))
            known = self._recipients.filter(number__in=folded)
            there = {number: form for number, *form in known.values_list("number", *_FORM)}
            for candidate, number in zip(candidates, folded, strict=True):
                if candidate.contact and there.get(number) == _form(candidate.contact):
                    continue  # the same contact, met again
                judged = self._judge(candidate, number, number in opted_out, number in there)
                if isinstance(judged, Message):
                    recipients.append(judged)
                    there[number] = [judged.mobile_code, judged.mobile]
                else:
                    left_out.append(self._without(candidate.line, candidate.text, judged))
            # No conflict is possible here; but without this the ids would be read back.
            Message.objects.bulk_create(recipients, ignore_conflicts=True)
            LeftOut.objects.bulk_create(left_out)

    def _judge(
        self, candidate: _Candidate, number: str, is_opted_out: bool, is_there: bool
    ) -> Message | Reason:
        to = candidate.number
        if isinstance(to, Reason):
            return to
        if is_opted_out:
            return Reason.OPTED_OUT
        if is_there:
            return Reason.DUPLICATE
        values = values_of(candidate.contact) if candidate.contact else candidate.names
        variables = self._variables.fields(candidate.cells, values)
        may_come = candidate.contact is None and self._variables.need_contacts
        if not (complete(variables) or may_come):
            return Reason.NO_VARIABLE
        return Message(
            send_id=uuid4(),
            state=State.HELD,
            author_id=self._broadcast.author_id,
            broadcast_id=self._broadcast.pk,
            line=candidate.line,
            mobile_code=to.mobile_code,
            mobile=to.mobile,
            number=number,
            from_number=self._broadcast.from_number,
            kind=Kind.TEMPLATE,
            fields={"template_id": str(self._broadcast.template_id), **variables},
            label=text(self._broadcast.template.get("name"))[:255],
            name=_full_name(values or {}),
            time_zone=zone_of(to),
            new_contact=candidate.names,
            # The database's own would be put into SQL for each row: a tenth of all the time.
            created_at=self._now,
        )

    def _without(self, line: int, said: str, reason: Reason) -> LeftOut:
        return LeftOut(broadcast=self._broadcast, line=line, text=said, reason=reason)

    # --- Whose contacts they are --------------------------------------------------------------

    def _find_contacts(self) -> None:
        """Recipients from a file or a text get the form of the number that their contact has."""
        few = list(self._recipients[: FEW + 1])
        if len(few) > FEW:
            for stretch in walking.walk():
                self._match([contact for place, contact in stretch.contacts])
            return
        for recipient in few:
            number = Number(recipient.mobile_code, recipient.mobile)
            # Without any too: it renews the lease.
            self._match(walking.patiently(partial(selectors.contacts_with, number)))

    def _match(self, contacts: Iterable[Contact]) -> None:
        """Of two contacts with one number the first counts, but each of them can be blocked."""
        blocked: set[str] = set()
        usable: dict[str, Contact] = {}
        for contact in contacts:
            number = _folded(contact)
            if contact.is_blocked:
                blocked.add(number)
            elif numbers.fits(contact.mobile_code, contact.mobile):
                usable.setdefault(number, contact)
        with self._lease.step():
            self._leave_out_blocked(blocked)
            new = self._recipients.filter(number__in=usable, new_contact__isnull=False)
            rows = list(new.only("number", "fields", "name", *_FORM))
            changed = [row for row in rows if self._adopt(row, usable[row.number])]
            Message.objects.bulk_update(changed, ["fields", "name", *_FORM])
            Message.objects.filter(pk__in=[row.pk for row in rows]).update(new_contact=None)

    def _adopt(self, row: Message, contact: Contact) -> bool:
        """Take over what the contact has; whether that changed the row."""
        before = [row.mobile_code, row.mobile, row.fields, row.name]
        row.mobile_code, row.mobile = contact.mobile_code, contact.mobile
        row.fields = self._variables.with_contact(row.fields, values_of(contact))
        row.name = row.name or _full_name(values_of(contact))
        return before != [row.mobile_code, row.mobile, row.fields, row.name]

    def _leave_out_incomplete(self) -> None:
        """Who has no contact, or one that does not say what the template needs."""
        if not self._variables.need_contacts:
            return
        last = 0
        while rows := list(self._recipients.filter(pk__gt=last).order_by("pk")[:CHUNK]):
            last = rows[-1].pk
            with self._lease.step():
                missing = [row for row in rows if not complete(row.fields)]
                self._leave_out(missing, Reason.NO_VARIABLE)

    def _leave_out_blocked(self, blocked: Collection[str]) -> None:
        self._leave_out(list(self._recipients.filter(number__in=blocked)), Reason.BLOCKED)

    def _leave_out(self, rows: Sequence[Message], reason: Reason) -> None:
        LeftOut.objects.bulk_create(
            self._without(row.line or 0, f"+{row.mobile_code}{row.mobile}", reason) for row in rows
        )
        Message.objects.filter(pk__in=[row.pk for row in rows]).delete()

    def _clear(self, rows: QuerySet[Any]) -> None:
        model: type[Model] = rows.model
        while some := list(rows.values_list("pk", flat=True)[:CHUNK]):
            with self._lease.step():
                model._default_manager.filter(pk__in=some).delete()


# --- Rows ---------------------------------------------------------------------------------------

_FORM = ("mobile_code", "mobile")


def _form(contact: Contact) -> list[str]:
    return [contact.mobile_code, contact.mobile]


def _folded(number: Number | Contact | Reason) -> str:
    """Empty, as no number is, where there is none."""
    if isinstance(number, Reason):
        return ""
    return numbers.folded(number.mobile_code, number.mobile)


def _of_contact(place: int, contact: Contact) -> _Candidate:
    said = f"{contact.firstname} {contact.lastname} {contact.number}".strip()
    return _Candidate(place, said[:LONGEST_TEXT], _number_of(contact), contact=contact)


def _number_of(contact: Contact) -> Number | Reason:
    if contact.is_blocked:
        return Reason.BLOCKED
    if not contact.mobile:
        return Reason.EMPTY
    form = contact.mobile_code, contact.mobile
    if not (numbers.fits(*form) and numbers.is_plausible(*form)):
        return Reason.INVALID
    return Number(*form)


def _of_row(row: Row, columns: Columns, rounded: bool) -> _Candidate:
    return _Candidate(
        row.line,
        text(", ".join(filter(None, row.cells))[:LONGEST_TEXT]),
        row.trouble or spreadsheets.read_number(row, columns, rounded=rounded),
        row.cells,
        {
            "firstname": _name(row.cells, columns.firstname),
            "lastname": _name(row.cells, columns.lastname),
        },
    )


def _name(cells: Sequence[str], column: int | None) -> str:
    found = cells[column] if column is not None and column < len(cells) else ""
    return " ".join(text(found[: LONGEST_NAME * 2]).split())[:LONGEST_NAME].strip()


def _full_name(values: Mapping[str, str]) -> str:
    return f"{values.get('firstname', '')} {values.get('lastname', '')}".strip()[:255]


@contextmanager
def _rows_of(audience: Audience) -> Iterator[tuple[Iterator[Row], Columns, bool]]:
    """The rows of what was pasted or uploaded, its columns, and whether its numbers are rounded.

    Raises Trouble, Unreadable.
    """
    if audience.source == Source.PASTED:
        yield spreadsheets.pasted(audience.text), Columns(number=0), False
        return
    with _opened(audience) as file, spreadsheets.open_table(file, audience.file_name) as table:
        columns = Columns(**audience.columns)
        if not audience.columns:
            columns = spreadsheets.guess(table.header, table.sample)
        if columns.number is None:
            raise Trouble(_("No column looks like phone numbers: choose the columns."))
        rounded = spreadsheets.is_rounded(table.sample, columns.number)
        # Who stops in the middle has to let go of the file before it is closed.
        with closing(row for row in table.rows()) as rows:
            yield rows, columns, rounded


@contextmanager
def _opened(audience: Audience) -> Iterator[IO[bytes]]:
    try:
        opened = media_storage().open(str(audience.file), "rb")
    except FileNotFoundError:
        raise Trouble(_("The file is no longer on this server: choose it again.")) from None
    except Exception as failure:  # every storage has errors of its own
        logger.warning("An audience's file cannot be read: %s", failure)
        raise Trouble(_("The server cannot read the stored file: try again later.")) from failure
    with opened:
        yield opened.file  # type: ignore[misc]


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
