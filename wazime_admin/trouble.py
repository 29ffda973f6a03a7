"""What went wrong with WaziMe, in words: the cause, and what cures it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wazime_admin.team.models import User
from wazime_admin.wazime.errors import Cause, Stopped, WaziMeError

Words = str | Promise

_WORDS: dict[Cause, tuple[Words, Words]] = {
    Cause.CLIENT_ID: (
        _("WaziMe says that the client id is missing."),
        _("Set WAZIME_CLIENT_ID to the value under Developer Tools in the WaziMe panel."),
    ),
    Cause.CLIENT_SECRET: (
        _("WaziMe says that the client secret is missing."),
        _("Set WAZIME_CLIENT_SECRET to the value under Developer Tools in the WaziMe panel."),
    ),
    Cause.CREDENTIALS: (
        _("WaziMe does not accept the credentials."),
        _("Compare WAZIME_CLIENT_ID and WAZIME_CLIENT_SECRET with the WaziMe panel."),
    ),
    Cause.IP_ADDRESS: (
        _("WaziMe does not accept calls from this server's address."),
        _("Add the server's public IP address to the whitelist in the WaziMe panel."),
    ),
    Cause.SUBSCRIPTION: (
        _("The WaziMe subscription has ended."),
        _("Renew the subscription in the WaziMe panel."),
    ),
    Cause.PLAN: (
        _("The WaziMe plan does not include the API."),
        _("Choose a plan with API access in the WaziMe panel."),
    ),
    Cause.ACCOUNT: (
        _("WaziMe does not let this account use the API."),
        _("Log in to the WaziMe panel and look at the account's state."),
    ),
    Cause.MAINTENANCE: (
        _("WaziMe is under maintenance."),
        _("Wait: it goes on by itself when WaziMe is back."),
    ),
    Cause.WRONG_PATH: (
        _("There is no WaziMe API at this address."),
        _("Check WAZIME_BASE_URL: it ends in “external-api”, not in “extern-api”."),
    ),
    Cause.RATE_LIMIT: (
        _("WaziMe asks for fewer calls."),
        _("Wait a moment: it goes on by itself."),
    ),
    Cause.NAME_RESOLUTION: (
        _("WaziMe's server name cannot be found."),
        _("Check the network's DNS and WAZIME_BASE_URL."),
    ),
    Cause.REFUSED: (
        _("WaziMe's server does not take connections."),
        _("Check the network and WAZIME_BASE_URL; otherwise wait until WaziMe is back."),
    ),
    Cause.CONNECT_TIMEOUT: (
        _("WaziMe's server cannot be reached."),
        _("Check the network and the firewall; otherwise wait until WaziMe is back."),
    ),
    Cause.TLS: (
        _("The secure connection to WaziMe failed."),
        _("Check this server's clock and certificates, and that WAZIME_BASE_URL is right."),
    ),
    Cause.PROXY: (
        _("The proxy on the way to WaziMe does not let calls through."),
        _("Check WAZIME_PROXY and the proxy itself."),
    ),
    Cause.READ_TIMEOUT: (
        _("WaziMe took too long to answer."),
        _("Wait a moment and try again."),
    ),
    Cause.SLOW: (
        _("WaziMe is slow to answer."),
        _("Its answer is still awaited: look again in a few seconds."),
    ),
    Cause.CONNECTION_LOST: (
        _("The connection to WaziMe broke before an answer came."),
        _("Wait a moment and try again."),
    ),
    Cause.SERVER_FAULT: (
        _("WaziMe's server has a fault."),
        _("Wait a moment and try again; tell WaziMe's support if it lasts."),
    ),
    Cause.UNREADABLE: (
        _("WaziMe answered something that makes no sense."),
        _("Try again; tell WaziMe's support if it lasts."),
    ),
    Cause.EXCEPTION: (
        _("WaziMe reports an internal error."),
        _("Try again; tell WaziMe's support if it lasts."),
    ),
    Cause.PROCESS_DIED: (
        _("The program stopped while the message was being sent."),
        _("Look in the WaziMe panel whether it arrived."),
    ),
    Cause.RESTORED: (
        _("A backup of the database was restored: what waited in it may have gone out since."),
        _("Decide about the uncertain messages; then an admin lets sending go on."),
    ),
    Cause.VALIDATION: (_("WaziMe did not accept the values."), _("Correct them and try again.")),
    Cause.NOT_FOUND: (_("WaziMe does not know this."), _("It may have been deleted meanwhile.")),
    Cause.UNKNOWN_CONTACT: (
        _("WaziMe does not know this contact."),
        _("It may have been deleted meanwhile."),
    ),
    Cause.CONTACT: (
        _("WaziMe does not allow this for this contact."),
        _("See WaziMe's own words."),
    ),
    Cause.CONTACT_LIMIT: (
        _("The WaziMe plan's limit of contacts is reached."),
        _("Delete contacts, or choose a larger plan in the WaziMe panel."),
    ),
    Cause.IMAGE_UPLOAD: (
        _("WaziMe could not take the picture."),
        _("Try another picture (JPG or PNG)."),
    ),
    Cause.FILE_STORAGE: (
        _("The server cannot read the stored file at the moment."),
        _("It is tried again by itself. If this lasts, tell an admin to look at the storage."),
    ),
    Cause.FILE_GONE: (
        _("The file is no longer on this server."),
        _("Send it again as a new message."),
    ),
    Cause.TOO_LARGE: (_("WaziMe says that this is too large."), _("Send something smaller.")),
}

# What is cured in the WaziMe panel or on the server, where agents have no access.
_FOR_ADMINS = {
    Cause.CLIENT_ID,
    Cause.CLIENT_SECRET,
    Cause.CREDENTIALS,
    Cause.IP_ADDRESS,
    Cause.SUBSCRIPTION,
    Cause.PLAN,
    Cause.ACCOUNT,
    Cause.WRONG_PATH,
    Cause.NAME_RESOLUTION,
    Cause.REFUSED,
    Cause.CONNECT_TIMEOUT,
    Cause.TLS,
    Cause.PROXY,
    Cause.CONTACT_LIMIT,
}


@dataclass(frozen=True)
class Trouble:
    """code: what it is; cause, cure: translated sentences; said: WaziMe's own words."""

    code: Cause
    cause: Words
    cure: Words
    said: tuple[str, ...] = ()
    ip_address: str = ""
    detail: str = ""

    def cure_for(self, person: User) -> Words:
        """What this person can do about it."""
        if person.is_admin or self.code not in _FOR_ADMINS:
            return self.cure
        return _("Tell an admin, who sees here what to do.")


def explain(error: WaziMeError) -> Trouble:
    ip_address = error.ip_address if isinstance(error, Stopped) else ""
    return explain_cause(
        error.cause, said=error.messages, ip_address=ip_address, detail=error.detail
    )


def explain_cause(
    code: Cause, *, said: tuple[str, ...] = (), ip_address: str = "", detail: str = ""
) -> Trouble:
    """The words for a cause. ip_address: the one that WaziMe wants on its whitelist."""
    cause, cure = _WORDS[code]
    if ip_address:
        cure = _("Add %(ip_address)s to the IP whitelist in the WaziMe panel.") % {
            "ip_address": ip_address
        }
    return Trouble(code, cause, cure, said, ip_address, detail)
