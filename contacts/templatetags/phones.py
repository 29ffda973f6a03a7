from django import template

from contacts.numbers import formatted
from wazime_admin.wazime.types import Contact

register = template.Library()


@register.filter
def phone(contact: Contact) -> str:
    """The contact's number as people read it; empty when there is none."""
    return formatted(contact.mobile_code, contact.mobile) if contact.mobile else ""
