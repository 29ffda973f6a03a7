"""What can be done to contacts. Everything here calls WaziMe at once and raises WaziMeError."""

from wazime_admin.wazime import reading
from wazime_admin.wazime.client import client
from wazime_admin.wazime.transport import File
from wazime_admin.wazime.types import Contact

# Everything that a contact's update must send: servers blank what is missing.
FIELDS = (
    "firstname",
    "lastname",
    "mobile_code",
    "mobile",
    "city",
    "state",
    "post_code",
    "address",
)
Values = dict[str, str]  # by the names in FIELDS


class ChangedMeanwhile(Exception):
    """Somebody else changed the contact since this person saw it; nothing was sent."""


def values_of(contact: Contact) -> Values:
    return {name: getattr(contact, name).replace("\r\n", "\n") for name in FIELDS}


def create_contact(*, values: Values, image: File | None = None) -> None:
    client().create_contact({name: value for name, value in values.items() if value}, image)
    _forget()


def update_contact(
    *, contact: Contact, seen: Values, values: Values, image: File | None = None
) -> bool:
    """Save `values` over `contact`, which was just read. seen: what the person had before them.

    False when there was nothing to change: nothing is sent then, as an update counts against the
    plan's contact limit. Raises ChangedMeanwhile when both changed something.
    """
    current = values_of(contact)
    if image is None and values in (seen, current):
        return False
    if current not in (seen, values):
        raise ChangedMeanwhile
    client().update_contact(contact.id, values, image)
    _forget()
    return True


def delete_contact(*, contact_id: int) -> None:
    client().delete_contact(contact_id)
    _forget()


def _forget() -> None:
    """Conversations show their contacts, too."""
    reading.drop("contacts")
    reading.drop("conversations")
