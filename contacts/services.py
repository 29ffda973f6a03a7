"""What can be done to contacts, and to the list of those who have opted out of broadcasts.

Contacts are WaziMe's: what is done to them calls it at once and raises WaziMeError.
"""

from collections.abc import Iterable

from contacts import selectors
from contacts.models import OptOut
from contacts.numbers import Number, folded, formatted
from wazime_admin.team.models import User
from wazime_admin.wazime import reading
from wazime_admin.wazime.client import client
from wazime_admin.wazime.errors import Cause, Rejected, Uncertain
from wazime_admin.wazime.transport import File
from wazime_admin.wazime.types import PLACE, Contact

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
# Written at once, so that a long list keeps no other writer waiting.
OPT_OUTS_PER_WRITE = 500


class PerhapsCreated(Exception):
    """WaziMe did not say whether it created the contact; its cause does. Looking will tell."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the contact since this person saw it; nothing was sent."""


def values_of(contact: Contact) -> Values:
    return {name: getattr(contact, name).replace("\r\n", "\n") for name in FIELDS}


def create_contact(*, values: Values, image: File | None = None) -> None:
    client().create_contact({name: value for name, value in values.items() if value}, image)
    _forget()


def new_contact(number: Number, firstname: str = "", lastname: str = "") -> Values:
    """What creates a contact. Who has no name is called by the number, and "WhatsApp"."""
    return {
        "firstname": firstname or formatted(number.mobile_code, number.mobile),
        "lastname": lastname or "WhatsApp",
        "mobile_code": number.mobile_code,
        "mobile": number.mobile,
    }


def obtain_contact(*, number: Number, firstname: str = "", lastname: str = "") -> Contact:
    """The contact with this number; created when there is none.

    Raises PerhapsCreated, WaziMeError.
    """
    if found := selectors.contact_with(number):
        return found
    try:
        create_contact(values=new_contact(number, firstname, lastname))
    except Rejected:
        # Somebody may have created it in the same moment.
        if found := selectors.contact_with(number):
            return found
        raise
    except Uncertain as error:
        raise PerhapsCreated from error
    if found := selectors.contact_with(number):
        return found
    raise Rejected(Cause.UNKNOWN_CONTACT)


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
    client().update_contact(contact.id, _complete(contact, values), image)
    _forget()
    return True


def _complete(contact: Contact, values: Values) -> Values:
    """All fields, as servers blank what is missing; but where a server does not tell the address,
    an empty field is one that nobody knows, and sending it would blank it for sure."""
    if contact.address_known:
        return values
    return {name: value for name, value in values.items() if value or name not in PLACE}


def delete_contact(*, contact_id: int) -> None:
    client().delete_contact(contact_id)
    _forget()


def _forget() -> None:
    """Conversations show their contacts, too."""
    reading.drop("contacts")
    reading.drop("conversations")


# --- Opt-outs ---------------------------------------------------------------------------------


def add_opt_outs(*, numbers: Iterable[Number], reason: str, person: User) -> int:
    """Leave these numbers out of broadcasts from now on; how many of them were not so before.

    Those that are on the list already keep their reason.
    """
    wanted = {folded(number.mobile_code, number.mobile): number for number in numbers}
    known = selectors.opted_out(wanted)
    missing = [number for number in wanted if number not in known]
    for start in range(0, len(missing), OPT_OUTS_PER_WRITE):
        rows = [
            OptOut(
                number=number,
                mobile_code=wanted[number].mobile_code,
                mobile=wanted[number].mobile,
                reason=reason,
                added_by=person,
            )
            for number in missing[start : start + OPT_OUTS_PER_WRITE]
        ]
        OptOut.objects.bulk_create(rows, ignore_conflicts=True)
    return len(missing)


def remove_opt_out(*, opt_out_id: int) -> bool:
    """Let broadcasts reach this number again; False when it was not on the list any more."""
    removed, _by_model = OptOut.objects.filter(pk=opt_out_id).delete()
    return bool(removed)
