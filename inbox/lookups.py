"""What the composer asks WaziMe for. Reads only; each raises WaziMeError."""

from contacts.numbers import folded, search_term
from wazime_admin.wazime import client, reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.reading import Reading
from wazime_admin.wazime.types import Contact, Conversation, Template, TemplateStatus

# How far to look: rows a page (documented servers give no more), pages.
PER_PAGE, PAGES = 100, 20


def approved_templates() -> Reading[tuple[Template, ...]]:
    """The templates that may be sent, by name."""
    return reading.read("templates", "approved", _approved)


def _approved(wazime: WaziMeClient) -> tuple[Template, ...]:
    page = wazime.templates(per_page=PER_PAGE)
    rows = list(page.rows)
    for number in range(2, min(page.last, PAGES) + 1):
        rows += wazime.templates(page=number, per_page=PER_PAGE).rows
    approved = {row.id: row for row in rows if row.status is TemplateStatus.APPROVED}
    return tuple(sorted(approved.values(), key=lambda row: row.name.casefold()))


def conversation_with(contact: Contact) -> Conversation | None:
    """The conversation with a contact, as far as a search or the newest ones show it."""
    number = folded(contact.mobile_code, contact.mobile)
    for row in client().conversations(search=search_term(contact.number), per_page=PER_PAGE).rows:
        if row.contact and folded(row.contact.mobile_code, row.contact.mobile) == number:
            return row
    return None
