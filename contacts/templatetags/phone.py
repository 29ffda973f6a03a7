from django import template

from contacts.numbers import formatted
from wazime_admin.wazime.types import Contact

register = template.Library()


@register.filter
def phone(contact: Contact) -> str:
    """The contact's number as people read it: `+55 11 91234-5678`."""
    return formatted(contact.mobile_code, contact.mobile)
