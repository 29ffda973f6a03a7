"""A recipient who is no contact yet becomes one before the template goes out.

WaziMe would take the template for an unknown number as well, and leave a conversation without a
contact behind.
"""

from dataclasses import replace

from contacts.numbers import Number, fits
from contacts.selectors import contact_with
from contacts.services import new_contact
from inbox.models import Message, Outcome
from inbox.sending import Result, failed
from wazime_admin.wazime import client
from wazime_admin.wazime.errors import Cause, Rejected, WaziMeError


def ensure_contact(message: Message) -> Result | None:
    """Create the contact; None when there is one now, otherwise how the attempt ends.

    The message gets the form that the contact's number has, where its row can hold that, and
    `new_contact` becomes None. Nothing has been sent to anybody: what is uncertain here may be
    tried again.
    """
    number = Number(message.mobile_code, message.mobile)
    try:
        try:
            client().create_contact(new_contact(number, **(message.new_contact or {})))
        except Rejected as refused:
            # Most often because somebody has this number already, perhaps in its other form.
            there = None if refused.cause == Cause.CONTACT_LIMIT else contact_with(number)
            if there is None:
                raise
            if fits(there.mobile_code, there.mobile):
                message.mobile_code, message.mobile = there.mobile_code, there.mobile
    except WaziMeError as error:
        result = failed(error)
        may_repeat = {Outcome.UNCERTAIN: Outcome.NOT_NOW}
        if error.cause == Cause.CONTACT_LIMIT:
            may_repeat[Outcome.REJECTED] = Outcome.NOT_NOW
        return replace(result, outcome=may_repeat.get(result.outcome, result.outcome))
    message.new_contact = None
    return None
