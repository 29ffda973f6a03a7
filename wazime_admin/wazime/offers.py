"""What this WaziMe has that stands on no page of the vendor's.

`inbox/conversation-messages` is a 404 on most servers. Whether it answers is asked with a harmless
read, rarely: the answer is shared by the whole installation, and each process remembers it.
"""

import time
from contextlib import suppress

from django.conf import settings

from wazime_admin.wazime import reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.errors import Cause, WaziMeError
from wazime_admin.wazime.reading import Question

ASKED_EVERY = 600.0  # seconds, of all processes together
REMEMBERED = 300.0  # seconds, by one of them, which asks again then; without Redis WaziMe itself

# By account: the answer, and until when it is remembered.
_remembered: dict[tuple[str, str], tuple[bool | None, float]] = {}


def has_history(conversation_id: int) -> bool | None:
    """Whether WaziMe gives what was said; None while that is not known.

    conversation_id: of one that exists, to ask with.
    """
    account = _account()
    known, until = _remembered.get(account, (None, 0.0))
    if time.monotonic() < until:
        return known
    question = Question(
        "history", "offered", lambda wazime: _try(wazime, conversation_id), fresh=ASKED_EVERY
    )
    with suppress(WaziMeError):  # it cannot be reached: what was known may still be true
        known = reading.read(question).value
    _remembered[account] = known, time.monotonic() + REMEMBERED
    return known


def is_known_to_have_history() -> bool:
    """What this process found out last. Asks nobody."""
    return bool(_remembered.get(_account(), (None,))[0])


def _try(wazime: WaziMeClient, conversation_id: int) -> bool | None:
    try:
        wazime.messages(conversation_id, per_page=1)
    except WaziMeError as error:
        return False if error.cause in (Cause.WRONG_PATH, Cause.NOT_FOUND) else None
    return True


def _account() -> tuple[str, str]:
    return settings.WAZIME_BASE_URL, settings.WAZIME_CLIENT_ID
