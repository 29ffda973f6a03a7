"""What templates need to show messages in a list."""

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma

from contacts.numbers import formatted
from inbox.models import Kind, Message

register = template.Library()

ICONS = {
    Kind.TEXT: "chat-bubble-bottom-center-text",
    Kind.IMAGE: "photo",
    Kind.DOCUMENT: "document",
    Kind.VIDEO: "film",
    Kind.AUDIO: "speaker-wave",
    Kind.LOCATION: "map-pin",
    Kind.CTA_URL: "link",
    Kind.INTERACTIVE_LIST: "list-bullet",
    Kind.TEMPLATE: "document-text",
}


@register.filter
def icon(message: Message) -> str:
    """The heroicon of a message's kind."""
    return ICONS[Kind(message.kind)]


@register.filter
def recipient(message: Message) -> str:
    """The number as people read it."""
    return formatted(message.mobile_code, message.mobile) if message.mobile else message.number


@register.filter
def summary(message: Message) -> str:
    """What it says in one line: the file's name, what it is called, the text."""
    name = message.media.name if message.media else message.label
    if message.kind == Kind.LOCATION:
        place = [message.fields.get(part) for part in ("name", "address")]
        point = [message.fields.get(part, "") for part in ("latitude", "longitude")]
        name = ", ".join(filter(None, place)) or ", ".join(point)
    return " · ".join(filter(None, (name, " ".join(message.text.split()))))


@register.filter
def at_most(count: int, most: int) -> str:
    """ "99+" for more than that."""
    return f"{intcomma(most)}+" if count > most else str(intcomma(count))
