"""What the composer asks WaziMe for. Reads only; each raises WaziMeError."""

from dataclasses import replace

from contacts.numbers import folded, search_term
from inbox.templates import all_templates
from wazime_admin.wazime.reading import Reading, read_now
from wazime_admin.wazime.types import Contact, Conversation, Template, TemplateStatus

PER_PAGE = 100  # how far to look for a conversation


def approved_templates() -> Reading[tuple[Template, ...]]:
    """The templates that may be sent, by name."""
    reading = all_templates()
    approved = [row for row in reading.value if row.status is TemplateStatus.APPROVED]
    return replace(reading, value=tuple(sorted(approved, key=lambda row: row.name.casefold())))


def conversation_with(contact: Contact) -> Conversation | None:
    """The conversation with a contact, as far as a search or the newest ones show it."""
    number = folded(contact.mobile_code, contact.mobile)
    term = search_term(contact.number)
    found = read_now(lambda wazime: wazime.conversations(search=term, per_page=PER_PAGE))
    for row in found.rows:
        if row.contact and folded(row.contact.mobile_code, row.contact.mobile) == number:
            return row
    return None
