"""What templates need to show messages that WaziMe recorded."""

from urllib.parse import urlsplit

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.models import Kind
from wazime_admin.wazime.types import HistoryMessage, MessageKind

register = template.Library()

NAMES: dict[MessageKind | None, tuple[str | Promise, str]] = {
    MessageKind.TEXT: (Kind.TEXT.label, "chat-bubble-bottom-center-text"),
    MessageKind.IMAGE: (Kind.IMAGE.label, "photo"),
    MessageKind.VIDEO: (Kind.VIDEO.label, "film"),
    MessageKind.DOCUMENT: (Kind.DOCUMENT.label, "document-text"),
    MessageKind.AUDIO: (Kind.AUDIO.label, "speaker-wave"),
    MessageKind.URL: (Kind.CTA_URL.label, "link"),
    MessageKind.BUTTON: (_("Button"), "cursor-arrow-rays"),
    MessageKind.LOCATION: (Kind.LOCATION.label, "map-pin"),
    MessageKind.LIST: (Kind.INTERACTIVE_LIST.label, "list-bullet"),
    None: (_("A message of a kind that is not known here"), "question-mark-circle"),
}


@register.filter
def kind_name(kind: MessageKind | None) -> str:
    return str(NAMES[kind][0])


@register.filter
def kind_icon(kind: MessageKind | None) -> str:
    return NAMES[kind][1]


@register.filter
def medium_name(row: HistoryMessage) -> str:
    """What its file is called, else what kind of thing it is."""
    return row.filename or kind_name(row.kind)


@register.filter
def host(url: str) -> str:
    """Where a link leads."""
    return urlsplit(url).hostname or ""
