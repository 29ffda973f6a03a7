"""What a message says: one kind, and what the API takes for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inbox.models import MEDIA_KINDS, Kind, Media, Message

# Each kind's fields besides the text, by the API's names (wazime's `inbox/send-message`).
FIELDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.LOCATION: ("latitude", "longitude", "name", "address"),
    Kind.CTA_URL: ("cta_url_id",),
    Kind.INTERACTIVE_LIST: ("interactive_list_id",),
    Kind.TEMPLATE: ("template_id",),
}
# The API ignores `message` with these.
WITHOUT_TEXT = (Kind.AUDIO, Kind.TEMPLATE)


# A list is a field that is repeated, once for each value in order.
Fields = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Content:
    """text: the message, or its medium's caption; fields: by the API's names; label: for people."""

    kind: Kind = Kind.TEXT
    text: str = ""
    fields: Fields = field(default_factory=dict)
    label: str = ""
    media: Media | None = None


def api_form(message: Message) -> list[tuple[str, str]]:
    """The form fields of the call that sends this message; a medium's file goes beside them."""
    form = [("mobile_code", message.mobile_code), ("mobile", message.mobile)]
    if message.from_number:
        form.append(("from_number", message.from_number))
    if message.text and message.kind not in WITHOUT_TEXT:
        form.append(("message", message.text))
    for name, value in message.fields.items():
        # What is empty is left out, but not from a list: its values are told apart by their place.
        values = value if isinstance(value, list) else filter(None, [value])
        form += [(name, each) for each in values]
    return form


def file_field(message: Message) -> str | None:
    """The form field of the message's file: the API names it as the kind; None without one."""
    return message.kind if message.kind in MEDIA_KINDS else None
