from django import template

from contacts import numbers
from contacts.models import OptOut
from contacts.numbers import Number
from wazime_admin.wazime.types import Contact

register = template.Library()


@register.filter
def phone(contact: Contact | Number | OptOut) -> str:
    """The number as people read it; empty when there is none."""
    return numbers.formatted(contact.mobile_code, contact.mobile) if contact.mobile else ""


@register.filter
def folded(contact: Contact) -> str:
    """The number to compare by."""
    return numbers.folded(contact.mobile_code, contact.mobile)
