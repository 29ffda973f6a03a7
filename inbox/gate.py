"""The gate: closed by an answer after which every other send would fail the same way.

While it is closed nothing is claimed, and everybody sees why and what to do. A harmless read that
works opens it again.
"""

import logging
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Now

from inbox.models import Gate
from wazime_admin.trouble import Trouble, explain_cause
from wazime_admin.wazime import client
from wazime_admin.wazime.errors import Cause, Stopped, WaziMeError

logger = logging.getLogger(__name__)


def closed() -> Gate | None:
    """The gate with its reason while it is closed, otherwise None."""
    return Gate.objects.filter(closed_at__isnull=False).first()


def trouble(gate: Gate) -> Trouble:
    """Why it is closed and what cures it, in words."""
    said = (gate.said,) if gate.said else ()
    return explain_cause(Cause(gate.cause), said=said, ip_address=gate.ip_address)


def close(reason: Stopped, *, attempt_started_at: datetime) -> None:
    """Close it, unless the answer belongs to a send that began before the last opening."""
    Gate.objects.get_or_create(pk=1)
    old_news = Q(opened_at__gt=attempt_started_at)
    closed_now = (
        Gate.objects.filter(closed_at__isnull=True)
        .exclude(old_news)
        .update(
            closed_at=Now(),
            cause=reason.cause,
            said=" ".join(reason.messages),
            ip_address=reason.ip_address,
        )
    )
    if closed_now:
        logger.error("The gate is closed: %s", reason)


def probe() -> None:
    """Open a closed gate when a harmless read works again."""
    if not closed():
        return
    try:
        client().conversations(per_page=1)
    except WaziMeError as still:
        logger.info("The gate stays closed: %s", still)
        return
    if Gate.objects.filter(closed_at__isnull=False).update(closed_at=None, opened_at=Now()):
        logger.info("The gate is open again.")
